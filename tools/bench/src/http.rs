//! A connection over which one thing after the other is asked for, and the bytes of each answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;

/// What Prometheus 3 sends as `Accept`.
pub(crate) const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// What a client that knows classic text alone sends.
pub(crate) const CLASSIC: &str = "text/plain;version=0.0.4";

/// The longest that an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Every way in which a body can be asked for: the `Accept`, and whether compressed.
pub(crate) const FORMS: [(&str, bool); 4] = [
    (PROMETHEUS, true),
    (PROMETHEUS, false),
    (CLASSIC, true),
    (CLASSIC, false),
];

#[derive(Debug)]
pub(crate) struct Connection(BufReader<TcpStream>);

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    /// As it came.
    pub(crate) body: Vec<u8>,
    pub(crate) gzip: bool,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self(BufReader::with_capacity(1 << 16, stream)))
    }

    /// `GET` of a path, accepting what a client does that sends `accept`.
    pub(crate) fn get(&mut self, path: &str, accept: &str, gzip: bool) -> anyhow::Result<Answer> {
        let encoding = if gzip { "gzip" } else { "identity" };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nAccept-Encoding: {encoding}\r\n\r\n"
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let status = status
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .with_context(|| format!("{status:?} is no status"))?;
        let mut answer = Answer {
            status,
            content_type: String::new(),
            body: Vec::new(),
            gzip: false,
        };
        let mut length = None;
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else {
                ensure!(line.is_empty(), "a header that is none: {line:?}");
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = Some(value.parse::<usize>()?),
                "content-type" => value.clone_into(&mut answer.content_type),
                "content-encoding" => answer.gzip = value == "gzip",
                _ => {}
            }
        }
        answer
            .body
            .resize(length.context("the answer has no length")?, 0);
        self.0.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line)?;
        ensure!(read > 0, "the connection was closed");
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

impl Answer {
    /// The body as a text, decompressed.
    pub(crate) fn text(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        if self.gzip {
            let mut decoder = GzDecoder::new(self.body.as_slice());
            decoder.read_to_string(&mut text)?;
            ensure!(
                decoder.into_inner().is_empty(),
                "something stands behind the gzip member"
            );
        } else {
            self.body.as_slice().read_to_string(&mut text)?;
        }
        Ok(text)
    }
}
