//! `deploy/systemd`: systemd's own judgement of the units, and the program started by them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::external_tools;
use crate::files::{copy, path, read};
use crate::program::{STOP_BOUND, get, status};
use crate::service::{Service, heroku};
use crate::unit::Unit;

const SERVICE: &str = "heroku-cost-exporter.service";
const SOCKET: &str = "heroku-cost-exporter.socket";

/// A root file system as far as systemd looks at it: the units, its own targets, and the program.
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
    let program = root.path().join("usr/bin/heroku-cost-exporter");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::hard_link(binary, &program).unwrap_or_else(|_| copy(binary, &program));
    root
}

#[test]
fn systemd_finds_no_fault_with_the_units() {
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// Newer versions look at more; the figure in the document is that of the version which it names.
#[test]
fn the_service_is_as_closed_as_the_document_says() {
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
    let said = String::from_utf8_lossy(&output.stdout);
    let exposure: f64 = said
        .lines()
        .find_map(|line| line.split_once("exporter.service: "))
        .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    let document = read("deploy/README.md");
    let (_, claim) = document
        .split_once("exposure level of **")
        .expect("the document has the figure");
    let (figure, rest) = claim.split_once("** by systemd ").unwrap();
    let figure: f64 = figure.parse().unwrap();
    let version = Command::new(&analyze).arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let named = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    if version.starts_with(&format!("systemd {named} ")) {
        assert_eq!(exposure, figure, "{said}");
    } else {
        assert!(exposure <= figure + 0.5, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_finds_its_token_and_its_state_and_tells_systemd() {
    let unit = Unit::parse(&read("deploy/systemd/heroku-cost-exporter.service"));
    // The settings that come with it, as the package installs them.
    let root = tempfile::tempdir().unwrap();
    copy(
        &path("deploy/systemd/heroku-cost-exporter.default"),
        &root.path().join("etc/default/heroku-cost-exporter"),
    );
    let heroku = heroku().await;
    let binary = Path::new(env!("CARGO_BIN_EXE_heroku-cost-exporter"));
    tokio::task::spawn_blocking(move || {
        let free = [("WEB_LISTEN_ADDRESS", "127.0.0.1:0")];
        let mut service = Service::start(&unit, root.path(), binary, None, &heroku, &free);
        assert_eq!(service.told(), "READY=1");
        assert_eq!(status(&get(service.program.address, "/health")), "200");
        service.program.logged("poll succeeded", 1);
        let (status, took) = service.program.stop("TERM");
        assert!(status.success() && took < STOP_BOUND, "{status} {took:?}");
        assert_eq!(service.told(), "STOPPING=1");
        let state = fs::read_to_string(service.state.join("state.json")).expect("it was written");
        assert!(!state.contains(heroku.token()));
    })
    .await
    .unwrap();
}

/// The two wait for the same file, or the socket would start for ever what does not start.
#[test]
fn the_socket_waits_for_what_the_service_waits_for() {
    let [service, socket] =
        [SERVICE, SOCKET].map(|unit| Unit::parse(&read(&format!("deploy/systemd/{unit}"))));
    let condition = |unit: &Unit| unit.one("Unit", "ConditionPathExists").to_owned();
    assert_eq!(condition(&socket), condition(&service));
    assert!(
        service
            .one("Service", "LoadCredential")
            .ends_with(&format!(":{}", condition(&service)))
    );
}
