//! A plain HTTP/1 client that sends exactly what a test gives it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The limit of everything that should take no time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request's lines and returns everything received until the connection ends.
pub(crate) fn send_request(address: SocketAddr, lines: &[&str]) -> String {
    let mut stream = connect(address);
    let request = format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
    stream.write_all(request.as_bytes()).unwrap();
    all(&mut stream)
}

pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    send_request(address, &[&format!("GET {path} HTTP/1.1"), "Host: x"])
}

/// Sends a request on a connection that is kept, and returns the head and the body of the response.
/// Where the connection ends, the response is what was received.
pub(crate) fn exchange(stream: &mut TcpStream, request: &str) -> (String, Vec<u8>) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1..) => head.extend(byte),
            _ => break,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut body = Vec::new();
    if let Some(length) = header(&head, "content-length")
        && !request.starts_with("HEAD")
    {
        let length = length.parse().unwrap();
        stream.take(length).read_to_end(&mut body).unwrap();
        assert_eq!(body.len() as u64, length);
    }
    (head, body)
}

/// Waits until a condition holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Reads until the connection ends, whether closed or reset.
pub(crate) fn all(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..length]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of a response.
pub(crate) fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or(response)
}

/// The value of a response's header.
pub(crate) fn header<'a>(response: &'a str, name: &str) -> Option<&'a str> {
    let head = response.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}
