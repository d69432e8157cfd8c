//! A service started as systemd starts it, where there is no systemd: its `ExecStart=` with its
//! variables, its credential and its state directory, and a socket to be told things by.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use heroku_sim::{Company, Simulator};
use tempfile::TempDir;

use crate::program::{PATIENCE, Program};
use crate::unit::Unit;

/// A simulated Heroku whose day is the system's, by which the program goes.
pub(crate) async fn heroku() -> Simulator {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program under test goes by the system's clock"
    )]
    let now = jiff::Timestamp::now();
    let today = jiff::tz::Offset::UTC.to_datetime(now).date();
    let simulator = Simulator::builder(Company::synthetic(1, today), today);
    simulator.start().await.expect("loopback has a free port")
}

/// A service that runs, with the directories that it was given.
pub(crate) struct Service {
    pub(crate) program: Program,
    pub(crate) state: PathBuf,
    told: UnixDatagram,
    _directory: TempDir,
}

impl Service {
    /// Starts the service of `unit` against `heroku`. Its files are below `root`, where `program` is
    /// what its `ExecStart=` names; `more` is added to its variables. It runs as `user`, to whom its
    /// directories then belong, or as the suite does.
    pub(crate) fn start(
        unit: &Unit,
        root: &Path,
        program: &Path,
        user: Option<u32>,
        heroku: &Simulator,
        more: &[(&str, &str)],
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let path = directory.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let (credentials, states) = (place("credentials"), place("state"));
        let state = states.join(unit.one("Service", "StateDirectory"));
        fs::create_dir(&state).unwrap();
        for credential in unit.all("Service", "LoadCredential") {
            let (name, source) = credential.split_once(':').unwrap();
            assert!(source.starts_with("/etc/heroku-cost-exporter/"), "{source}");
            fs::write(credentials.join(name), heroku.token()).unwrap();
        }
        let notify = directory.path().join("notify");
        let told = UnixDatagram::bind(&notify).unwrap();
        told.set_read_timeout(Some(PATIENCE)).unwrap();

        let line = unit.one("Service", "ExecStart");
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("/usr/bin/heroku-cost-exporter"));
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .envs(unit.environment(&credentials, &states, root))
            .env("NOTIFY_SOCKET", &notify)
            .env("HEROKU_API_URL", heroku.url())
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(user) = user {
            command.uid(user).gid(user);
            give(directory.path(), user);
        }
        Self {
            program: Program::spawn(command),
            state,
            told,
            _directory: directory,
        }
    }

    /// The next thing that systemd is told.
    pub(crate) fn told(&self) -> String {
        let mut message = [0; 64];
        let length = self.told.recv(&mut message).expect("it is told something");
        String::from_utf8_lossy(&message[..length])
            .trim_end()
            .to_owned()
    }
}

/// Gives a directory and all that is in it to a user.
fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().flatten() {
            give(&entry.path(), user);
        }
    }
}
