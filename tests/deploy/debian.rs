//! The Debian package: built, installed below a temporary root directory, started from its unit and
//! purged.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::external_tools;
use crate::http_client::{get, status};
use crate::image::static_binary;
use crate::repository::{path, read};
use crate::simulator;
use crate::systemd_service::SystemdService;
use crate::unit_file::UnitFile;

/// The unprivileged user that runs the service.
const USER: u32 = 64_000;

/// A root directory that contains only dpkg's database.
struct Root(TempDir);

impl Root {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        // The service's user must be able to traverse it.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let dpkg = root.path().join("var/lib/dpkg");
        for directory in ["info", "updates"] {
            fs::create_dir_all(dpkg.join(directory)).unwrap();
        }
        for file in ["status", "available"] {
            fs::write(dpkg.join(file), "").unwrap();
        }
        Self(root)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs dpkg on this root. Maintainer scripts run outside of it, because it has no shell.
    fn dpkg(&self, arguments: &[&str]) {
        let mut root = std::ffi::OsString::from("--root=");
        root.push(self.0.path());
        let output = Command::new("dpkg")
            .arg(root)
            // The dependency, ca-certificates, is not installed.
            .args(["--force-script-chrootless", "--force-depends"])
            .args(["--force-confold", "--log=/dev/null"])
            .args(arguments)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
    }

    /// Returns all files except dpkg's database.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut directories = vec![self.0.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap().flatten() {
                let path = entry.path();
                let below = path.strip_prefix(self.0.path()).unwrap().to_str().unwrap();
                if below == "var/lib/dpkg" {
                    continue;
                }
                if entry.file_type().unwrap().is_dir() {
                    directories.push(path.clone());
                } else {
                    files.push(below.to_owned());
                }
            }
        }
        files.sort();
        files
    }
}

fn build_package(binary: &Path, directory: &Path) -> PathBuf {
    let output = Command::new(path("deploy/debian/build"))
        .arg(binary)
        .arg("amd64")
        .arg(directory)
        .env("COMPRESSION", "none")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let version = env!("CARGO_PKG_VERSION");
    directory.join(format!("heroku-cost-exporter_{version}-1_amd64.deb"))
}

#[tokio::test(flavor = "multi_thread")]
async fn package_installs_runs_and_purges_cleanly() {
    let Some(_) = external_tools::find_program("dpkg-deb", "dpkg") else {
        return;
    };
    let Some(binary) = static_binary() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    if fs::metadata(directory.path()).unwrap().uid() != 0 {
        external_tools::report_skipped("root, who owns a package's files", "run the tests as root");
        return;
    }
    let package = build_package(&binary, directory.path());
    let root = Root::new();
    root.dpkg(&["--install", package.to_str().unwrap()]);

    let installed = root.files();
    for file in [
        "etc/default/heroku-cost-exporter",
        "usr/bin/heroku-cost-exporter",
        "usr/lib/systemd/system/heroku-cost-exporter.service",
        "usr/lib/systemd/system/heroku-cost-exporter.socket",
        "usr/share/bash-completion/completions/heroku-cost-exporter",
        "usr/share/doc/heroku-cost-exporter/copyright",
        "usr/share/doc/heroku-cost-exporter/examples/config.example.yml",
        "usr/share/fish/vendor_completions.d/heroku-cost-exporter.fish",
        "usr/share/man/man1/heroku-cost-exporter.1.gz",
        "usr/share/zsh/vendor-completions/_heroku-cost-exporter",
    ] {
        assert!(
            installed.contains(&file.to_owned()),
            "{file} of {installed:?}"
        );
    }
    for file in &installed {
        let metadata = fs::symlink_metadata(root.path(file)).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (0, 0), "{file}");
        let is_link = metadata.is_symlink();
        assert!(is_link || metadata.mode() & 0o022 == 0, "{file}");
    }

    // Edited settings survive an upgrade.
    let settings = root.path("etc/default/heroku-cost-exporter");
    let edited =
        read("deploy/systemd/heroku-cost-exporter.default") + "WEB_TELEMETRY_PATH=/costs\n";
    fs::write(&settings, &edited).unwrap();
    root.dpkg(&["--install", package.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&settings).unwrap(), edited);

    // The service starts only if the token exists.
    fs::write(root.path("etc/heroku-cost-exporter/api-key"), "HRKU-secret").unwrap();
    let unit = root.path("usr/lib/systemd/system/heroku-cost-exporter.service");
    let unit = UnitFile::parse(&fs::read_to_string(unit).unwrap());
    let heroku = simulator::start().await;
    let root = tokio::task::spawn_blocking(move || {
        let variables = [("WEB_LISTEN_ADDRESS", "127.0.0.1:0")];
        let binary = root.path("usr/bin/heroku-cost-exporter");
        let user = Some(USER);
        let mut service =
            SystemdService::start(&unit, root.0.path(), &binary, user, &heroku, &variables);
        assert_eq!(service.notification(), "READY=1");
        assert_eq!(status(&get(service.exporter.address, "/health")), "200");
        let process = format!("/proc/{}", service.exporter.id());
        assert_eq!(fs::metadata(process).unwrap().uid(), USER);
        // `WEB_TELEMETRY_PATH` of the edited settings.
        assert_eq!(status(&get(service.exporter.address, "/costs")), "200");
        service.exporter.wait_for_log("poll succeeded", 1);
        service.exporter.stop("TERM");
        let state =
            fs::metadata(service.state.join("heroku-cost-exporter.db")).expect("a database");
        assert_eq!((state.uid(), state.mode() & 0o777), (USER, 0o600));
        root
    })
    .await
    .unwrap();

    root.dpkg(&["--remove", "heroku-cost-exporter"]);
    let remaining = root.files();
    assert!(
        remaining.contains(&"etc/heroku-cost-exporter/api-key".to_owned()),
        "{remaining:?}"
    );
    fs::create_dir_all(root.path("var/lib/private/heroku-cost-exporter")).unwrap();
    fs::write(
        root.path("var/lib/private/heroku-cost-exporter/heroku-cost-exporter.db"),
        "{}",
    )
    .unwrap();
    root.dpkg(&["--purge", "heroku-cost-exporter"]);
    assert_eq!(root.files(), [] as [&str; 0]);
}
