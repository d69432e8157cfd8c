//! A client that reads and writes HTTP/1.1 by itself. The simulator's HTTP library does not get to
//! judge its own work, and a broken answer is seen as it came.

#![expect(dead_code, reason = "each test file uses its part of the client")]

use std::io::{self, Read};
use std::time::{Duration, Instant};

use heroku_sim::Simulator;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request that can still be changed. It begins as one that the simulator accepts.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

/// What came back, down to how the connection ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: io::Result<()>,
    pub(crate) took: Duration,
}

pub(crate) fn ask(heroku: &Simulator, path: &str) -> Ask {
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
    Ask {
        method: "GET".to_owned(),
        path: path.to_owned(),
        headers,
    }
}

pub(crate) async fn get(heroku: &Simulator, path: &str) -> Reply {
    ask(heroku, path).send(heroku).await
}

impl Ask {
    pub(crate) fn method(mut self, method: &str) -> Ask {
        self.method = method.to_owned();
        self
    }

    /// Sets a header in place of what it was.
    pub(crate) fn with(self, name: &str, value: &str) -> Ask {
        let mut ask = self.without(name);
        ask.headers.push((name.to_owned(), value.to_owned()));
        ask
    }

    pub(crate) fn without(mut self, name: &str) -> Ask {
        self.headers
            .retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) async fn send(&self, heroku: &Simulator) -> Reply {
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
        let end = tcp.read_to_end(&mut bytes).await.map(drop);
        Reply::read(&bytes, end, started.elapsed())
    }
}

impl Reply {
    fn read(bytes: &[u8], end: io::Result<()>, took: Duration) -> Reply {
        let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Reply {
                status: None,
                headers: Vec::new(),
                body: bytes.to_vec(),
                end,
                took,
            };
        };
        let head = std::str::from_utf8(&bytes[..at]).unwrap();
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
        Reply {
            status,
            headers: headers.collect(),
            body: bytes[at + 4..].to_vec(),
            end,
            took,
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

    pub(crate) fn error_id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

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
