//! Graceful shutdown: status 0 within two seconds, whatever is in progress.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::certificates::{Directory, TLS};
use crate::http_client::{connect, get, status};
use crate::middleware::authorization;
use crate::process::{ExporterProcess, command};

#[test]
fn stops_on_sigterm_and_sigint() {
    for signal in ["TERM", "INT"] {
        let mut exporter = ExporterProcess::demo(&[]);
        let mut keep_alive = connect(exporter.address);
        keep_alive
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        keep_alive.read_exact(&mut [0]).unwrap();
        exporter.stop(signal);
        exporter.wait_for_log("message=stopped", 1);
    }
}

#[test]
fn stops_during_request_head_and_tls_handshake() {
    let directory = Directory::new();
    let mut plain = ExporterProcess::demo(&[]);
    let mut head = connect(plain.address);
    head.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    let mut tls = ExporterProcess::with_web_config(&directory.web(TLS));
    let _silent = connect(tls.address);
    let mut handshake = connect(tls.address);
    handshake.write_all(&[22, 3, 1, 1, 0]).unwrap();
    // A response to a later connection proves that the earlier ones were accepted.
    assert_eq!(status(&get(plain.address, "/health")), "200");
    assert_eq!(status(&get(tls.address, "/health")), "400");
    plain.stop("TERM");
    tls.stop("TERM");
}

#[test]
fn stops_during_poll() {
    let heroku = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = command(&["--web.listen-address=127.0.0.1:0"]);
    command
        .env("HEROKU_API_KEY", "x")
        .env("HEROKU_TEAM_ID", "acme")
        .env(
            "HEROKU_API_URL",
            format!("http://{}", heroku.local_addr().unwrap()),
        );
    let mut exporter = ExporterProcess::spawn(command);
    let (mut poll, _) = heroku.accept().unwrap();
    poll.read_exact(&mut [0]).unwrap();
    assert_eq!(status(&get(exporter.address, "/-/ready")), "503");
    exporter.stop("TERM");
}

#[test]
fn stops_during_password_verification() {
    let directory = Directory::new();
    // At cost 14, verification takes longer than the shutdown.
    let hash = bcrypt::hash("right", 4)
        .unwrap()
        .replacen("$04$", "$14$", 1);
    let path = directory.web(&format!("basic_auth_users:\n  alice: {hash}\n"));
    let mut exporter = ExporterProcess::with_web_config(&path);
    let mut stream = connect(exporter.address);
    let authorization = authorization("alice:right");
    stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: x\r\n{authorization}\r\n\r\n").as_bytes())
        .unwrap();
    assert_eq!(status(&get(exporter.address, "/")), "401");
    exporter.stop("TERM");
}

/// The kernel delivers a signal to process 1 only if the process has a handler for it.
#[cfg(target_os = "linux")]
#[test]
fn stops_as_process_1() {
    const UNSHARE: [&str; 4] = ["--user", "--map-root-user", "--pid", "--fork"];
    let probe = Command::new("unshare")
        .args(UNSHARE)
        .arg("true")
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        // Unprivileged user namespaces are disabled on this machine.
        return;
    }
    let mut unshare = Command::new("unshare");
    unshare
        .args(UNSHARE)
        .args([env!("CARGO_BIN_EXE_heroku-cost-exporter"), "demo"])
        .arg("--web.listen-address=127.0.0.1:0")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut exporter = ExporterProcess::spawn(unshare);
    exporter.stop_by_id(exporter.child_id(), "TERM");
}
