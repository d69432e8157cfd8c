//! Who may come in, how often, and with which headers they are sent off.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::certificates::Directory;
use crate::program::{Program, ask, get, header, status};

/// Every path that serves something, and one that does not.
const PATHS: [&str; 6] = [
    "/",
    "/health",
    "/-/healthy",
    "/-/ready",
    "/metrics",
    "/nothing",
];

pub(crate) fn users(password: &str) -> String {
    let hash = bcrypt::hash(password, 4).unwrap();
    format!("basic_auth_users:\n  alice: {hash}\n")
}

pub(crate) fn says(claim: &str) -> String {
    format!("Authorization: Basic {}", BASE64_STANDARD.encode(claim))
}

#[test]
fn every_path_asks_for_a_user_and_a_password() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(&users("right")));
    for path in PATHS {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "NONSENSE"] {
            let line = format!("{method} {path} HTTP/1.1");
            let wrong = [
                "",
                "alice:wrong",
                "bob:right",
                "alice",
                "alice:",
                ":right",
                "alice:right ",
            ];
            // Comparing takes its time, so that one method stands for all of them.
            let wrong = if method == "GET" {
                &wrong[..]
            } else {
                &wrong[..2]
            };
            for claim in wrong {
                let answer = ask(program.address, &[&line, "Host: x", &says(claim)]);
                assert_eq!(status(&answer), "401", "{line} {claim:?}");
                assert!(
                    header(&answer, "www-authenticate")
                        .unwrap()
                        .starts_with("Basic ")
                );
            }
            assert_eq!(status(&ask(program.address, &[&line, "Host: x"])), "401");
        }
        let answer = ask(
            program.address,
            &[
                &format!("GET {path} HTTP/1.1"),
                "Host: x",
                &says("alice:right"),
            ],
        );
        let expected = if path == "/nothing" { "404" } else { "200" };
        let is_right = status(&answer) == expected || path == "/-/ready";
        assert!(is_right && status(&answer) != "401", "{path}: {answer}");
    }
}

#[test]
fn the_configured_headers_stand_on_every_answer() {
    let directory = Directory::new();
    let program = Program::with_web_config(&directory.web(&format!(
        "{}http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    \
         Content-Security-Policy: default-src 'self'\n",
        users("right")
    )));
    let right = says("alice:right");
    for (lines, expected) in [
        (&["GET / HTTP/1.1", "Host: x", &right][..], "200"),
        (&["GET /metrics HTTP/1.1", "Host: x", &right], "200"),
        (&["GET /nothing HTTP/1.1", "Host: x", &right], "404"),
        (&["DELETE / HTTP/1.1", "Host: x", &right], "405"),
        (&["GET / HTTP/1.1", "Host: x"], "401"),
        (&["GET / HTTP/1.1", "Host: x", "Content-Length: 1"], "413"),
    ] {
        let answer = ask(program.address, lines);
        assert_eq!(status(&answer), expected, "{lines:?}");
        assert_eq!(header(&answer, "x-frame-options"), Some("sameorigin"));
        // Those of the page itself give way.
        let policy = header(&answer, "content-security-policy");
        assert_eq!(policy, Some("default-src 'self'"));
    }
}

#[test]
fn without_configuration_a_page_protects_itself() {
    let program = Program::start(&[]);
    let page = get(program.address, "/");
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
        connection: close
        date: [date]
        ");
    });
    assert_eq!(status(&get(program.address, "/-/healthy")), "200");
    assert!(get(program.address, "/health").ends_with("\r\n\r\nOK"));
    crate::program::eventually("it is ready", || {
        status(&get(program.address, "/-/ready")) == "200"
    });
}

#[test]
fn what_is_beyond_the_rate_is_told_so_before_any_password_is_compared() {
    let directory = Directory::new();
    let limit = "rate_limit:\n  interval: 1h\n  burst: 3\n";
    let program = Program::with_web_config(&directory.web(&format!("{}{limit}", users("right"))));
    let right = says("alice:right");
    let line = ["GET /health HTTP/1.1", "Host: x", &right];
    let statuses = [(); 5].map(|()| status(&ask(program.address, &line)).to_owned());
    assert_eq!(statuses, ["200", "200", "200", "429", "429"]);
    for path in PATHS {
        assert_eq!(status(&get(program.address, path)), "429");
    }
}

#[test]
fn a_burst_of_none_answers_nobody_as_in_the_toolkit() {
    let directory = Directory::new();
    let path = directory.web("rate_limit:\n  interval: 1s\n  burst: 0\n");
    let program = Program::with_web_config(&path);
    assert_eq!(status(&get(program.address, "/health")), "429");
}
