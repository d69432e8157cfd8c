//! `deploy/systemd`: systemd's own checks of the units, and the exporter started from them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::external_tools;
use crate::http_client::{get, status};
use crate::repository::{copy, path, read};
use crate::simulator;
use crate::systemd_service::SystemdService;
use crate::unit_file::UnitFile;

const SERVICE: &str = "heroku-cost-exporter.service";
const SOCKET: &str = "heroku-cost-exporter.socket";

/// Returns a root directory with the units, the targets that they use, and the binary.
fn installed() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let units = root.path().join("usr/lib/systemd/system");
    for unit in [SERVICE, SOCKET] {
        copy(&path("deploy/systemd").join(unit), &units.join(unit));
    }
    for entry in fs::read_dir("/usr/lib/systemd/system").unwrap().flatten() {
        let name = entry.file_name();
        if Path::new(&name).extension().is_some_and(|e| e == "target") {
            copy(&entry.path(), &units.join(name));
        }
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_heroku-cost-exporter"));
    let installed = root.path().join("usr/bin/heroku-cost-exporter");
    fs::create_dir_all(installed.parent().unwrap()).unwrap();
    fs::hard_link(binary, &installed).unwrap_or_else(|_| copy(binary, &installed));
    root
}

#[test]
fn systemd_verifies_units() {
    let Some(analyze) = external_tools::find_program("systemd-analyze", "systemd") else {
        return;
    };
    let root = installed();
    let output = Command::new(analyze)
        .args(["verify", "--man=no", "--root"])
        .arg(root.path())
        .args([SERVICE, SOCKET])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
}

/// Newer versions of systemd check more, so the documented value is exact only for the version that
/// the document names.
#[test]
fn exposure_level_is_as_documented() {
    let Some(analyze) = external_tools::find_program("systemd-analyze", "systemd") else {
        return;
    };
    let root = installed();
    let output = Command::new(&analyze)
        .args(["security", "--no-pager", "--offline=true", "--root"])
        .arg(root.path())
        .arg(SERVICE)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let exposure: f64 = stdout
        .lines()
        .find_map(|line| line.split_once("exporter.service: "))
        .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("{stdout}"));
    let document = read("deploy/README.md");
    let (_, claim) = document
        .split_once("exposure level of **")
        .expect("deploy/README.md has the exposure level");
    let (documented, rest) = claim.split_once("** by systemd ").unwrap();
    let documented: f64 = documented.parse().unwrap();
    let version = Command::new(&analyze).arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let named = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    if version.starts_with(&format!("systemd {named} ")) {
        assert_eq!(exposure, documented, "{stdout}");
    } else {
        assert!(exposure <= documented + 0.5, "{stdout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn service_starts_with_credential_and_state_directory() {
    let unit = UnitFile::parse(&read("deploy/systemd/heroku-cost-exporter.service"));
    let root = tempfile::tempdir().unwrap();
    copy(
        &path("deploy/systemd/heroku-cost-exporter.default"),
        &root.path().join("etc/default/heroku-cost-exporter"),
    );
    let heroku = simulator::start().await;
    let binary = Path::new(env!("CARGO_BIN_EXE_heroku-cost-exporter"));
    tokio::task::spawn_blocking(move || {
        let variables = [("WEB_LISTEN_ADDRESS", "127.0.0.1:0")];
        let mut service =
            SystemdService::start(&unit, root.path(), binary, None, &heroku, &variables);
        assert_eq!(service.notification(), "READY=1");
        assert_eq!(status(&get(service.exporter.address, "/health")), "200");
        service.exporter.wait_for_log("poll succeeded", 1);
        service.exporter.stop("TERM");
        assert_eq!(service.notification(), "STOPPING=1");
        let database = service.state.join("heroku-cost-exporter.db");
        let database = fs::read(database).expect("a database");
        assert!(!String::from_utf8_lossy(&database).contains(heroku.token()));
    })
    .await
    .unwrap();
}

/// With different conditions, the socket could keep activating a service that does not start.
#[test]
fn socket_and_service_have_the_same_condition() {
    let [service, socket] =
        [SERVICE, SOCKET].map(|unit| UnitFile::parse(&read(&format!("deploy/systemd/{unit}"))));
    let condition = |unit: &UnitFile| unit.one("Unit", "ConditionPathExists").to_owned();
    assert_eq!(condition(&socket), condition(&service));
    assert!(
        service
            .one("Service", "LoadCredential")
            .ends_with(&format!(":{}", condition(&service)))
    );
}
