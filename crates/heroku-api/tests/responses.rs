//! Unusual responses, from a server that writes given bytes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use billing::invoice::Invoices;
use flate2::Compression;
use flate2::write::GzEncoder;
use heroku_api::client::{Client, ClientOptions, Conditional, Decoded, Limits, Validator};
use heroku_api::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const INVOICES: &str = r#"[{"id":"a","period_start":"2026-11-01","total":1}]"#;

/// Returns a response that ends its connection.
fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A server with one response for each request.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(responses: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&requests);
        tokio::spawn(async move {
            for response in responses {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                received
                    .lock()
                    .unwrap()
                    .push(String::from_utf8(head).unwrap());
                let _ = stream.write_all(&response).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { url, requests }
    }

    fn client(&self, timeout: Duration) -> Client {
        // Fails where another test came first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = ClientOptions {
            user_agent: "test",
            limits: Limits::within(timeout),
            proxy: None,
            duration_buckets: &[],
        };
        Client::new(self.url.parse().unwrap(), options).unwrap()
    }

    async fn invoices(&self, validator: Option<&Validator>) -> Result<Decoded<Invoices>, Error> {
        let client = self.client(Duration::from_secs(30));
        match client.invoices(&"token".into(), "ops", validator).await? {
            Conditional::Modified(decoded) => Ok(decoded),
            Conditional::NotModified => panic!("not modified"),
        }
    }

    /// Returns for each request whether it was conditional.
    fn conditions(&self) -> Vec<bool> {
        let requests = self.requests.lock().unwrap();
        let is_conditional = |head: &String| head.to_lowercase().contains("if-none-match");
        requests.iter().map(is_conditional).collect()
    }
}

async fn fetch(response: Vec<u8>) -> Result<Decoded<Invoices>, Error> {
    Server::start(vec![response]).await.invoices(None).await
}

#[tokio::test]
async fn rejects_partial_content_without_next_range() {
    let error = fetch(response("206 Partial Content", "", INVOICES.as_bytes())).await;
    assert!(matches!(error, Err(Error::Malformed(_))), "{error:?}");
    let first = response(
        "206 Partial Content",
        "next-range: id ]a..; max=1\r\n",
        INVOICES.as_bytes(),
    );
    let last = r#"[{"id":"b","period_start":"2026-10-01"}]"#;
    for status in ["206 Partial Content", "200 OK"] {
        let server = Server::start(vec![first.clone(), response(status, "", last.as_bytes())]);
        assert_eq!(server.await.invoices(None).await.unwrap().data.len(), 2);
    }
}

#[tokio::test]
async fn ignores_long_etags() {
    for (length, is_stored) in [(1_022, true), (1_023, false), (16_000, false)] {
        let etag = format!("etag: \"{}\"\r\n", "x".repeat(length));
        let decoded = fetch(response("200 OK", &etag, INVOICES.as_bytes())).await;
        let validator = decoded.unwrap().validator;
        assert_eq!(validator.is_some(), is_stored, "{length}");
    }
}

#[tokio::test]
async fn repeats_rejected_conditional_request_without_condition() {
    let good = response("200 OK", "etag: \"1\"\r\n", INVOICES.as_bytes());
    let statuses = [
        "400 Bad Request",
        "404 Not Found",
        "412 Precondition Failed",
        "416 Range",
    ];
    for status in statuses {
        let rejected = response(status, "", b"{}");
        let server = Server::start(vec![good.clone(), rejected, good.clone()]).await;
        let validator = server.invoices(None).await.unwrap().validator;
        let decoded = server.invoices(validator.as_ref()).await.unwrap();
        assert_eq!(decoded.data.len(), 1);
        assert_eq!(server.conditions(), [false, true, false], "{status}");
    }
    let limited = response("429 Too Many Requests", "", b"{}");
    let server = Server::start(vec![good, limited]).await;
    let validator = server.invoices(None).await.unwrap().validator;
    let error = server.invoices(validator.as_ref()).await;
    assert!(matches!(error, Err(Error::Status { status: 429, .. })));
    assert_eq!(server.conditions(), [false, true]);
}

#[tokio::test]
async fn reads_message_and_error_of_error_bodies() {
    let table = [
        (
            r#"{"id":"x","message":"m","error":"e"}"#,
            Some("x"),
            Some("m"),
        ),
        (r#"{"id":"x","error":"e"}"#, Some("x"), Some("e")),
        (r#"{"id":7,"message":["m"],"error":"e"}"#, None, Some("e")),
        (r#"{"error":{"id":"x"}}"#, None, None),
        ("<html>", None, None),
        (r#"["x","m"]"#, None, None),
    ];
    for (text, id, message) in table {
        let error = fetch(response("403 Forbidden", "", text.as_bytes())).await;
        let Err(Error::Status { body, .. }) = error else {
            panic!("{text}: {error:?}");
        };
        assert_eq!(
            (body.id.as_deref(), body.message.as_deref()),
            (id, message),
            "{text}"
        );
    }
}

#[tokio::test]
async fn decodes_several_gzip_members_and_byte_order_mark() {
    let member = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let (start, end) = INVOICES.split_at(20);
    let body = [member(start), member(""), member(end)].concat();
    let decoded = fetch(response("200 OK", "content-encoding: gzip\r\n", &body)).await;
    assert_eq!(decoded.unwrap().data.len(), 1);
    let marked = format!("\u{feff}{INVOICES}");
    let decoded = fetch(response("200 OK", "", marked.as_bytes())).await;
    assert_eq!(decoded.unwrap().data.len(), 1);
}

#[tokio::test]
async fn times_out_on_endless_informational_responses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server {
        url: format!("http://{}", listener.local_addr().unwrap()),
        requests: Arc::default(),
    };
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
        while stream.write_all(hints).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let client = server.client(Duration::from_secs(1));
    let error = client.invoices(&"token".into(), "ops", None).await;
    assert!(matches!(error, Err(Error::Timeout)), "{error:?}");
}
