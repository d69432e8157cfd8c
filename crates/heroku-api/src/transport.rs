//! Sends single requests: headers, limits, statistics and errors.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::fmt::rfc2822;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, DATE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::{NoProxy, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::body::{BodyDecoder, BodyError};
use super::error::{ApiErrorBody, Error};
use super::redaction::{redact, sanitize};
use crate::decode::field::Field;
use crate::stats::{ClientStats, Endpoint};

/// Selects the version of the API.
const HEROKU_JSON: HeaderValue = HeaderValue::from_static("application/vnd.heroku+json; version=3");

/// Selects the variant of the version that marks metered add-ons.
const HEROKU_JSON_SDK: HeaderValue =
    HeaderValue::from_static("application/vnd.heroku+json; version=3.sdk");

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// The longest `ETag` that is stored and sent back, in bytes. Heroku's have 34.
const MAX_ETAG: usize = 1 << 10;

/// The largest body of an error response, in bytes.
const MAX_ERROR_BODY: usize = 64 << 10;

/// Timeouts, and the size limit of responses.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The timeout for establishing a connection.
    pub connect: Duration,
    /// The timeout between two reads of a body.
    pub idle: Duration,
    /// The timeout for a whole request.
    pub request: Duration,
    /// The largest response in bytes: all pages together, decompressed.
    pub body: usize,
}

impl Limits {
    /// Returns the limits for requests with the timeout `request`. The largest response expected, two
    /// months of ten thousand apps, has about two megabytes.
    pub fn within(request: Duration) -> Self {
        Self {
            connect: request.min(Duration::from_secs(10)),
            idle: request.min(Duration::from_secs(15)),
            request,
            body: 32 << 20,
        }
    }
}

/// How a client connects.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions<'a> {
    /// The `User-Agent` header.
    pub user_agent: &'a str,
    /// The limits of each request.
    pub limits: Limits,
    /// The proxy; variables in the environment (`HTTPS_PROXY`) have no effect.
    pub proxy: Option<&'a Proxy>,
    /// The upper bounds of the buckets in which durations of requests are counted, in seconds.
    pub duration_buckets: &'a [f64],
}

/// A proxy and the hosts that are reached without it.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// An `http` or `https` URL, which may contain a user and a password.
    pub url: SecretString,
    /// Hosts, domains such as `.example.com`, and networks such as `10.0.0.0/8`, separated by commas.
    pub no_proxy: String,
}

/// Sends requests to one API.
#[derive(Debug)]
pub(super) struct Transport {
    http: reqwest::Client,
    pub(super) limits: Limits,
    recorded: Mutex<Recorded>,
}

/// What is recorded of the requests.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) stats: ClientStats,
    /// The last remainder of the rate limit, until the caller takes it.
    pub(super) rate_limit_remaining: Option<u64>,
}

/// The client cannot be created: the proxy or the system's certificates are not usable.
#[derive(Debug, thiserror::Error)]
#[error("the HTTPS client could not be set up")]
pub struct ClientError(#[from] reqwest::Error);

/// A successful response.
pub(super) struct Page {
    pub(super) body: String,
    /// The `Range` of the next page.
    pub(super) next_range: Option<HeaderValue>,
    pub(super) etag: Option<String>,
    /// Whether this is a part of the list (status 206).
    pub(super) is_partial: bool,
}

impl Transport {
    pub(super) fn new(api_url: &Url, options: ClientOptions<'_>) -> Result<Self, ClientError> {
        let ClientOptions {
            user_agent,
            limits,
            proxy,
            duration_buckets,
        } = options;
        let mut http = reqwest::Client::builder()
            .user_agent(user_agent)
            .default_headers(HeaderMap::from_iter([
                (ACCEPT, HEROKU_JSON),
                (ACCEPT_ENCODING, GZIP),
            ]))
            .redirect(redirect::Policy::none())
            .connect_timeout(limits.connect)
            .read_timeout(limits.idle)
            .timeout(limits.request);
        // The variables in the environment have no effect.
        http = http.no_proxy();
        if let Some(Proxy { url, no_proxy }) = proxy {
            let proxy = reqwest::Proxy::all(url.expose_secret())?;
            http = http.proxy(proxy.no_proxy(NoProxy::from_string(no_proxy)));
        }
        if api_url.scheme() == "http" {
            // Needs no certificates, so that a machine that has none can run the demo.
            http = http.tls_certs_only([]);
        }
        let http = http.build()?;
        Ok(Self {
            http,
            limits,
            recorded: Mutex::new(Recorded {
                stats: ClientStats::new(duration_buckets),
                ..Recorded::default()
            }),
        })
    }

    /// A panic cannot leave this inconsistent, because each change is one assignment.
    pub(super) fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request and records it. Returns `None` for status 304. `max_body` is in bytes.
    pub(super) async fn get(
        &self,
        endpoint: Endpoint,
        token: &SecretString,
        url: &Url,
        mut headers: HeaderMap,
        max_body: usize,
    ) -> Result<Option<Page>, Error> {
        if endpoint == Endpoint::Addons {
            headers.insert(ACCEPT, HEROKU_JSON_SDK);
        }
        let started = Instant::now();
        let is_conditional = headers.contains_key(IF_NONE_MATCH);
        let mut status = None;
        let result = match self.send(token, url, headers).await {
            Ok(response) => {
                status = Some(response.status().as_u16());
                self.record_rate_limit(&response);
                match response.status() {
                    StatusCode::NOT_MODIFIED if is_conditional => Ok(None),
                    _ => self.receive(token, response, max_body).await.map(Some),
                }
            }
            Err(error) => Err(error),
        };
        let duration = started.elapsed();
        self.recorded().stats.record(endpoint, status, duration);
        result
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
        request.send().await.map_err(transport_error)
    }

    fn record_rate_limit(&self, response: &Response) {
        let remaining = header(response, "ratelimit-remaining");
        if let Some(remaining) = remaining.and_then(|value| value.trim().parse().ok()) {
            let mut recorded = self.recorded();
            recorded.stats.rate_limit_remaining = Some(remaining);
            recorded.rate_limit_remaining = Some(remaining);
        }
    }

    async fn receive(
        &self,
        token: &SecretString,
        response: Response,
        max_body: usize,
    ) -> Result<Page, Error> {
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::Redirect {
                status: status.as_u16(),
            });
        }
        if !matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Err(self.status_error(token, response).await);
        }
        let next_range = response.headers().get("next-range").cloned();
        let is_valid =
            |etag: &String| etag.len() <= MAX_ETAG && !etag.contains(token.expose_secret());
        let etag = header(&response, ETAG.as_str()).filter(is_valid);
        let body = String::from_utf8(self.body(response, max_body).await?)
            .map_err(|_| Error::Malformed("not UTF-8".into()))?;
        // A byte order mark is not JSON, but some servers write one (RFC 8259, section 8.1).
        let body = match body.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => body,
        };
        Ok(Page {
            body: redact(token, body),
            next_range,
            etag,
            is_partial: status == StatusCode::PARTIAL_CONTENT,
        })
    }

    /// Reads a body up to the limit, which applies after decompression.
    async fn body(&self, mut response: Response, max_body: usize) -> Result<Vec<u8>, Error> {
        let body_error = |error| match error {
            BodyError::TooLarge => Error::TooLarge(self.limits.body),
            BodyError::Invalid => {
                Error::Malformed("body does not match its Content-Encoding".into())
            }
        };
        let encoding = header(&response, CONTENT_ENCODING.as_str());
        let decoder = BodyDecoder::new(encoding.as_deref(), max_body);
        let mut decoder = decoder.map_err(body_error)?;
        while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
            decoder.add(&chunk).map_err(body_error)?;
        }
        decoder.finish().map_err(body_error)
    }

    /// Returns the error for an error status.
    async fn status_error(&self, token: &SecretString, response: Response) -> Error {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct ErrorBody {
            id: Field<String>,
            message: Field<String>,
            // Some of Heroku's services write this instead of `message`.
            error: Field<String>,
        }
        let status = response.status().as_u16();
        let retry_after = retry_after(&response);
        let request_id = header(&response, "request-id");
        // The body of a 5xx is often HTML.
        let body = self
            .body(response, MAX_ERROR_BODY)
            .await
            .unwrap_or_default();
        let body: ErrorBody = match body.trim_ascii_start() {
            object @ [b'{', ..] => serde_json::from_slice(object).unwrap_or_default(),
            _ => ErrorBody::default(),
        };
        let sanitized = |text: Option<String>| text.map(|text| sanitize(token, &text));
        let body = ApiErrorBody {
            id: sanitized(body.id.known()),
            message: sanitized(body.message.known().or(body.error.known())),
            request_id: sanitized(request_id),
        };
        Error::Status {
            status,
            body,
            retry_after,
        }
    }
}

/// Returns the delay of `Retry-After`, in seconds or as a date. A date is compared with the response's
/// own `Date`, because the two clocks may differ.
fn retry_after(response: &Response) -> Option<Duration> {
    let retry_after = header(response, RETRY_AFTER.as_str())?;
    let retry_after = retry_after.trim();
    if let Ok(seconds) = retry_after.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = rfc2822::parse(retry_after).ok()?.timestamp();
    let date = rfc2822::parse(&header(response, DATE.as_str())?).ok()?;
    Duration::try_from(until.duration_since(date.timestamp())).ok()
}

fn header(response: &Response, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

/// Classifies an error of the HTTP client.
fn transport_error(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        Error::Timeout
    } else {
        Error::Network(error.without_url())
    }
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
    fn parses_retry_after_as_seconds_and_date() {
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
