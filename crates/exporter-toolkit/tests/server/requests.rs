//! Authentication, rate limit and headers.

use crate::certificates::Directory;
use crate::http_client::{get, header, send_request, status};
use crate::test_server::TestServer;

/// The hash of "changeme".
const USERS: &str = "basic_auth_users:\n  \
    prometheus: $2y$10$37ORDkux165gX0XRhm3wausjGath7Xh5IJoMubKCQJ.1QJjHH0te.\n";

#[test]
fn challenge_has_the_configured_realm() {
    let directory = Directory::new();
    let server = TestServer::with_web_config(&directory.web(USERS));
    for path in ["/", "/health", "/nothing"] {
        let response = get(server.address, path);
        assert_eq!(status(&response), "401");
        assert_eq!(
            header(&response, "www-authenticate"),
            Some(r#"Basic realm="test-exporter", charset="UTF-8""#)
        );
        assert_eq!(server.observed(Some(path), 401), 1);
    }
    // prometheus:changeme
    let credentials = "Authorization: Basic cHJvbWV0aGV1czpjaGFuZ2VtZQ==";
    let response = send_request(server.address, &["GET / HTTP/1.1", "Host: x", credentials]);
    assert_eq!(status(&response), "200");
}

#[test]
fn rate_limit_comes_before_authentication() {
    let directory = Directory::new();
    let text = format!("{USERS}rate_limit:\n  interval: 1h\n  burst: 2\n");
    let server = TestServer::with_web_config(&directory.web(&text));
    let statuses = [(); 3].map(|()| status(&get(server.address, "/")).to_owned());
    assert_eq!(statuses, ["401", "401", "429"]);
}

#[test]
fn configured_headers_are_on_every_response() {
    let directory = Directory::new();
    let text = format!("{USERS}http_server_config:\n  headers:\n    X-Frame-Options: deny\n");
    let server = TestServer::with_web_config(&directory.web(&text));
    for lines in [
        &["GET / HTTP/1.1", "Host: x"][..],
        &["DELETE /nothing HTTP/1.1", "Host: x"],
        &["GET / HTTP/1.1", "Host: x", "Content-Length: 1"],
    ] {
        let response = send_request(server.address, lines);
        assert_eq!(header(&response, "x-frame-options"), Some("deny"));
    }
}
