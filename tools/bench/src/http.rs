//! A minimal HTTP client that returns compressed bodies, so that their bytes can be compared.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;

/// The `Accept` header of Prometheus 3.
pub(crate) const ACCEPT_PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// The `Accept` header of a client that supports only the text format 0.0.4.
pub(crate) const ACCEPT_TEXT: &str = "text/plain;version=0.0.4";

/// All variants of a body: the `Accept` header, and whether the body is compressed with gzip.
pub(crate) const VARIANTS: [(&str, bool); 4] = [
    (ACCEPT_PROMETHEUS, true),
    (ACCEPT_PROMETHEUS, false),
    (ACCEPT_TEXT, true),
    (ACCEPT_TEXT, false),
];

/// The read timeout.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    /// The body as received.
    pub(crate) body: Vec<u8>,
    pub(crate) gzip: bool,
}

/// Sends a `GET` request over a new connection.
pub(crate) fn get(
    address: SocketAddr,
    path: &str,
    accept: &str,
    gzip: bool,
) -> anyhow::Result<Response> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    let encoding = if gzip { "gzip" } else { "identity" };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nAccept-Encoding: {encoding}\r\n\r\n"
    );
    stream.get_mut().write_all(request.as_bytes())?;
    let status_line = read_line(&mut stream)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .with_context(|| format!("invalid status line {status_line:?}"))?;
    let mut response = Response {
        status,
        content_type: String::new(),
        body: Vec::new(),
        gzip: false,
    };
    let mut length = None;
    loop {
        let line = read_line(&mut stream)?;
        let Some((name, value)) = line.split_once(": ") else {
            ensure!(line.is_empty(), "invalid header {line:?}");
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value.parse::<usize>()?),
            "content-type" => value.clone_into(&mut response.content_type),
            "content-encoding" => response.gzip = value == "gzip",
            _ => {}
        }
    }
    response
        .body
        .resize(length.context("missing Content-Length")?, 0);
    stream.read_exact(&mut response.body)?;
    Ok(response)
}

fn read_line(stream: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut line = String::new();
    ensure!(stream.read_line(&mut line)? > 0, "connection closed");
    line.truncate(line.trim_end().len());
    Ok(line)
}

impl Response {
    /// Returns the decompressed body.
    pub(crate) fn text(&self) -> anyhow::Result<String> {
        if !self.gzip {
            return Ok(String::from_utf8(self.body.clone())?);
        }
        let mut text = String::new();
        let mut decoder = GzDecoder::new(self.body.as_slice());
        decoder.read_to_string(&mut text)?;
        ensure!(
            decoder.into_inner().is_empty(),
            "data after the gzip member"
        );
        Ok(text)
    }
}
