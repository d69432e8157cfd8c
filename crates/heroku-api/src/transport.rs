//! One request and its answer: the headers, the limits, the count of what it cost, and the error for
//! whatever goes wrong.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::fmt::rfc2822;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, DATE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::error::{ApiErrorBody, Error};
use super::redaction::{printable, without_token};
use crate::loopback::is_loopback;
use crate::stats::{ClientStats, Endpoint};

/// The version of the API that the client speaks, as Heroku wants it asked for.
const HEROKU_JSON: HeaderValue = HeaderValue::from_static("application/vnd.heroku+json; version=3");

/// The bytes of an error's body that are read: Heroku's are a line of JSON.
const ERROR_BODY: usize = 64 << 10;

/// How long to wait and how much to read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a connection to be made.
    pub connect: Duration,
    /// For the next piece of an answer.
    pub idle: Duration,
    /// For one request in all.
    pub request: Duration,
    /// The bytes of one answer, decompressed, with all its pages.
    pub body: usize,
}

impl Limits {
    /// The limits of requests that may take `request` each. Heroku answers in about a second; the
    /// largest answer expected, two months of ten thousand apps, is about two megabytes.
    pub fn within(request: Duration) -> Self {
        Self {
            connect: request.min(Duration::from_secs(10)),
            idle: request.min(Duration::from_secs(15)),
            request,
            body: 32 << 20,
        }
    }
}

/// What sends requests to one API.
#[derive(Debug)]
pub(super) struct Transport {
    http: reqwest::Client,
    pub(super) limits: Limits,
    traffic: Mutex<ClientStats>,
    /// What Heroku said of the rate limit since it was last asked for.
    rate_limit_news: Mutex<Option<u64>>,
}

/// The client could not be made: the system gives no certificates that can be used.
#[derive(Debug, thiserror::Error)]
#[error("the HTTPS client could not be set up")]
pub struct ClientError(#[from] reqwest::Error);

/// One request: for what, how, and how many bytes the answer may have.
pub(super) struct ApiRequest<'a> {
    pub(super) url: &'a Url,
    pub(super) headers: HeaderMap,
    pub(super) room: usize,
}

/// One answer to one request.
pub(super) struct Page {
    pub(super) body: String,
    pub(super) next: Option<HeaderValue>,
    pub(super) etag: Option<String>,
}

impl Transport {
    pub(super) fn new(
        api_url: &Url,
        user_agent: &str,
        limits: Limits,
    ) -> Result<Self, ClientError> {
        let mut http = reqwest::Client::builder()
            .user_agent(user_agent)
            .default_headers(HeaderMap::from_iter([(ACCEPT, HEROKU_JSON)]))
            .redirect(redirect::Policy::none())
            .connect_timeout(limits.connect)
            .read_timeout(limits.idle)
            .timeout(limits.request);
        if is_loopback(api_url) {
            http = http.no_proxy();
        }
        if api_url.scheme() == "http" {
            // Needs no certificates, so that a machine that has none can run the demo.
            http = http.tls_certs_only([]);
        }
        let http = http.build()?;
        Ok(Self {
            http,
            limits,
            traffic: Mutex::default(),
            rate_limit_news: Mutex::default(),
        })
    }

    pub(super) fn set_stats(&mut self, stats: ClientStats) {
        *held(&self.traffic) = stats;
    }

    pub(super) fn traffic(&self) -> ClientStats {
        held(&self.traffic).clone()
    }

    pub(super) fn take_rate_limit_news(&self) -> Option<u64> {
        held(&self.rate_limit_news).take()
    }

    /// Sends one request and counts it. `None` is Heroku's word that nothing changed.
    pub(super) async fn get(
        &self,
        endpoint: Endpoint,
        token: &SecretString,
        ask: ApiRequest<'_>,
    ) -> Result<Option<Page>, Error> {
        let ApiRequest { url, headers, room } = ask;
        let started = Instant::now();
        // Only a conditional request can be answered with the word that nothing changed.
        let may_be_unchanged = headers.contains_key(IF_NONE_MATCH);
        let sent = self.send(token, url, headers).await;
        let status = sent
            .as_ref()
            .ok()
            .map(|response| response.status().as_u16());
        let answered = match sent {
            Ok(response) => {
                self.note_rate_limit(&response);
                match response.status() {
                    StatusCode::NOT_MODIFIED if may_be_unchanged => Ok(None),
                    _ => self.receive(token, response, room).await.map(Some),
                }
            }
            Err(error) => Err(error),
        };
        held(&self.traffic).record(endpoint, status, started.elapsed());
        answered
    }

    async fn send(
        &self,
        token: &SecretString,
        url: &Url,
        headers: HeaderMap,
    ) -> Result<Response, Error> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Error::InvalidToken)?;
        authorization.set_sensitive(true);
        let request = self
            .http
            .get(url.clone())
            .headers(headers)
            .header(AUTHORIZATION, authorization);
        request.send().await.map_err(transport)
    }

    fn note_rate_limit(&self, response: &Response) {
        let header = response.headers().get("ratelimit-remaining");
        if let Some(remaining) = header.and_then(|value| value.to_str().ok()?.trim().parse().ok()) {
            held(&self.traffic).rate_limit_remaining = Some(remaining);
            *held(&self.rate_limit_news) = Some(remaining);
        }
    }

    async fn receive(
        &self,
        token: &SecretString,
        response: Response,
        room: usize,
    ) -> Result<Page, Error> {
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::Redirect {
                status: status.as_u16(),
            });
        }
        if !matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Err(self.refused(token, response).await);
        }
        let next = response.headers().get("next-range").cloned();
        let etag =
            header(&response, ETAG.as_str()).filter(|etag| !etag.contains(token.expose_secret()));
        let body = String::from_utf8(self.body(response, room).await?)
            .map_err(|_| Error::Malformed("it is not UTF-8".into()))?;
        Ok(Page {
            body: without_token(token, body),
            next,
            etag,
        })
    }

    /// Reads a body up to the limit; it is counted decompressed, so that a small answer cannot
    /// unfold into a large one.
    async fn body(&self, mut response: Response, room: usize) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(transport)? {
            if body.len() + piece.len() > room {
                return Err(Error::TooLarge(self.limits.body));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// The error for an answer that is a refusal, with what Heroku's error body says of it.
    async fn refused(&self, token: &SecretString, response: Response) -> Error {
        #[derive(Default, Deserialize)]
        struct ErrorBody {
            id: Option<String>,
            message: Option<String>,
        }
        let status = response.status().as_u16();
        let retry_after = retry_after(&response);
        let request_id = header(&response, "request-id");
        // A refusal stays one whether or not its body can be read: a 5xx is often HTML.
        let body = self.body(response, ERROR_BODY).await.unwrap_or_default();
        let body: ErrorBody = serde_json::from_slice(&body).unwrap_or_default();
        let said = |text: Option<String>| text.map(|text| printable(token, &text));
        let explanation = ApiErrorBody {
            id: said(body.id),
            message: said(body.message),
            request_id: said(request_id),
        };
        Error::Status {
            status,
            explanation,
            retry_after,
        }
    }
}

/// What a lock guards. Each change to it is whole, so that even a panic in between leaves it sound.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pause that an answer asks for: `Retry-After` as seconds, or as a date, which is measured
/// against the answer's own `Date` because the two clocks may differ.
fn retry_after(response: &Response) -> Option<Duration> {
    let asked = header(response, RETRY_AFTER.as_str())?;
    let asked = asked.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = rfc2822::parse(asked).ok()?.timestamp();
    let said = rfc2822::parse(&header(response, DATE.as_str())?)
        .ok()?
        .timestamp();
    Duration::try_from(until.duration_since(said)).ok()
}

fn header(response: &Response, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

/// The error for a connection that could not be made, broke, or brought what cannot be
/// decompressed.
fn transport(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        Error::Timeout
    } else if is_bad_compression(&error) {
        Error::Malformed("it is not compressed as its Content-Encoding says".into())
    } else {
        Error::Network(error.without_url())
    }
}

/// Whether a decompressor could make nothing of what came. reqwest calls everything that goes wrong
/// within a body a decoding error, a lost connection too.
fn is_bad_compression(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(
            kind,
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(headers: &[(&str, &str)]) -> Response {
        let builder = http::Response::builder().status(429);
        let builder = headers.iter().fold(builder, |builder, (name, value)| {
            builder.header(*name, *value)
        });
        builder.body("").unwrap().into()
    }

    #[test]
    fn a_pause_is_read_as_seconds_and_as_a_date() {
        let table = [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("Mon, 23 Nov 2026 12:00:30 GMT", Some(30)),
            ("Mon, 23 Nov 2026 11:59:59 GMT", None),
            ("-7", None),
            ("soon", None),
            ("", None),
        ];
        for (text, seconds) in table {
            let response = response(&[
                ("date", "Mon, 23 Nov 2026 12:00:00 GMT"),
                ("retry-after", text),
            ]);
            assert_eq!(
                retry_after(&response),
                seconds.map(Duration::from_secs),
                "{text:?}"
            );
        }
        assert_eq!(
            retry_after(&response(&[(
                "retry-after",
                "Mon, 23 Nov 2026 12:00:30 GMT"
            )])),
            None
        );
    }
}
