//! `healthcheck`: what a container's health check is told, of a program that lives and of what does
//! not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;

use crate::program::{Program, command};

fn asked(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    command(&[&["healthcheck"], arguments].concat())
        .envs(environment.iter().copied())
        .stdout(std::process::Stdio::piped())
        .output()
        .unwrap()
}

/// Asserts that it ends with status 1, and gives what it says.
fn is_ill(environment: &[(&str, &str)]) -> String {
    let output = asked(environment, &[]);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

fn is_well(environment: &[(&str, &str)], arguments: &[&str]) {
    let output = asked(environment, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn a_program_that_serves_is_well_wherever_it_is_said_to_listen() {
    let mut command = command(&["demo"]);
    command.env("PORT", "0");
    let program = Program::spawn(command);
    let port = program.address.port().to_string();
    // It needs no token, and takes the settings of the program as they are.
    for environment in [
        &[("PORT", port.as_str())][..],
        &[
            ("PORT", &port),
            ("HEROKU_TEAM_ID", "x"),
            ("WEB_CONFIG_FILE", "/nowhere"),
        ],
    ] {
        is_well(environment, &[]);
    }
    for host in ["", "localhost", "127.0.0.1", "0.0.0.0", "[::]", "[::1]"] {
        let address = format!("{host}:{port}");
        is_well(&[("WEB_LISTEN_ADDRESS", &address)], &[]);
        is_well(&[], &["--web.listen-address", &address]);
    }
}

#[test]
fn a_program_behind_a_closed_door_is_well() {
    let directory = tempfile::tempdir().unwrap();
    let key = rcgen::generate_simple_self_signed(["costs.example".to_owned()]).unwrap();
    std::fs::write(directory.path().join("crt"), key.cert.pem()).unwrap();
    std::fs::write(
        directory.path().join("key"),
        key.signing_key.serialize_pem(),
    )
    .unwrap();
    let hash = bcrypt::hash("right", 4).unwrap();
    for text in [
        "tls_server_config: { cert_file: crt, key_file: key }\n".to_owned(),
        format!("basic_auth_users: {{ alice: {hash} }}\n"),
        "rate_limit: { interval: 1h, burst: 0 }\n".to_owned(),
    ] {
        let path = directory.path().join("web.yml");
        std::fs::write(&path, &text).unwrap();
        let program = Program::with_web_config(path.to_str().unwrap());
        is_well(&[("PORT", &program.address.port().to_string())], &[]);
    }
}

#[test]
fn what_does_not_serve_is_ill() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let answers = [
        "HTTP/1.1 503 No\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP",
        "",
    ];
    let serving = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 512]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let address = format!("127.0.0.1:{port}");
    let environment = [("WEB_LISTEN_ADDRESS", address.as_str())];
    let said = is_ill(&environment);
    assert!(said.contains("status 503"), "{said}");
    let said = is_ill(&environment);
    assert!(said.contains("not HTTP"), "{said}");
    is_ill(&environment);
    is_ill(&environment);
    serving.join().unwrap();
    // Nobody listens there any more.
    let said = is_ill(&environment);
    assert!(said.contains(&address), "{said}");
    let said = is_ill(&[("PORT", "0")]);
    assert!(said.contains("port 0"), "{said}");
    assert_eq!(asked(&[("PORT", "x")], &[]).status.code(), Some(2));
}
