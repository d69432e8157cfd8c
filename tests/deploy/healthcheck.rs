//! `healthcheck`: the health check of a container.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;

use crate::process::{ExporterProcess, command};

fn healthcheck(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    command(&[&["healthcheck"], arguments].concat())
        .envs(environment.iter().copied())
        .stdout(std::process::Stdio::piped())
        .output()
        .unwrap()
}

fn assert_healthy(environment: &[(&str, &str)], arguments: &[&str]) {
    let output = healthcheck(environment, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
}

/// Asserts that the status is 1, and returns the error message.
fn assert_unhealthy(environment: &[(&str, &str)]) -> String {
    let output = healthcheck(environment, &[]);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn succeeds_at_every_configured_address() {
    let mut command = command(&["demo"]);
    command.env("WEB_LISTEN_ADDRESS", ":0");
    let exporter = ExporterProcess::spawn(command);
    let port = exporter.address.port().to_string();
    // No token is needed, and other settings are ignored, even if they are invalid.
    for environment in [
        &[("PORT", port.as_str())][..],
        &[
            ("PORT", &port),
            ("HEROKU_TEAM_ID", "x"),
            ("WEB_CONFIG_FILE", "/nowhere"),
        ],
    ] {
        assert_healthy(environment, &[]);
    }
    for host in ["", "localhost", "127.0.0.1", "0.0.0.0", "[::]", "[::1]"] {
        let address = format!("{host}:{port}");
        assert_healthy(&[("WEB_LISTEN_ADDRESS", &address)], &[]);
        assert_healthy(&[], &["--web.listen-address", &address]);
    }
}

#[test]
fn succeeds_despite_tls_authentication_or_rate_limit() {
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
        let exporter = ExporterProcess::with_web_config(path.to_str().unwrap());
        assert_healthy(&[("PORT", &exporter.address.port().to_string())], &[]);
    }
}

#[test]
fn fails_without_a_healthy_http_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let responses = [
        "HTTP/1.1 503 No\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP",
        "",
    ];
    let server = std::thread::spawn(move || {
        for response in responses {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 512]).unwrap();
            stream.write_all(response.as_bytes()).unwrap();
        }
    });
    let address = format!("127.0.0.1:{port}");
    let environment = [("WEB_LISTEN_ADDRESS", address.as_str())];
    let error = assert_unhealthy(&environment);
    assert!(error.contains("status 503"), "{error}");
    let error = assert_unhealthy(&environment);
    assert!(error.contains("not HTTP"), "{error}");
    assert_unhealthy(&environment);
    assert_unhealthy(&environment);
    server.join().unwrap();
    // The listener is closed.
    let error = assert_unhealthy(&environment);
    assert!(error.contains(&address), "{error}");
    let error = assert_unhealthy(&[("PORT", "0")]);
    assert!(error.contains("port 0"), "{error}");
    assert_eq!(healthcheck(&[("PORT", "x")], &[]).status.code(), Some(2));
}
