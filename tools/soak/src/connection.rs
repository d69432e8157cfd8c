//! HTTP connections for scrapes.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};
use exposition_parser::Format;
use flate2::read::GzDecoder;

/// The read timeout.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The requested format and encoding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScrapeRequest {
    pub(crate) format: Format,
    pub(crate) gzip: bool,
}

impl ScrapeRequest {
    fn encode(self) -> Vec<u8> {
        let accept = match self.format {
            Format::Text => "text/plain;version=0.0.4",
            Format::OpenMetrics => {
                "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
            }
        };
        let encoding = if self.gzip { "gzip" } else { "identity" };
        format!(
            "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nAccept-Encoding: {encoding}\r\n\r\n"
        )
        .into_bytes()
    }

    fn content_type(self) -> &'static str {
        match self.format {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The server closed the connection before it sent a response.
#[derive(Debug, thiserror::Error)]
#[error("connection closed before a response")]
pub(crate) struct ConnectionClosed;

/// A persistent connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    /// The number of remaining scrapes, after which the client closes the connection.
    pub(crate) scrapes_left: u32,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("failed to connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self {
            stream: BufReader::with_capacity(1 << 16, stream),
            scrapes_left: 0,
        })
    }

    /// Sends a request, and returns the decompressed body.
    ///
    /// # Errors
    ///
    /// Returns [`ConnectionClosed`] if the server closed the connection before it sent a response,
    /// or another error if the response is not a valid 200.
    pub(crate) fn scrape(&mut self, request: ScrapeRequest) -> anyhow::Result<String> {
        self.scrapes_left = self.scrapes_left.saturating_sub(1);
        if let Err(error) = self.stream.get_mut().write_all(&request.encode()) {
            return Err(classify(error));
        }
        let mut status = String::new();
        match self.stream.read_line(&mut status) {
            Ok(0) => return Err(ConnectionClosed.into()),
            Ok(_) => {}
            Err(error) => return Err(classify(error)),
        }
        ensure!(
            status.trim_end() == "HTTP/1.1 200 OK",
            "unexpected status line: {}",
            status.trim_end()
        );
        let (mut length, mut content_type, mut gzip) = (None, String::new(), false);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                ensure!(line == "\r\n", "invalid header: {line:?}");
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = Some(value.parse::<usize>()?),
                "content-type" => value.clone_into(&mut content_type),
                "content-encoding" => gzip = value == "gzip",
                _ => {}
            }
        }
        ensure!(
            content_type == request.content_type(),
            "unexpected content type {content_type}"
        );
        ensure!(gzip == request.gzip, "unexpected content encoding");
        let mut body = vec![0; length.context("missing Content-Length")?];
        self.stream
            .read_exact(&mut body)
            .context("truncated body")?;
        if !gzip {
            return Ok(String::from_utf8(body)?);
        }
        let mut text = String::with_capacity(body.len() * 12);
        let mut decoder = GzDecoder::new(body.as_slice());
        decoder.read_to_string(&mut text).context("invalid gzip")?;
        ensure!(
            decoder.into_inner().is_empty(),
            "data after the gzip member"
        );
        Ok(text)
    }
}

/// Converts the errors of a closed connection to [`ConnectionClosed`].
fn classify(error: std::io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            ConnectionClosed.into()
        }
        _ => error.into(),
    }
}
