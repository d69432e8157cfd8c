//! Sockets that a service manager hands in, and what it is told.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};

use crate::program::{PATIENCE, Program, command, get, status};

/// A demo with descriptors from 3 on, as a service manager starts it: it knows its own process id.
fn activated(descriptors: Vec<OwnedFd>, more: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"LISTEN_PID=$$ exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_heroku-cost-exporter"))
        .args([&["demo"], more].concat())
        .env_clear()
        .env("LISTEN_FDS", descriptors.len().to_string())
        .env("LISTEN_FDNAMES", "metrics")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let mappings = descriptors
        .into_iter()
        .zip(3..)
        .map(|(parent_fd, child_fd)| FdMapping {
            parent_fd,
            child_fd,
        });
    shell.fd_mappings(mappings.collect()).unwrap();
    shell
}

#[test]
fn sockets_that_are_handed_in_win_over_addresses() {
    let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let addresses = sockets.each_ref().map(|s| s.local_addr().unwrap());
    // An address that could not be bound is none that was tried.
    let taken = format!("--web.listen-address={}", addresses[0]);
    let program = Program::spawn(activated(sockets.map(OwnedFd::from).into(), &[&taken]));
    for (nth, address) in addresses.into_iter().enumerate() {
        program.logged(&format!("address={address}"), 1);
        program.logged("listening", nth + 1);
        assert_eq!(status(&get(address, "/health")), "200");
    }
}

#[test]
fn a_descriptor_that_is_no_tcp_socket_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let socket = UnixListener::bind(directory.path().join("socket")).unwrap();
    let output = activated(vec![socket.into()], &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("the service manager's sockets cannot be used: socket 0: "),
        "{told}"
    );
}

#[test]
fn reports_an_invalid_number_of_sockets() {
    let mut command = activated(vec![], &[]);
    command.env("LISTEN_FDS", "two");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("the service manager's sockets cannot be used: invalid LISTEN_FDS"),
        "{message}"
    );
}

#[test]
fn what_is_handed_to_another_process_is_let_be() {
    let mut command = command(&["demo", "--web.listen-address=127.0.0.1:0"]);
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    let program = Program::spawn(command);
    assert_eq!(status(&get(program.address, "/health")), "200");
}

#[test]
fn the_service_manager_is_told_when_it_serves_lives_and_stops() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = command(&["demo", "--web.listen-address=127.0.0.1:0"]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000");
    let mut program = Program::spawn(command);
    let next = || {
        let mut message = [0; 64];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length])
            .trim_end()
            .to_owned()
    };
    assert_eq!(next(), "READY=1");
    assert_eq!(status(&get(program.address, "/health")), "200");
    assert_eq!([next(), next(), next()], ["WATCHDOG=1"; 3]);
    let (status, _) = program.stop("TERM");
    assert!(status.success());
    let last = std::iter::repeat_with(next).find(|message| message != "WATCHDOG=1");
    assert_eq!(last.unwrap(), "STOPPING=1");
}

#[test]
fn ignores_the_watchdog_of_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    for (variable, value) in [("WATCHDOG_PID", "1"), ("WATCHDOG_USEC", "0")] {
        let mut command = command(&["demo", "--web.listen-address=127.0.0.1:0"]);
        command
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "10000")
            .env(variable, value);
        let mut program = Program::spawn(command);
        assert_eq!(status(&get(program.address, "/health")), "200");
        assert!(program.stop("TERM").0.success());
        for expected in ["READY=1", "STOPPING=1"] {
            let mut message = [0; 64];
            let length = socket.recv(&mut message).unwrap();
            assert_eq!(message[..length].trim_ascii_end(), expected.as_bytes());
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_notification_goes_to_an_abstract_name_too() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("heroku-cost-exporter-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = command(&["demo", "--web.listen-address=127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", format!("@{name}"));
    let _program = Program::spawn(command);
    let mut message = [0; 64];
    let length = socket.recv(&mut message).unwrap();
    assert_eq!(&message[..length], b"READY=1");
}

#[test]
fn a_service_manager_that_cannot_be_told_stops_nothing() {
    let mut command = command(&["demo", "--web.listen-address=127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", "/nowhere/notify");
    let program = Program::spawn(command);
    program.logged("service manager notification failed", 1);
    assert_eq!(status(&get(program.address, "/health")), "200");
}
