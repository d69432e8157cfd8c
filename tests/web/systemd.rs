//! Socket activation and notifications of systemd.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};

use crate::http_client::{PATIENCE, get, status};
use crate::process::{ExporterProcess, command};

/// Returns a command that runs a demo with `sockets` as its descriptors from 3 on. A shell sets
/// `LISTEN_PID`, which must be the exporter's own process ID.
fn activated(sockets: Vec<OwnedFd>, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"LISTEN_PID=$$ exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_heroku-cost-exporter"))
        .args([&["demo"], arguments].concat())
        .env_clear()
        .env("LISTEN_FDS", sockets.len().to_string())
        .env("LISTEN_FDNAMES", "metrics")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let mappings = sockets
        .into_iter()
        .zip(3..)
        .map(|(parent_fd, child_fd)| FdMapping {
            parent_fd,
            child_fd,
        });
    shell.fd_mappings(mappings.collect()).unwrap();
    shell
}

fn demo() -> Command {
    command(&["demo", "--web.listen-address=127.0.0.1:0"])
}

fn notify_socket(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Receives the next notification.
fn receive(socket: &UnixDatagram) -> String {
    let mut message = [0; 64];
    let length = socket.recv(&mut message).unwrap();
    String::from_utf8_lossy(&message[..length])
        .trim_end()
        .to_owned()
}

#[test]
fn passed_sockets_take_precedence_over_addresses() {
    let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let addresses = sockets.each_ref().map(|s| s.local_addr().unwrap());
    // Binding this address again would fail.
    let in_use = format!("--web.listen-address={}", addresses[0]);
    let exporter = ExporterProcess::spawn(activated(sockets.map(OwnedFd::from).into(), &[&in_use]));
    for (position, address) in addresses.into_iter().enumerate() {
        exporter.wait_for_log(&format!("address={address}"), 1);
        exporter.wait_for_log("listening", position + 1);
        assert_eq!(status(&get(address, "/health")), "200");
    }
}

#[test]
fn rejects_sockets_that_are_not_tcp() {
    let directory = tempfile::tempdir().unwrap();
    let socket = UnixListener::bind(directory.path().join("socket")).unwrap();
    let output = activated(vec![socket.into()], &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("the service manager's sockets cannot be used: socket 0: "),
        "{stderr}"
    );
}

#[test]
fn reports_invalid_listen_fds() {
    let mut command = activated(vec![], &[]);
    command.env("LISTEN_FDS", "two");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("the service manager's sockets cannot be used: invalid LISTEN_FDS"),
        "{stderr}"
    );
}

#[test]
fn ignores_sockets_of_another_process() {
    let mut command = demo();
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    let exporter = ExporterProcess::spawn(command);
    assert_eq!(status(&get(exporter.address, "/health")), "200");
}

#[test]
fn notifies_readiness_watchdog_and_stopping() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = notify_socket(&path);
    let mut command = demo();
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000");
    let mut exporter = ExporterProcess::spawn(command);
    let next = || receive(&socket);
    assert_eq!(next(), "READY=1");
    assert_eq!(status(&get(exporter.address, "/health")), "200");
    assert_eq!([next(), next(), next()], ["WATCHDOG=1"; 3]);
    exporter.stop("TERM");
    let last = std::iter::repeat_with(next).find(|message| message != "WATCHDOG=1");
    assert_eq!(last.unwrap(), "STOPPING=1");
}

#[test]
fn ignores_disabled_watchdog_and_that_of_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = notify_socket(&path);
    for (variable, value) in [("WATCHDOG_PID", "1"), ("WATCHDOG_USEC", "0")] {
        let mut command = demo();
        command
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "10000")
            .env(variable, value);
        let mut exporter = ExporterProcess::spawn(command);
        assert_eq!(status(&get(exporter.address, "/health")), "200");
        exporter.stop("TERM");
        for expected in ["READY=1", "STOPPING=1"] {
            assert_eq!(receive(&socket), expected);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn notifies_abstract_socket() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("heroku-cost-exporter-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = demo();
    command.env("NOTIFY_SOCKET", format!("@{name}"));
    let _exporter = ExporterProcess::spawn(command);
    assert_eq!(receive(&socket), "READY=1");
}

#[test]
fn serves_after_failed_notification() {
    let mut command = demo();
    command.env("NOTIFY_SOCKET", "/nowhere/notify");
    let exporter = ExporterProcess::spawn(command);
    exporter.wait_for_log("service manager notification failed", 1);
    assert_eq!(status(&get(exporter.address, "/health")), "200");
}
