//! Runs a service unit as systemd would: its `ExecStart=` with its environment variables,
//! credentials and state directory, and a notification socket.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use heroku_sim::Simulator;
use tempfile::TempDir;

use crate::http_client::PATIENCE;
use crate::process::ExporterProcess;
use crate::unit_file::UnitFile;

/// A running service and its directories.
pub(crate) struct SystemdService {
    pub(crate) exporter: ExporterProcess,
    pub(crate) state: PathBuf,
    notifications: UnixDatagram,
    _directory: TempDir,
}

impl SystemdService {
    /// Starts the service of `unit`, which polls `heroku`.
    ///
    /// `binary` replaces the path in `ExecStart=`, and `EnvironmentFile=` is below `root`. With a
    /// `user` the service runs as that user, who then owns its directories. `variables` are set in
    /// addition.
    pub(crate) fn start(
        unit: &UnitFile,
        root: &Path,
        binary: &Path,
        user: Option<u32>,
        heroku: &Simulator,
        variables: &[(&str, &str)],
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let subdirectory = |name: &str| {
            let path = directory.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let (credentials, states) = (subdirectory("credentials"), subdirectory("state"));
        let state = states.join(unit.one("Service", "StateDirectory"));
        fs::create_dir(&state).unwrap();
        for credential in unit.all("Service", "LoadCredential") {
            let (name, source) = credential.split_once(':').unwrap();
            assert!(source.starts_with("/etc/heroku-cost-exporter/"), "{source}");
            fs::write(credentials.join(name), heroku.token()).unwrap();
        }
        let notify = directory.path().join("notify");
        let notifications = UnixDatagram::bind(&notify).unwrap();
        notifications.set_read_timeout(Some(PATIENCE)).unwrap();

        let line = unit.one("Service", "ExecStart");
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("/usr/bin/heroku-cost-exporter"));
        let mut command = Command::new(binary);
        command
            .args(words)
            .env_clear()
            .envs(unit.environment(&credentials, &states, root))
            .env("NOTIFY_SOCKET", &notify)
            .env("HEROKU_API_URL", heroku.url())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(user) = user {
            command.uid(user).gid(user);
            chown_recursively(directory.path(), user);
        }
        Self {
            exporter: ExporterProcess::spawn(command),
            state,
            notifications,
            _directory: directory,
        }
    }

    /// Receives the next notification.
    pub(crate) fn notification(&self) -> String {
        let mut message = [0; 64];
        let received = self.notifications.recv(&mut message);
        let length = received.expect("a notification");
        String::from_utf8_lossy(&message[..length])
            .trim_end()
            .to_owned()
    }
}

fn chown_recursively(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().flatten() {
            chown_recursively(&entry.path(), user);
        }
    }
}
