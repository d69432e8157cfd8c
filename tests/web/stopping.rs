//! The end: within two seconds, with status 0, whatever is open.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::access::says;
use crate::certificates::{Directory, TLS};
use crate::program::{Program, STOP_BOUND, command, connect, get, send, status};

fn stops(program: &mut Program, signal: &str) {
    let (status, took) = program.stop(signal);
    assert!(status.success(), "{status}");
    assert!(took < STOP_BOUND, "{took:?}");
}

#[test]
fn it_stops_at_either_signal() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::start(&[]);
        // A connection that is kept.
        let mut kept = connect(program.address);
        kept.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        kept.read_exact(&mut [0]).unwrap();
        stops(&mut program, signal);
        program.logged("message=stopped", 1);
    }
}

#[test]
fn it_stops_in_the_middle_of_a_head_and_of_a_handshake() {
    let directory = Directory::new();
    let mut plain = Program::start(&[]);
    let mut loris = connect(plain.address);
    loris.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    let mut secure = Program::with_web_config(&directory.web(TLS));
    let _silent = connect(secure.address);
    let mut halfway = connect(secure.address);
    halfway.write_all(&[22, 3, 1, 1, 0]).unwrap();
    // What was sent is there once another has been answered.
    assert_eq!(status(&get(plain.address, "/health")), "200");
    assert_eq!(status(&get(secure.address, "/health")), "400");
    stops(&mut plain, "TERM");
    stops(&mut secure, "TERM");
}

#[test]
fn it_stops_in_the_middle_of_a_poll() {
    let heroku = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = command(&["--web.listen-address=127.0.0.1:0"]);
    command
        .env("HEROKU_API_KEY", "x")
        .env("HEROKU_TEAM_ID", "acme")
        .env(
            "HEROKU_API_URL",
            format!("http://{}", heroku.local_addr().unwrap()),
        );
    let mut program = Program::spawn(command);
    let mut asked: TcpStream = heroku.accept().unwrap().0;
    asked.read_exact(&mut [0]).unwrap();
    assert_eq!(status(&get(program.address, "/-/ready")), "503");
    stops(&mut program, "TERM");
}

#[test]
fn it_stops_in_the_middle_of_comparing_a_password() {
    let directory = Directory::new();
    // Takes minutes to compare.
    let hash = bcrypt::hash("right", 4)
        .unwrap()
        .replacen("$04$", "$20$", 1);
    let path = directory.web(&format!("basic_auth_users:\n  alice: {hash}\n"));
    let mut program = Program::with_web_config(&path);
    let mut stream = connect(program.address);
    let claim = says("alice:right");
    stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: x\r\n{claim}\r\n\r\n").as_bytes())
        .unwrap();
    assert_eq!(status(&get(program.address, "/")), "401");
    stops(&mut program, "TERM");
}

/// The first process of a name space gets no signal that it does not ask for.
#[cfg(target_os = "linux")]
#[test]
fn it_stops_as_the_first_process() {
    const UNSHARE: [&str; 4] = ["--user", "--map-root-user", "--pid", "--fork"];
    let probe = Command::new("unshare")
        .args(UNSHARE)
        .arg("true")
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        // This machine does not let its users make name spaces.
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
    let mut program = Program::spawn(unshare);
    let id = program.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let begun = Instant::now();
    send("TERM", children.trim().parse().unwrap());
    let (status, took) = program.ended(begun);
    assert!(status.success() && took < STOP_BOUND, "{status} {took:?}");
}
