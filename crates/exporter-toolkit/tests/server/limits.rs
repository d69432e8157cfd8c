//! Limits and timeouts.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get as on_get;
use exporter_toolkit::server::Limits;
use rustls::{ClientConnection, StreamOwned};

use crate::certificates::{Directory, TLS};
use crate::http_client::{PATIENCE, all, ask, connect, eventually, get, status};
use crate::test_server::{TestServer, gated_routes, routes};
use crate::tls_client::Client;

/// A short timeout, for tests that wait for it.
const SHORT: Duration = Duration::from_millis(300);

fn short() -> Limits {
    Limits {
        handshake: SHORT,
        idle: SHORT,
        write_timeout: SHORT,
        ..Limits::default()
    }
}

#[test]
fn answers_503_beyond_the_request_limit() {
    let (routes, gate) = gated_routes();
    let server = TestServer::new(
        routes,
        Limits {
            requests: Some(1),
            ..Limits::default()
        },
    );
    let address = server.address;
    let waiting = std::thread::spawn(move || get(address, "/wait"));
    eventually("the first request is in flight", || {
        gate.arrived.available_permits() == 1
    });
    assert_eq!(status(&get(address, "/")), "503");
    assert_eq!(server.observed(Some("/"), 503), 1);
    gate.release.add_permits(1);
    assert_eq!(status(&waiting.join().unwrap()), "200");
    assert_eq!(status(&get(address, "/")), "200");
}

#[test]
fn answers_any_number_without_request_limit() {
    let (routes, gate) = gated_routes();
    let server = TestServer::new(
        routes,
        Limits {
            requests: None,
            ..Limits::default()
        },
    );
    let address = server.address;
    let waiting: Vec<_> = (0..60)
        .map(|_| std::thread::spawn(move || get(address, "/wait")))
        .collect();
    eventually("all are in flight", || {
        gate.arrived.available_permits() == 60
    });
    gate.release.add_permits(60);
    assert!(
        waiting
            .into_iter()
            .all(|w| status(&w.join().unwrap()) == "200")
    );
}

#[test]
fn unread_response_is_in_flight_until_write_timeout() {
    let body = "x".repeat(64 << 20);
    let routes = routes().route("/big", on_get(async move || body));
    let limits = Limits {
        requests: Some(1),
        ..short()
    };
    let server = TestServer::new(routes, limits);
    let mut taker = connect(server.address);
    taker
        .write_all(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    taker.read_exact(&mut [0]).unwrap();
    assert_eq!(status(&get(server.address, "/")), "503");
    eventually("the connection is cut", || {
        status(&get(server.address, "/")) == "200"
    });
}

#[test]
fn sends_large_response_whole() {
    let body = "0123456789".repeat(300_000);
    let expected = body.clone();
    let routes = routes().route("/big", on_get(async move || body));
    let server = TestServer::new(routes, Limits::default());
    let response = get(server.address, "/big");
    assert!(response.contains("content-length: 3000000\r\n"));
    assert!(response.ends_with(&format!("\r\n\r\n{expected}")));
}

#[test]
fn rejects_request_body_and_closes_connection() {
    let server = TestServer::new(routes(), Limits::default());
    for head in [
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "PUT / HTTP/1.0\r\nContent-Length: 99999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    ] {
        let mut stream = connect(server.address);
        stream.write_all(head.as_bytes()).unwrap();
        let response = all(&mut stream);
        // Another method is none of this server's, whatever comes with it.
        let expected = if head.starts_with("GET") {
            "413"
        } else {
            "405"
        };
        assert_eq!(status(&response), expected, "{head:?}: {response}");
        assert_eq!(response.matches("HTTP/1.").count(), 1, "{response}");
    }
    assert_eq!(server.observed(Some("/"), 413), 2);
    assert_eq!(server.observed(Some("/"), 405), 3);
    let empty = ask(
        server.address,
        &["GET / HTTP/1.1", "Host: x", "Content-Length: 0"],
    );
    assert_eq!(status(&empty), "200");
}

#[test]
fn rejects_and_observes_oversized_or_malformed_head() {
    let server = TestServer::new(routes(), Limits::default());
    let long = format!("X: {}", "x".repeat(17 << 10));
    assert_eq!(
        status(&ask(server.address, &["GET / HTTP/1.1", &long])),
        "431"
    );
    let path = format!("GET /{} HTTP/1.1", "x".repeat(17 << 10));
    assert_eq!(status(&ask(server.address, &[&path, "Host: x"])), "431");
    let many = vec!["X: x"; 101];
    assert_eq!(
        status(&ask(
            server.address,
            &[&["GET / HTTP/1.1"][..], &many].concat()
        )),
        "431"
    );
    let fewer = vec!["X: x"; 99];
    assert_eq!(
        status(&ask(
            server.address,
            &[&["GET / HTTP/1.1", "Host: x"][..], &fewer].concat()
        )),
        "200"
    );
    assert_eq!(status(&ask(server.address, &["\u{1}\u{2}"])), "400");
    eventually("they are counted", || {
        (server.observed(None, 431), server.observed(None, 400)) == (3, 1)
    });
}

#[test]
fn drops_slow_head_after_header_read_timeout() {
    let limits = Limits {
        header_read_timeout: SHORT,
        ..Limits::default()
    };
    let server = TestServer::new(routes(), limits);
    let mut stream = connect(server.address);
    let mut dripping = stream.try_clone().unwrap();
    std::thread::spawn(move || {
        for byte in b"GET / HTTP/1.1\r\nHost: "
            .iter()
            .chain(std::iter::repeat(&b'x'))
        {
            if dripping.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(SHORT / 10);
        }
    });
    assert_eq!(all(&mut stream), "");
}

#[test]
fn closes_idle_connection() {
    let server = TestServer::new(routes(), short());
    assert_eq!(all(&mut connect(server.address)), "");
    let mut stream = connect(server.address);
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert!(all(&mut stream).ends_with("OK"));
}

#[test]
fn drops_slow_tls_handshake() {
    let directory = Directory::new();
    let path = directory.web(TLS);
    let server = TestServer::with_limits_and_web_config(short(), &path);
    assert_eq!(all(&mut connect(server.address)), "");
    let mut stream = connect(server.address);
    stream.write_all(&[22, 3, 1, 1, 0]).unwrap();
    assert_eq!(all(&mut stream), "");
}

#[test]
fn closes_idle_http2_connection() {
    let directory = Directory::new();
    let path = directory.web(TLS);
    let server = TestServer::with_limits_and_web_config(short(), &path);
    let client = Client {
        protocols: &[b"h2"],
        ..Client::new(&directory.authority)
    };
    let name = "127.0.0.1".try_into().unwrap();
    let connection = ClientConnection::new(Arc::new(client.config()), name).unwrap();
    let mut stream = StreamOwned::new(connection, connect(server.address));
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    stream.write_all(&settings).unwrap();
    all(&mut stream);
}

#[test]
fn connection_beyond_limit_waits() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = TestServer::new(routes(), limits);
    let mut first = connect(server.address);
    first
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    first.read_exact(&mut [0]).unwrap();
    let mut second = connect(server.address);
    second
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    second.set_read_timeout(Some(SHORT)).unwrap();
    let waited = second.read(&mut [0]).unwrap_err();
    assert_eq!(waited.kind(), ErrorKind::WouldBlock);
    drop(first);
    second.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(status(&all(&mut second)), "200");
}

#[test]
fn answers_http10_and_pipelined_requests() {
    let server = TestServer::new(routes(), Limits::default());
    let mut stream = connect(server.address);
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(status(&all(&mut stream)), "200");
    let mut stream = connect(server.address);
    let both =
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(both.as_bytes()).unwrap();
    let responses = all(&mut stream);
    assert!(
        responses.contains("200 OK") && responses.contains("404 Not Found"),
        "{responses}"
    );
    assert_eq!(
        (
            server.observed(Some("/"), 200),
            server.observed(Some("/x"), 404)
        ),
        (2, 1)
    );
}
