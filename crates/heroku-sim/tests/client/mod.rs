//! A minimal HTTP/1.1 client that does not use the simulator's HTTP library and returns malformed
//! and partial responses unchanged.

#![expect(dead_code, reason = "no test file uses all functions")]

use std::io::{self, Read};
use std::time::{Duration, Instant};

use heroku_sim::Simulator;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request with valid default headers.
#[derive(Debug, Clone)]
pub(crate) struct TestRequest {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

/// A response, possibly partial.
#[derive(Debug)]
pub(crate) struct TestResponse {
    /// `None` if the head is incomplete; `body` is then everything that was received.
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// `Ok` if the server closed the connection with a FIN.
    pub(crate) close_result: io::Result<()>,
    pub(crate) duration: Duration,
}

/// Returns a valid `GET` request with the token of the simulator.
pub(crate) fn request_to(heroku: &Simulator, path: &str) -> TestRequest {
    let headers = [
        (
            "Accept",
            "application/vnd.heroku+json; version=3".to_owned(),
        ),
        ("Authorization", format!("Bearer {}", heroku.token())),
        ("User-Agent", "tests/1.0".to_owned()),
    ];
    let headers = headers
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
    TestRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        headers,
    }
}

pub(crate) async fn get(heroku: &Simulator, path: &str) -> TestResponse {
    request_to(heroku, path).send(heroku).await
}

impl TestRequest {
    pub(crate) fn method(mut self, method: &str) -> TestRequest {
        self.method = method.to_owned();
        self
    }

    /// Sets or replaces a header.
    pub(crate) fn with_header(self, name: &str, value: &str) -> TestRequest {
        let mut request = self.without_header(name);
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    }

    pub(crate) fn without_header(mut self, name: &str) -> TestRequest {
        self.headers
            .retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) async fn send(&self, heroku: &Simulator) -> TestResponse {
        let started = Instant::now();
        let mut tcp = TcpStream::connect(heroku.addr()).await.unwrap();
        let mut request = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.method,
            self.path,
            heroku.addr()
        );
        for (name, value) in &self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        tcp.write_all(format!("{request}\r\n").as_bytes())
            .await
            .unwrap();
        let mut bytes = Vec::new();
        let close_result = tcp.read_to_end(&mut bytes).await.map(drop);
        TestResponse::parse(&bytes, close_result, started.elapsed())
    }
}

impl TestResponse {
    fn parse(bytes: &[u8], close_result: io::Result<()>, duration: Duration) -> TestResponse {
        let Some(head_end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return TestResponse {
                status: None,
                headers: Vec::new(),
                body: bytes.to_vec(),
                close_result,
                duration,
            };
        };
        let head = std::str::from_utf8(&bytes[..head_end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .ok();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        TestResponse {
            status,
            headers: headers.collect(),
            body: bytes[head_end + 4..].to_vec(),
            close_result,
            duration,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Returns the `id` of an error body.
    pub(crate) fn error_id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// Returns the `id` of each row of a list.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.json()
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn gunzipped(&self) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(self.body.as_slice()).read_to_end(&mut plain)?;
        Ok(plain)
    }
}
