//! Authentication, response headers and rate limit.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::certificates::{Authority, Directory, TLS};
use crate::http_client::{get, header, send_request, status};
use crate::process::ExporterProcess;
use crate::tls_client::Client;

/// Every route, and a path without one.
const PATHS: [&str; 7] = [
    "/",
    "/api/v1/costs",
    "/health",
    "/-/healthy",
    "/-/ready",
    "/metrics",
    "/nothing",
];

/// Returns a web configuration with the user `alice`.
pub(crate) fn users(password: &str) -> String {
    let hash = bcrypt::hash(password, 4).unwrap();
    format!("basic_auth_users:\n  alice: {hash}\n")
}

/// Returns the header line with credentials of the form `user:password`.
pub(crate) fn authorization(credentials: &str) -> String {
    format!(
        "Authorization: Basic {}",
        BASE64_STANDARD.encode(credentials)
    )
}

#[test]
fn every_path_requires_authentication() {
    let directory = Directory::new();
    let exporter = ExporterProcess::with_web_config(&directory.web(&users("right")));
    for path in PATHS {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "NONSENSE"] {
            let line = format!("{method} {path} HTTP/1.1");
            let invalid = [
                "",
                "alice:wrong",
                "bob:right",
                "alice",
                "alice:",
                ":right",
                "alice:right ",
            ];
            // Verifying a hash is slow, so the other methods try fewer credentials.
            let invalid = if method == "GET" {
                &invalid[..]
            } else {
                &invalid[..2]
            };
            for credentials in invalid {
                let lines = [&line, "Host: x", &authorization(credentials)];
                let response = send_request(exporter.address, &lines);
                assert_eq!(status(&response), "401", "{line} {credentials:?}");
                assert!(
                    header(&response, "www-authenticate")
                        .unwrap()
                        .starts_with("Basic ")
                );
            }
            assert_eq!(
                status(&send_request(exporter.address, &[&line, "Host: x"])),
                "401"
            );
        }
        let line = format!("GET {path} HTTP/1.1");
        let lines = [&line, "Host: x", &authorization("alice:right")];
        let response = send_request(exporter.address, &lines);
        let expected = match path {
            "/nothing" => &["404"][..],
            "/-/ready" => &["200", "503"],
            _ => &["200"],
        };
        assert!(expected.contains(&status(&response)), "{path}: {response}");
    }
}

#[test]
fn logs_failed_authentication_and_handshakes_at_a_limited_rate() {
    let directory = Directory::new();
    let text = format!("{TLS}{}", users("right"));
    let exporter = ExporterProcess::with_web_config(&directory.web(&text));
    let client = Client::new(&directory.authority);
    let get = |lines: &[&str]| client.get(exporter.address, "/", lines).unwrap();
    // Browsers ask for a password only after this.
    assert_eq!(status(&get(&[]).response), "401");
    for _ in 0..15 {
        let response = get(&[&authorization("alice:hunter2")]).response;
        assert_eq!(status(&response), "401");
    }
    let stranger = Authority::new("another CA");
    for _ in 0..15 {
        let client = Client::new(&stranger);
        client.get(exporter.address, "/", &[]).unwrap_err();
    }
    // Port scanners and probes of the port.
    for _ in 0..15 {
        drop(std::net::TcpStream::connect(exporter.address).unwrap());
    }
    for message in ["authentication failed", "TLS handshake failed"] {
        let line = exporter.wait_for_log(message, 10);
        assert!(line.contains("level=warn"), "{line}");
        assert!(line.contains("peer=127.0.0.1"), "{line}");
    }
    let log = exporter.log();
    for message in ["authentication failed", "TLS handshake failed"] {
        let lines = log.iter().filter(|line| line.contains(message)).count();
        // The fifteen requests may have taken six seconds, on a slow machine.
        assert!((10..15).contains(&lines), "{lines} of {message:?}");
    }
    assert!(!log.iter().any(|line| line.contains("hunter2")), "{log:?}");
}

#[test]
fn requires_authentication_over_tls() {
    let directory = Directory::new();
    let text = format!("{TLS}{}", users("right"));
    let exporter = ExporterProcess::with_web_config(&directory.web(&text));
    let client = Client::new(&directory.authority);
    let rejected = client.get(exporter.address, "/", &[]).unwrap();
    assert!(header(&rejected.response, "www-authenticate").is_some());
    let credentials = authorization("alice:right");
    let accepted = client.get(exporter.address, "/", &[&credentials]).unwrap();
    assert_eq!(status(&accepted.response), "200");
}

#[test]
fn configured_headers_replace_those_of_the_page() {
    let directory = Directory::new();
    let exporter = ExporterProcess::with_web_config(&directory.web(
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    \
         Content-Security-Policy: default-src 'self'\n",
    ));
    let response = get(exporter.address, "/");
    assert_eq!(header(&response, "x-frame-options"), Some("sameorigin"));
    let policy = header(&response, "content-security-policy");
    assert_eq!(policy, Some("default-src 'self'"));
}

#[test]
fn page_has_security_headers_by_default() {
    let exporter = ExporterProcess::demo(&[]);
    let page = get(exporter.address, "/");
    let filters = [
        ("date: .*", "date: [date]"),
        (r"length: \d+", "length: [length]"),
        (r"'sha256-[A-Za-z0-9+/]{43}='", "'[the hash of the style]'"),
    ];
    insta::with_settings!({filters => filters}, {
        let head = page.split("\r\n\r\n").next().unwrap();
        insta::assert_snapshot!(head.replace('\r', ""), @r"
        HTTP/1.1 200 OK
        content-length: [length]
        vary: accept-encoding
        content-type: text/html; charset=utf-8
        cache-control: no-cache
        content-security-policy: default-src 'none'; style-src '[the hash of the style]'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
        cross-origin-opener-policy: same-origin
        referrer-policy: no-referrer
        x-content-type-options: nosniff
        x-frame-options: deny
        date: [date]
        connection: close
        ");
    });
}

#[test]
fn rate_limit_applies_to_all_other_paths() {
    let directory = Directory::new();
    let limit = "rate_limit:\n  interval: 1h\n  burst: 3\n";
    let exporter = ExporterProcess::with_web_config(&directory.web(limit));
    let statuses = [(); 5].map(|()| status(&get(exporter.address, "/metrics")).to_owned());
    assert_eq!(statuses, ["200", "200", "200", "429", "429"]);
    let health = ["/health", "/-/healthy", "/-/ready"];
    for path in PATHS.into_iter().filter(|path| !health.contains(path)) {
        assert_eq!(status(&get(exporter.address, path)), "429");
    }
}

#[test]
fn rejects_invalid_host_headers() {
    let exporter = ExporterProcess::demo(&[]);
    let table: [(&[&str], &str); 12] = [
        (&["GET /health HTTP/1.1", "Host: x"], "200"),
        (&["GET /health HTTP/1.1", "Host: x:8080"], "200"),
        (&["GET /health HTTP/1.1", "Host: [::1]:8080"], "200"),
        (&["GET /health HTTP/1.1", "Host:"], "200"),
        (&["GET http://x/health HTTP/1.1", "Host: x"], "200"),
        (&["GET /health HTTP/1.0"], "200"),
        (&["GET /health HTTP/1.1"], "400"),
        (&["GET http://x/health HTTP/1.1"], "400"),
        (&["GET /health HTTP/1.1", "Host: x", "Host: x"], "400"),
        (&["GET /health HTTP/1.0", "Host: x", "Host: y"], "400"),
        (&["GET /health HTTP/1.1", "Host: a b"], "400"),
        (&["GET /health HTTP/1.1", "Host: user@x"], "400"),
    ];
    for (lines, expected) in table {
        let response = send_request(exporter.address, lines);
        assert_eq!(status(&response), expected, "{lines:?}");
    }
}

#[test]
fn answers_half_closed_clients() {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};

    let exporter = ExporterProcess::demo(&[]);
    for _ in 0..20 {
        let mut stream = TcpStream::connect(exporter.address).unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert_eq!(status(&response), "200");
    }
}

#[test]
fn health_checks_are_exempt_from_rate_limit() {
    let directory = Directory::new();
    let text = "rate_limit:\n  interval: 1h\n  burst: 1\n";
    let exporter = ExporterProcess::with_web_config(&directory.web(text));
    assert_eq!(status(&get(exporter.address, "/metrics")), "200");
    assert_eq!(status(&get(exporter.address, "/metrics")), "429");
    for _ in 0..3 {
        for path in ["/health", "/-/healthy"] {
            assert_eq!(status(&get(exporter.address, path)), "200", "{path}");
        }
    }
}

#[test]
fn errors_are_text_and_responses_have_nosniff() {
    let exporter = ExporterProcess::demo(&[]);
    let missing = get(exporter.address, "/nothing");
    assert_eq!(status(&missing), "404");
    assert!(missing.ends_with("Not Found\n"), "{missing}");
    for path in ["/nothing", "/metrics", "/health", "/", "/api/v1/costs"] {
        let response = get(exporter.address, path);
        let nosniff = header(&response, "x-content-type-options");
        assert_eq!(nosniff, Some("nosniff"), "{path}");
    }
}
