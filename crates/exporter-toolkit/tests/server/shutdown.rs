//! Graceful shutdown.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use axum::Router;
use axum::routing::get as on_get;
use exporter_toolkit::server::Limits;

use crate::certificates::{Directory, TLS};
use crate::http_client::{PATIENCE, all, connect, eventually, exchange, get, status};
use crate::test_server::{TestServer, gated_routes, routes};

#[test]
fn finishes_requests_in_flight_and_accepts_no_more() {
    let (routes, gate) = gated_routes();
    let mut server = TestServer::new(routes, Limits::default());
    let mut stream = connect(server.address);
    stream
        .write_all(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    eventually("it is in flight", || gate.arrived.available_permits() == 1);
    server.stop();
    eventually("nothing more is accepted", || {
        TcpStream::connect(server.address).is_err()
    });
    gate.release.add_permits(1);
    let response = all(&mut stream);
    assert!(
        status(&response) == "200" && response.ends_with("done"),
        "{response}"
    );
    server.wait();
}

#[test]
fn aborts_requests_after_the_limit() {
    let hang = on_get(async || std::future::pending::<String>().await);
    let limits = Limits::default();
    let mut server = TestServer::new(Router::new().route("/hang", hang), limits);
    let mut stream = connect(server.address);
    stream
        .write_all(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let start = Instant::now();
    server.stop();
    server.wait();
    assert!(start.elapsed() < limits.shutdown * 5 / 3);
    assert_eq!(all(&mut stream), "");
}

#[test]
fn closes_idle_connections_at_once() {
    let mut server = TestServer::new(routes(), Limits::default());
    let mut stream = connect(server.address);
    let (_, body) = exchange(&mut stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(body, b"OK");
    server.stop();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    server.wait();
}

#[test]
fn closes_tls_handshakes_at_once() {
    let directory = Directory::new();
    let limits = Limits {
        handshake: PATIENCE,
        shutdown: PATIENCE,
        ..Limits::default()
    };
    let mut server = TestServer::with_limits_and_web_config(limits, &directory.web(TLS));
    let mut handshake = connect(server.address);
    handshake.write_all(&[22, 3, 1, 1, 0]).unwrap();
    // A response to a later connection proves that the first one was accepted.
    assert_eq!(status(&get(server.address, "/")), "400");
    let start = Instant::now();
    server.stop();
    server.wait();
    assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
    assert_eq!(all(&mut handshake), "");
}
