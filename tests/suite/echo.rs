//! An upstream that gives back what it was sent, wherever an answer has room for it, as a broken proxy may.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The upstream, until it is dropped.
#[derive(Debug)]
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// An answer: its status, and its body with `TOKEN` where the token goes.
pub(crate) type Answer = (u16, &'static str, &'static str);

impl Echo {
    /// Answers everything with `answer`, and puts `token` into every header besides.
    pub(crate) async fn of(token: &str, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let answer = text(token, answer);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(respond(client, answer.clone()));
            }
        });
        Self { address, accepting }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The whole answer, with the reason phrase, the headers that the program reads, and one that it does not.
fn text(token: &str, (status, content_type, body): Answer) -> String {
    let body = body.replace("TOKEN", token);
    let length = body.len();
    let told = [
        "Request-Id",
        "Retry-After",
        "RateLimit-Remaining",
        "ETag",
        "Location",
        "Set-Cookie",
        "X-Echo",
    ];
    let told: String = told.map(|name| format!("{name}: {token}\r\n")).concat();
    format!(
        "HTTP/1.1 {status} {token}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n{told}\r\n{body}"
    )
}

async fn respond(mut client: TcpStream, answer: String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    // A client that has gone does not read on.
    let _ = client.write_all(answer.as_bytes()).await;
    let _ = client.shutdown().await;
}
