//! An upstream server that echoes the token in every part of its response, as a broken proxy might.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct EchoServer {
    pub(crate) address: SocketAddr,
    accept_loop: JoinHandle<()>,
}

/// Status, content type and body of a response. `TOKEN` in the body is replaced by the token.
pub(crate) type CannedResponse = (u16, &'static str, &'static str);

impl EchoServer {
    /// Starts a server that returns `response` to every request and echoes `token` in its headers.
    pub(crate) async fn start(token: &str, response: CannedResponse) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let response = render(token, response);
        let accept_loop = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(respond(client, response.clone()));
            }
        });
        Self {
            address,
            accept_loop,
        }
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        self.accept_loop.abort();
    }
}

/// Renders the complete response. The token is in the reason phrase, in the headers that the
/// exporter reads, and in some that it ignores.
fn render(token: &str, (status, content_type, body): CannedResponse) -> String {
    let body = body.replace("TOKEN", token);
    let length = body.len();
    let headers = [
        "Request-Id",
        "Retry-After",
        "RateLimit-Remaining",
        "ETag",
        "Location",
        "Set-Cookie",
        "X-Echo",
    ];
    let headers: String = headers.map(|name| format!("{name}: {token}\r\n")).concat();
    format!(
        "HTTP/1.1 {status} {token}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
}

async fn respond(mut client: TcpStream, response: String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    // The client may have closed the connection.
    let _ = client.write_all(response.as_bytes()).await;
    let _ = client.shutdown().await;
}
