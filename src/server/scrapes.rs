//! Scrapes as scrapers send them, over a connection that they keep: answered without hyper.
//!
//! A scraper asks for the same again and again, in the same bytes. To take a request apart and to put
//! an answer together, which hyper does each time, is half of a small scrape's work outside the
//! kernel; here it is done once for a connection. Anything else that is asked is hyper's to answer,
//! and so is everything where something is configured that each request has to be looked at for.

use std::io::{self, IoSlice};
use std::iter;
use std::pin::pin;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use smallvec::SmallVec;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::connection::{Hall, stopped};
use super::routes::Site;
use super::threads::Seat;
use super::wanted::Wanted;

/// The bytes of a request that is read here: several times what a scraper sends.
const REQUEST: usize = 2 << 10;

/// What a scraper says in its head, in small letters. Who says more may mean more.
const SAID: [&str; 5] = [
    "accept",
    "accept-encoding",
    "host",
    "user-agent",
    "x-prometheus-scrape-timeout-seconds",
];

/// After so many bytes of answers it is seen whether the connection is with the right thread: too
/// seldom to be felt, and soon enough where each answer is long.
const LOOK_AFTER: usize = 1 << 20;

/// Why no more scrapes are answered here.
#[derive(Debug)]
pub(super) enum Left {
    /// The connection has ended, or has to.
    Ended,
    /// Another thread would serve it better.
    Misplaced,
    /// Something else is asked, of which so much was read.
    Asked(Bytes),
}

impl Hall {
    /// Answers scrapes until something else comes.
    pub(super) async fn answer_scrapes(
        &self,
        stream: &mut TcpStream,
        seat: &Seat,
        stop: watch::Receiver<bool>,
    ) -> Left {
        let Some(site) = self.routes.site() else {
            return Left::Asked(Bytes::new());
        };
        let place = self.traffic.place(site.path());
        let mut wicket = self.gate.wicket();
        let patience = self.limits.idle + self.limits.farewell;
        let mut read = vec![0; REQUEST];
        let mut known: Option<Known> = None;
        let (mut head, mut end) = (Vec::new(), Vec::new());
        let mut answered = Instant::now();
        let mut idle = pin!(sleep_until(answered + self.limits.idle));
        let mut stop = pin!(stopped(stop));
        let mut bytes = 0;
        loop {
            let length = tokio::select! {
                biased;
                () = stop.as_mut() => return Left::Ended,
                length = stream.read(&mut read) => length.unwrap_or(0),
                () = idle.as_mut() => {
                    // It is set again only here, because to set it costs more than to read the clock.
                    let until = answered + self.limits.idle;
                    if until <= Instant::now() {
                        return Left::Ended;
                    }
                    idle.as_mut().reset(until);
                    continue;
                }
            };
            if length == 0 {
                return Left::Ended;
            }
            let asked = &read[..length];
            if known.as_ref().is_none_or(|known| known.asked != asked) {
                known = Known::new(asked, site.path());
            }
            let (Some(known), Some(_passed)) = (&mut known, wicket.pass()) else {
                return Left::Asked(Bytes::copy_from_slice(asked));
            };
            let pieces = site.body(known.wanted, &mut end).await;
            let length = pieces.iter().map(Bytes::len).sum::<usize>() + end.len();
            known.write_head(&mut head, length, site.now());
            self.traffic.count(place, StatusCode::OK);
            let shared = pieces.iter().map(|piece| &piece[..]);
            let all = iter::once(&head[..]).chain(shared).chain([&end[..]]);
            let mut slices: SmallVec<[_; 8]> = all.map(IoSlice::new).collect();
            if !write(stream, &mut slices, patience).await {
                return Left::Ended;
            }
            answered = Instant::now();
            bytes += length;
            if bytes >= LOOK_AFTER {
                bytes = 0;
                if !seat.fits(stream) {
                    return Left::Misplaced;
                }
            }
        }
    }
}

/// Writes it all, if the client takes it in time.
async fn write(stream: &mut TcpStream, mut slices: &mut [IoSlice<'_>], patience: Duration) -> bool {
    // Most often the system takes it all at once, and there is no need of a timer.
    if let Ok(written) = stream.try_write_vectored(slices) {
        IoSlice::advance_slices(&mut slices, written);
    }
    if slices.is_empty() {
        return true;
    }
    let rest = async {
        while !slices.is_empty() {
            match stream.write_vectored(slices).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => IoSlice::advance_slices(&mut slices, written),
            }
        }
        io::Result::Ok(())
    };
    matches!(timeout(patience, rest).await, Ok(Ok(())))
}

/// A request that was understood, and what of its answers follows from it.
#[derive(Debug)]
struct Known {
    asked: Vec<u8>,
    wanted: Wanted,
    /// The head of an answer, up to its length.
    beginning: Vec<u8>,
    /// The second of the last answer, and the header that tells it.
    date: (i64, String),
}

impl Known {
    /// Understands a request, where it is a scrape and nothing else.
    fn new(asked: &[u8], telemetry_path: &str) -> Option<Self> {
        let mut headers = [httparse::EMPTY_HEADER; SAID.len()];
        let mut request = httparse::Request::new(&mut headers);
        let status = request.parse(asked).ok()?;
        let is_scrape = status == httparse::Status::Complete(asked.len())
            && request.method == Some("GET")
            && request.path == Some(telemetry_path)
            && request.version == Some(1);
        if !is_scrape {
            return None;
        }
        let mut said = HeaderMap::new();
        for header in request.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
            if !SAID.contains(&name.as_str()) {
                return None;
            }
            said.append(name, HeaderValue::from_bytes(header.value).ok()?);
        }
        let wanted = Wanted::by(&said);
        let mut beginning = b"HTTP/1.1 200 OK\r\n".to_vec();
        for (name, value) in &Site::headers(wanted) {
            beginning.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        beginning.extend(b"content-length: ");
        Some(Self {
            asked: asked.to_vec(),
            wanted,
            beginning,
            date: (i64::MIN, String::new()),
        })
    }

    /// Writes the head of an answer with a body of `length` bytes.
    fn write_head(&mut self, head: &mut Vec<u8>, length: usize, now: Timestamp) {
        if self.date.0 != now.as_second() {
            // Years that the format cannot tell are told by none.
            let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
            let line = date.map_or_else(|_| String::new(), |date| format!("date: {date}\r\n"));
            self.date = (now.as_second(), line);
        }
        head.clear();
        head.extend_from_slice(&self.beginning);
        head.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
        head.extend_from_slice(b"\r\n");
        head.extend_from_slice(self.date.1.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::encode::Dialect;

    const OPENMETRICS: &str = "Accept: application/openmetrics-text;version=1.0.0;q=0.5\r\n";

    fn known(request: &str) -> Option<Known> {
        Known::new(request.as_bytes(), "/metrics")
    }

    #[test]
    fn what_scrapers_send_is_a_scrape() {
        let (prometheus, curl, wrk) = (
            format!(
                "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9151\r\n\
                 User-Agent: Prometheus/3.5.0\r\n{OPENMETRICS}Accept-Encoding: gzip\r\n\
                 X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n"
            ),
            "GET /metrics HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n",
            "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        );
        let read = [&prometheus, curl, wrk].map(|request| {
            let Wanted { dialect, gzip } = known(request).unwrap().wanted;
            (dialect, gzip)
        });
        let classic = (Dialect::Classic, false);
        assert_eq!(read, [(Dialect::OpenMetrics, true), classic, classic]);
    }

    #[test]
    fn who_says_more_is_not_understood() {
        for request in [
            "",
            "GET /metrics HTTP/1.1\r\nHost: x\r\n",
            "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n\r\n",
            "GET /metrics HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
            "GET /metrics HTTP/1.0\r\n\r\n",
            "HEAD /metrics HTTP/1.1\r\n\r\n",
            "GET /metrics/ HTTP/1.1\r\n\r\n",
            "GET /metrics?name=x HTTP/1.1\r\n\r\n",
            "GET /metrics HTTP/1.1\r\nAuthorization: Basic eDp5\r\n\r\n",
            "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n",
            "GET /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            "GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET /metrics HTTP/1.1\r\nHost: x\r\nHost: x\r\nHost: x\r\nHost: x\r\nHost: x\r\nHost: x\r\n\r\n",
        ] {
            assert!(known(request).is_none(), "{request}");
        }
    }

    #[test]
    fn the_date_is_told_where_the_format_has_it() {
        let mut known = known("GET /metrics HTTP/1.1\r\n\r\n").unwrap();
        let mut head = Vec::new();
        let mut dated = |now| {
            known.write_head(&mut head, 7, now);
            let head = str::from_utf8(&head).unwrap();
            let (_, end) = head.split_once("content-length: 7\r\n").unwrap();
            end.to_owned()
        };
        let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";
        assert_eq!(dated(Timestamp::constant(784_111_777, 0)), date);
        assert_eq!(dated(Timestamp::constant(784_111_777, 999_999_999)), date);
        assert_ne!(dated(Timestamp::constant(784_111_778, 0)), date);
        assert_eq!(dated(Timestamp::MIN), "\r\n");
    }
}
