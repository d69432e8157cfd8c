//! How much of the server a client can have.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use exporter_toolkit::server::Limits;
use rustls::{ClientConnection, StreamOwned};
use tokio::sync::Semaphore;

use crate::certificates::{Directory, TLS};
use crate::program::{all, ask, connect, eventually, get, status};
use crate::served::Served;
use crate::tls_client::Client;

/// Short bounds, for a test that waits for them.
const SHORT: Duration = Duration::from_millis(300);

fn routes() -> Router {
    Router::new().route("/", on_get(async || "OK"))
}

fn short() -> Limits {
    Limits {
        handshake: SHORT,
        idle: SHORT,
        write_timeout: SHORT,
        ..Limits::default()
    }
}

/// Routes with one that answers when it is let.
fn routes_with_a_wait() -> (Router, Arc<Semaphore>, Arc<Semaphore>) {
    let (begun, let_go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (begins, lets_go) = (Arc::clone(&begun), Arc::clone(&let_go));
    let wait = on_get(async move || {
        begins.add_permits(1);
        let _permit = lets_go.acquire().await;
        "done"
    });
    (routes().route("/wait", wait), begun, let_go)
}

#[test]
fn a_request_beyond_the_most_is_told_to_come_back() {
    let (routes, begun, let_go) = routes_with_a_wait();
    let served = Served::new(
        routes,
        Limits {
            requests: Some(1),
            ..Limits::default()
        },
    );
    let address = served.address;
    let waiting = std::thread::spawn(move || get(address, "/wait"));
    eventually("the first request is in flight", || {
        begun.available_permits() == 1
    });
    assert_eq!(status(&get(address, "/")), "503");
    assert_eq!(served.counted("/", "503"), 1);
    let_go.add_permits(1);
    assert_eq!(status(&waiting.join().unwrap()), "200");
    assert_eq!(status(&get(address, "/")), "200");
}

#[test]
fn without_a_most_any_number_is_answered() {
    let (routes, begun, let_go) = routes_with_a_wait();
    let served = Served::new(
        routes,
        Limits {
            requests: None,
            ..Limits::default()
        },
    );
    let address = served.address;
    let waiting: Vec<_> = (0..60)
        .map(|_| std::thread::spawn(move || get(address, "/wait")))
        .collect();
    eventually("all are in flight", || begun.available_permits() == 60);
    let_go.add_permits(60);
    assert!(
        waiting
            .into_iter()
            .all(|w| status(&w.join().unwrap()) == "200")
    );
}

#[test]
fn an_answer_that_is_not_taken_is_in_flight_until_the_connection_is_cut() {
    let body = "x".repeat(64 << 20);
    let routes = routes().route("/big", on_get(async move || body));
    let limits = Limits {
        requests: Some(1),
        ..short()
    };
    let served = Served::new(routes, limits);
    let mut taker = connect(served.address);
    taker
        .write_all(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    taker.read_exact(&mut [0]).unwrap();
    assert_eq!(status(&get(served.address, "/")), "503");
    eventually("the connection is cut", || {
        status(&get(served.address, "/")) == "200"
    });
}

#[test]
fn a_large_answer_comes_whole() {
    let body = "0123456789".repeat(300_000);
    let expected = body.clone();
    let routes = routes().route("/big", on_get(async move || body));
    let served = Served::new(routes, Limits::default());
    let answer = get(served.address, "/big");
    assert!(answer.contains("content-length: 3000000\r\n"));
    assert!(answer.ends_with(&format!("\r\n\r\n{expected}")));
}

#[test]
fn a_request_with_a_body_is_refused_and_its_connection_ends() {
    let served = Served::new(routes(), Limits::default());
    for head in [
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "PUT / HTTP/1.0\r\nContent-Length: 99999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    ] {
        let mut stream = connect(served.address);
        stream.write_all(head.as_bytes()).unwrap();
        let answer = all(&mut stream);
        // Another method is none of this server's, whatever comes with it.
        let expected = if head.starts_with("GET") {
            "413"
        } else {
            "405"
        };
        assert_eq!(status(&answer), expected, "{head:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{answer}");
    }
    assert_eq!(served.counted("/", "413"), 2);
    assert_eq!(served.counted("/", "405"), 3);
    let empty = ask(
        served.address,
        &["GET / HTTP/1.1", "Host: x", "Content-Length: 0"],
    );
    assert_eq!(status(&empty), "200");
}

#[test]
fn a_head_that_is_too_large_or_none_at_all_is_refused_and_counted() {
    let served = Served::new(routes(), Limits::default());
    let long = format!("X: {}", "x".repeat(17 << 10));
    assert_eq!(
        status(&ask(served.address, &["GET / HTTP/1.1", &long])),
        "431"
    );
    let path = format!("GET /{} HTTP/1.1", "x".repeat(17 << 10));
    assert_eq!(status(&ask(served.address, &[&path, "Host: x"])), "431");
    let many = vec!["X: x"; 101];
    assert_eq!(
        status(&ask(
            served.address,
            &[&["GET / HTTP/1.1"][..], &many].concat()
        )),
        "431"
    );
    let fewer = vec!["X: x"; 99];
    assert_eq!(
        status(&ask(
            served.address,
            &[&["GET / HTTP/1.1"][..], &fewer].concat()
        )),
        "200"
    );
    assert_eq!(status(&ask(served.address, &["\u{1}\u{2}"])), "400");
    eventually("they are counted", || {
        (
            served.counted("other", "431"),
            served.counted("other", "400"),
        ) == (3, 1)
    });
}

#[test]
fn a_head_that_never_ends_is_waited_for_a_while() {
    let limits = Limits {
        header_read_timeout: SHORT,
        ..Limits::default()
    };
    let served = Served::new(routes(), limits);
    let mut stream = connect(served.address);
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
fn a_connection_on_which_nothing_is_asked_is_closed() {
    let served = Served::new(routes(), short());
    assert_eq!(all(&mut connect(served.address)), "");
    let mut stream = connect(served.address);
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert!(all(&mut stream).ends_with("OK"));
}

#[test]
fn a_handshake_that_never_ends_is_waited_for_a_while() {
    let directory = Directory::new();
    let path = directory.web(TLS);
    let served = Served::with_web_config(routes(), short(), Some(&path));
    assert_eq!(all(&mut connect(served.address)), "");
    let mut stream = connect(served.address);
    stream.write_all(&[22, 3, 1, 1, 0]).unwrap();
    assert_eq!(all(&mut stream), "");
}

#[test]
fn a_connection_of_http2_on_which_nothing_is_asked_is_closed() {
    let directory = Directory::new();
    let path = directory.web(TLS);
    let served = Served::with_web_config(routes(), short(), Some(&path));
    let client = Client {
        protocols: &[b"h2"],
        ..Client::new(&directory.authority)
    };
    let name = "127.0.0.1".try_into().unwrap();
    let connection = ClientConnection::new(Arc::new(client.config()), name).unwrap();
    let mut stream = StreamOwned::new(connection, connect(served.address));
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    stream.write_all(&settings).unwrap();
    all(&mut stream);
}

#[test]
fn a_connection_beyond_the_most_waits_until_another_ends() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let served = Served::new(routes(), limits);
    let mut first = connect(served.address);
    first
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    first.read_exact(&mut [0]).unwrap();
    let mut second = connect(served.address);
    second
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    second.set_read_timeout(Some(SHORT)).unwrap();
    let waited = second.read(&mut [0]).unwrap_err();
    assert_eq!(waited.kind(), ErrorKind::WouldBlock);
    drop(first);
    second
        .set_read_timeout(Some(crate::program::PATIENCE))
        .unwrap();
    assert_eq!(status(&all(&mut second)), "200");
}

#[test]
fn old_clients_and_eager_ones_are_answered() {
    let served = Served::new(routes(), Limits::default());
    let mut stream = connect(served.address);
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(status(&all(&mut stream)), "200");
    let mut stream = connect(served.address);
    let both =
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(both.as_bytes()).unwrap();
    let answers = all(&mut stream);
    assert!(
        answers.contains("200 OK") && answers.contains("404 Not Found"),
        "{answers}"
    );
    assert_eq!(
        (served.counted("/", "200"), served.counted("other", "404")),
        (2, 1)
    );
}
