//! Several requests on one connection.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use exporter_toolkit::server::Limits;
use exporter_toolkit::web_config::Loaded;

use crate::certificates::Directory;
use crate::http_client::{connect, exchange, status};
use crate::test_server::{TestServer, routes};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: Prometheus/3\r\n\r\n";

#[test]
fn answers_split_and_pipelined_requests() {
    let server = TestServer::new(routes(), Limits::default());
    let mut stream = connect(server.address);
    exchange(&mut stream, REQUEST);
    let (first, second) = REQUEST.split_at(30);
    stream.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let (head, _) = exchange(&mut stream, second);
    assert_eq!(status(&head), "200");

    let mut stream = connect(server.address);
    exchange(&mut stream, REQUEST);
    stream.write_all(REQUEST.repeat(3).as_bytes()).unwrap();
    for _ in 0..3 {
        assert_eq!(status(&exchange(&mut stream, "").0), "200");
    }
    assert_eq!(server.observed(Some("/"), 200), 6);
}

#[test]
fn changed_web_configuration_applies_to_open_connections() {
    let server = TestServer::new(routes(), Limits::default());
    let configurations = [
        (
            "basic_auth_users: {ada: $2y$04$9HL4TGOr/t6HyM2kWUoCCe5XxMSnnHYzVWKO7OPeYtXHDb2D6pLD6}",
            "401",
        ),
        ("rate_limit: {interval: 1h, burst: 0}", "429"),
    ];
    for (configuration, refused) in configurations {
        let mut stream = connect(server.address);
        assert_eq!(status(&exchange(&mut stream, REQUEST).0), "200");
        let directory = Directory::new();
        let loaded = Loaded::read(directory.web(configuration).as_ref()).unwrap();
        server.web.send_replace(loaded.config());
        assert_eq!(status(&exchange(&mut stream, REQUEST).0), refused);
        server.web.send_replace(Arc::default());
    }
}

#[test]
fn keeps_used_connection_and_closes_idle_one() {
    let idle = Duration::from_millis(400);
    let limits = Limits {
        idle,
        ..Limits::default()
    };
    let server = TestServer::new(routes(), limits);
    let mut stream = connect(server.address);
    let start = Instant::now();
    while start.elapsed() < 3 * idle {
        assert_eq!(status(&exchange(&mut stream, REQUEST).0), "200");
        std::thread::sleep(idle / 8);
    }
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}
