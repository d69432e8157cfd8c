//! Middleware that runs before routing: body check, rate limit, authentication, concurrency limit.
//! Afterwards it adds the configured headers and reports the response.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, DATE, HOST, HeaderName, WWW_AUTHENTICATE,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::body::ResponseBody;
use super::config::{ResponseObserver, ServerConfig};
use super::connection_state::RequestInProgress;
use super::log_limiter::LogLimiter;
use super::token_bucket::TokenBucket;
use crate::web_config::{AuthResult, RateLimit, WebConfig};

/// Checks each request before it is routed.
pub(super) struct RequestGuard {
    web: watch::Receiver<Arc<WebConfig>>,
    on_response: ResponseObserver,
    challenge: HeaderValue,
    unlimited_paths: &'static [&'static str],
    bucket: Mutex<Option<TokenBucket>>,
    in_flight: Option<Arc<Semaphore>>,
    failed_authentication: LogLimiter,
    date: Mutex<Option<(u64, HeaderValue)>>,
}

impl RequestGuard {
    pub(super) fn new(config: &ServerConfig) -> Self {
        let semaphore = |limit: usize| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self {
            web: config.web.clone(),
            on_response: Arc::clone(&config.on_response),
            challenge: challenge(config.realm),
            unlimited_paths: config.unlimited_paths,
            bucket: Mutex::default(),
            in_flight: config.limits.requests.map(semaphore),
            failed_authentication: LogLimiter::new(),
            date: Mutex::default(),
        }
    }

    /// Answers a request of `peer`: by `router` if it is authorized. The request is in progress
    /// until its response has been read.
    pub(super) async fn call(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        in_progress: RequestInProgress,
        router: &TowerToHyperService<Router>,
    ) -> Response<ResponseBody> {
        let path = request.uri().path().to_owned();
        let web = Arc::clone(&self.web.borrow());
        let closes_connection =
            !request.body().is_end_stream() && request.version() <= Version::HTTP_11;
        let (response, permit) = match self.authorize(&web, &request, peer).await {
            Ok(permit) => {
                let Ok(response) = router.call(request).await;
                (response, permit)
            }
            Err(response) => (response, None),
        };
        let mut response = response.map(|body| ResponseBody::new(body, permit, in_progress));
        if closes_connection {
            // The rest of the body would be read as the next request; HTTP/2 resets the stream.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        let nosniff = HeaderValue::from_static("nosniff");
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-content-type-options"), nosniff);
        if let Some(date) = self.date() {
            headers.insert(DATE, date);
        }
        for (name, value) in &web.headers {
            response.headers_mut().insert(name, value.clone());
        }
        (self.on_response)(Some(&path), response.status());
        response
    }

    /// Returns the concurrency permit of an authorized request, or the response that refuses it.
    async fn authorize(
        &self,
        web: &WebConfig,
        request: &Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Option<OwnedSemaphorePermit>, Response<Body>> {
        if !has_valid_host(request.version(), request.headers()) {
            let mut response = error_response(StatusCode::BAD_REQUEST);
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
            return Err(response);
        }
        if !request.body().is_end_stream()
            && matches!(*request.method(), Method::GET | Method::HEAD)
        {
            return Err(error_response(StatusCode::PAYLOAD_TOO_LARGE));
        }
        // Health checks must be answered when the server is busy.
        let is_limited = !self.unlimited_paths.contains(&request.uri().path());
        if let Some(limit) = web.rate_limit
            && is_limited
            && !self.has_token(limit)
        {
            return Err(error_response(StatusCode::TOO_MANY_REQUESTS));
        }
        if let Some(users) = &web.users {
            match users.authenticate(request.headers()).await {
                AuthResult::Authorized => {}
                AuthResult::Unauthorized => {
                    // Browsers send their first request without a password.
                    if request.headers().contains_key(AUTHORIZATION) {
                        self.failed_authentication.log(|suppressed| {
                            tracing::warn!(peer = %peer.ip(), suppressed, "authentication failed");
                        });
                    }
                    return Err(self.unauthorized());
                }
                AuthResult::Busy => return Err(error_response(StatusCode::SERVICE_UNAVAILABLE)),
                AuthResult::Failed => {
                    return Err(error_response(StatusCode::INTERNAL_SERVER_ERROR));
                }
            }
        }
        let Some(in_flight) = self.in_flight.as_ref().filter(|_| is_limited) else {
            return Ok(None);
        };
        match Arc::clone(in_flight).try_acquire_owned() {
            Ok(permit) => Ok(Some(permit)),
            Err(_) => Err(error_response(StatusCode::SERVICE_UNAVAILABLE)),
        }
    }

    fn unauthorized(&self) -> Response<Body> {
        let mut response = error_response(StatusCode::UNAUTHORIZED);
        let challenge = self.challenge.clone();
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        response
    }

    /// Returns the `Date` header, formatted once a second. hyper's own does not follow a clock that is
    /// set back.
    #[expect(
        clippy::disallowed_methods,
        reason = "the header is about the system clock"
    )]
    fn date(&self) -> Option<HeaderValue> {
        let now = SystemTime::now();
        let second = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        // Replaced whole, so a poisoned lock holds a valid date.
        let mut held = self.date.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_none_or(|(of, _)| *of != second) {
            let date = HeaderValue::try_from(httpdate::fmt_http_date(now)).ok()?;
            *held = Some((second, date));
        }
        held.as_ref().map(|(_, date)| date.clone())
    }

    fn has_token(&self, limit: RateLimit) -> bool {
        let now = Instant::now();
        // Replaced whole, so a poisoned lock holds a valid bucket.
        let mut held = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bucket = held
            .filter(|bucket| bucket.limit == limit)
            .unwrap_or_else(|| TokenBucket::full(limit, now));
        let has_token = bucket.take(now);
        *held = Some(bucket);
        has_token
    }
}

/// Returns whether a request has the `Host` headers that HTTP/1.1 requires: exactly one, which is
/// valid (RFC 9112, section 3.2). HTTP/1.0 requires none.
fn has_valid_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let is_valid = |host: &HeaderValue| {
        let text = host.as_bytes();
        text.is_empty() || (!text.contains(&b'@') && Authority::try_from(text).is_ok())
    };
    let is_missing_allowed = version != Version::HTTP_11;
    second.is_none() && first.map_or(is_missing_allowed, is_valid)
}

/// Returns a response in plain text that names its status.
pub fn error_response(status: StatusCode) -> Response<Body> {
    let reason = status.canonical_reason().unwrap_or_default();
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        (
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (status, headers, format!("{reason}\n")).into_response()
}

/// Returns the challenge of basic authentication; with an empty realm where `realm` is invalid.
fn challenge(realm: &str) -> HeaderValue {
    HeaderValue::try_from(format!(r#"Basic realm="{realm}", charset="UTF-8""#)).unwrap_or(
        HeaderValue::from_static(r#"Basic realm="", charset="UTF-8""#),
    )
}
