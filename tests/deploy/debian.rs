//! The Debian package: made, installed below a root directory of its own, started as its unit says,
//! and purged.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::external_tools;
use crate::files::{path, read};
use crate::image::static_program;
use crate::program::{STOP_BOUND, get, status};
use crate::service::{Service, heroku};
use crate::unit::Unit;

/// Whom the service runs as: some user who is not root.
const USER: u32 = 64_000;

/// A root directory, empty but for what dpkg needs to work in it.
struct Root(TempDir);

impl Root {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        // The service's user has to be able to walk it.
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

    /// Its maintainer scripts run outside of the root, which has no shell, and are told where it is.
    fn dpkg(&self, arguments: &[&str]) {
        let mut root = std::ffi::OsString::from("--root=");
        root.push(self.0.path());
        let output = Command::new("dpkg")
            .arg(root)
            // There is no ca-certificates in it either.
            .args(["--force-script-chrootless", "--force-depends"])
            .args(["--force-confold", "--log=/dev/null"])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }

    /// Every file, but for dpkg's own.
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

fn package(program: &Path, directory: &Path) -> PathBuf {
    let output = Command::new(path("deploy/debian/build"))
        .arg(program)
        .arg("amd64")
        .arg(directory)
        .env("COMPRESSION", "none")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let version = env!("CARGO_PKG_VERSION");
    directory.join(format!("heroku-cost-exporter_{version}-1_amd64.deb"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_package_installs_starts_and_leaves_nothing() {
    let Some(_) = external_tools::find_program("dpkg-deb", "dpkg") else {
        return;
    };
    let Some(program) = static_program() else {
        return;
    };
    let made = tempfile::tempdir().unwrap();
    if fs::metadata(made.path()).unwrap().uid() != 0 {
        external_tools::report_skipped(
            "root, whose files a package's are",
            "run the tests as root",
        );
        return;
    }
    let package = package(&program, made.path());
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

    // What the administrator wrote survives an upgrade.
    let settings = root.path("etc/default/heroku-cost-exporter");
    let edited =
        read("deploy/systemd/heroku-cost-exporter.default") + "WEB_TELEMETRY_PATH=/costs\n";
    fs::write(&settings, &edited).unwrap();
    root.dpkg(&["--install", package.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&settings).unwrap(), edited);

    // The token, which the service waits for, has a place.
    fs::write(root.path("etc/heroku-cost-exporter/api-key"), "HRKU-secret").unwrap();
    let unit = root.path("usr/lib/systemd/system/heroku-cost-exporter.service");
    let unit = Unit::parse(&fs::read_to_string(unit).unwrap());
    let heroku = heroku().await;
    let root = tokio::task::spawn_blocking(move || {
        let free = [("WEB_LISTEN_ADDRESS", "127.0.0.1:0")];
        let program = root.path("usr/bin/heroku-cost-exporter");
        let user = Some(USER);
        let mut service = Service::start(&unit, root.0.path(), &program, user, &heroku, &free);
        assert_eq!(service.told(), "READY=1");
        assert_eq!(status(&get(service.program.address, "/health")), "200");
        let process = format!("/proc/{}", service.program.id());
        assert_eq!(fs::metadata(process).unwrap().uid(), USER);
        // As the edited settings say.
        assert_eq!(status(&get(service.program.address, "/costs")), "200");
        service.program.logged("poll succeeded", 1);
        let (status, took) = service.program.stop("TERM");
        assert!(status.success() && took < STOP_BOUND, "{status} {took:?}");
        let state = fs::metadata(service.state.join("state.json")).expect("it was written");
        assert_eq!((state.uid(), state.mode() & 0o777), (USER, 0o600));
        root
    })
    .await
    .unwrap();

    root.dpkg(&["--remove", "heroku-cost-exporter"]);
    let left = root.files();
    assert!(
        left.contains(&"etc/heroku-cost-exporter/api-key".to_owned()),
        "{left:?}"
    );
    fs::create_dir_all(root.path("var/lib/private/heroku-cost-exporter")).unwrap();
    fs::write(
        root.path("var/lib/private/heroku-cost-exporter/state.json"),
        "{}",
    )
    .unwrap();
    root.dpkg(&["--purge", "heroku-cost-exporter"]);
    assert_eq!(root.files(), [] as [&str; 0]);
}
