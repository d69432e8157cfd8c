//! Limits and timeouts.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get as on_get;
use exporter_toolkit::server::Limits;
use rustls::{ClientConnection, StreamOwned};

use crate::certificates::{Directory, TLS};
use crate::http_client::{PATIENCE, all, connect, eventually, exchange, get, send_request, status};
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
    let empty = send_request(
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
        status(&send_request(server.address, &["GET / HTTP/1.1", &long])),
        "431"
    );
    let path = format!("GET /{} HTTP/1.1", "x".repeat(17 << 10));
    assert_eq!(
        status(&send_request(server.address, &[&path, "Host: x"])),
        "431"
    );
    let many = vec!["X: x"; 101];
    assert_eq!(
        status(&send_request(
            server.address,
            &[&["GET / HTTP/1.1"][..], &many].concat()
        )),
        "431"
    );
    // `Host` and `Connection` make them 100.
    let fewer = vec!["X: x"; 98];
    assert_eq!(
        status(&send_request(
            server.address,
            &[&["GET / HTTP/1.1", "Host: x"][..], &fewer].concat()
        )),
        "200"
    );
    assert_eq!(
        status(&send_request(server.address, &["\u{1}\u{2}"])),
        "400"
    );
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

/// What a client sends first (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Connects with TLS and negotiates HTTP/2. The client's preface is still to be sent.
fn connect_http2(
    server: &TestServer,
    directory: &Directory,
) -> StreamOwned<ClientConnection, TcpStream> {
    let client = Client {
        protocols: &[b"h2"],
        ..Client::new(&directory.authority)
    };
    let name = "127.0.0.1".try_into().unwrap();
    let connection = ClientConnection::new(Arc::new(client.config()), name).unwrap();
    StreamOwned::new(connection, connect(server.address))
}

#[test]
fn closes_idle_http2_connection() {
    let directory = Directory::new();
    let path = directory.web(TLS);
    let server = TestServer::with_limits_and_web_config(short(), &path);
    let mut stream = connect_http2(&server, &directory);
    stream.write_all(HTTP2_PREFACE).unwrap();
    stream.write_all(&frame(4, 0, 0, &[])).unwrap();
    all(&mut stream);
}

/// A whole request as one HEADERS frame, with HPACK's static table.
fn http2_get(stream: u32, path: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    let mut headers = vec![0x82, 0x87, 0x04, length(path)];
    headers.extend(path.as_bytes());
    headers.extend([0x01, 1, b'x']);
    frame(1, 0x5, stream, &headers)
}

#[test]
fn closes_http2_connection_with_unread_streams() {
    let directory = Directory::new();
    let path = directory.web(TLS);
    let limits = Limits {
        requests: Some(4),
        write_timeout: 3 * SHORT,
        ..Limits::default()
    };
    let server = TestServer::with_limits_and_web_config(limits, &path);
    let mut stream = connect_http2(&server, &directory);
    let no_window = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let mut start = [HTTP2_PREFACE, &no_window].concat();
    for id in [1, 3, 5, 7] {
        start.extend(http2_get(id, "/"));
    }
    stream.write_all(&start).unwrap();
    let others = Client::new(&directory.authority);
    let answer = || {
        let exchange = others.get(server.address, "/", &[]).unwrap();
        status(&exchange.response).to_owned()
    };
    eventually("all permits are held", || answer() == "503");
    // Other requests on the connection do not keep it.
    let mut id = 9;
    while stream.write_all(&http2_get(id, "/health")).is_ok() && stream.flush().is_ok() {
        std::thread::sleep(SHORT / 3);
        id += 2;
        assert!(id < 100, "the connection is still open");
    }
    assert_eq!(answer(), "200");
}

#[test]
fn closes_longest_idle_connection_beyond_limit() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let server = TestServer::new(routes(), limits);
    let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut held: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(server.address);
            exchange(&mut stream, request);
            stream
        })
        .collect();
    // The first one is now used later than the second one.
    exchange(&mut held[0], request);
    assert_eq!(status(&get(server.address, "/")), "200");
    assert_eq!(all(&mut held[1]), "");
    exchange(&mut held[0], request);
    // Hundreds of connections without a request do not keep a probe out.
    let silent: Vec<_> = (0..300).map(|_| connect(server.address)).collect();
    assert_eq!(status(&get(server.address, "/health")), "200");
    drop(silent);
}

#[test]
fn connection_waits_while_all_have_requests() {
    let (routes, gate) = gated_routes();
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = TestServer::new(routes, limits);
    let address = server.address;
    let first = std::thread::spawn(move || get(address, "/wait"));
    eventually("the first request is in flight", || {
        gate.arrived.available_permits() == 1
    });
    let mut second = connect(address);
    second
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    second.set_read_timeout(Some(SHORT)).unwrap();
    let waited = second.read(&mut [0]).unwrap_err();
    assert_eq!(waited.kind(), ErrorKind::WouldBlock);
    gate.release.add_permits(1);
    second.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(status(&all(&mut second)), "200");
    assert_eq!(status(&first.join().unwrap()), "200");
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
