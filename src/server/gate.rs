//! What every request passes on its way to a route: no body, the rate limit, the users, the requests
//! in flight; and on its way out: the configured headers, and the count. Beside it is the wicket, for
//! scrapes where of all that only the requests in flight are left.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::HttpBody;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, Request, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;

use super::content::Content;
use super::limits::Limits;
use super::routes::Routes;
use super::traffic::Traffic;
use crate::web_config::{RateLimit, Verdict, WebConfig};

/// The paths by which a program is watched.
const PROBES: [&str; 3] = ["/health", "/-/healthy", "/-/ready"];

/// Stands before the routes.
#[derive(Debug)]
pub(super) struct Gate {
    web: watch::Receiver<Arc<WebConfig>>,
    traffic: Arc<Traffic>,
    bucket: Mutex<Option<Bucket>>,
    in_flight: Option<Arc<Semaphore>>,
}

impl Gate {
    pub(super) fn new(
        web: watch::Receiver<Arc<WebConfig>>,
        traffic: Arc<Traffic>,
        limits: &Limits,
    ) -> Self {
        let most = |requests: usize| Arc::new(Semaphore::new(requests.min(Semaphore::MAX_PERMITS)));
        Self {
            web,
            traffic,
            bucket: Mutex::default(),
            in_flight: limits.requests.map(most),
        }
    }

    /// Answers a request, by `routes` where it passes.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        routes: &Routes,
    ) -> Response<Content> {
        let place = self.traffic.place(request.uri().path());
        let web = Arc::clone(&self.web.borrow());
        let ends_connection =
            !request.body().is_end_stream() && request.version() <= Version::HTTP_11;
        let admitted = self.admit(&web, request, routes).await;
        let mut response = admitted.unwrap_or_else(|refusal| refusal.map(Content::from));
        if ends_connection {
            // Nothing here takes a body, so that none is read; HTTP/2 ends the stream alone.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        for (name, value) in &web.headers {
            response.headers_mut().insert(name, value.clone());
        }
        self.traffic.count(place, response.status());
        response
    }

    /// Has a request answered by `routes`, where it passes; `Err` is what is said where it does not.
    async fn admit(
        &self,
        web: &WebConfig,
        request: Request<Incoming>,
        routes: &Routes,
    ) -> Result<Response<Content>, Response> {
        if !request.body().is_end_stream()
            && matches!(*request.method(), Method::GET | Method::HEAD)
        {
            return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE));
        }
        if let Some(limit) = web.rate_limit
            && !self.has_token(limit)
        {
            return Err(refusal(StatusCode::TOO_MANY_REQUESTS));
        }
        if let Some(users) = &web.users {
            match users.judge(request.headers()).await {
                Verdict::Welcome => {}
                Verdict::Unauthorized => return Err(unauthorized()),
                Verdict::Busy => return Err(refusal(StatusCode::SERVICE_UNAVAILABLE)),
                Verdict::Failed => return Err(refusal(StatusCode::INTERNAL_SERVER_ERROR)),
            }
        }
        // Whether the program lives must be known when everything else is taken.
        let is_probe = PROBES.contains(&request.uri().path());
        let Some(in_flight) = self.in_flight.as_ref().filter(|_| !is_probe) else {
            return Ok(routes.answer(request).await);
        };
        let Ok(permit) = Arc::clone(in_flight).try_acquire_owned() else {
            return Err(refusal(StatusCode::SERVICE_UNAVAILABLE));
        };
        let answer = routes.answer(request).await;
        Ok(answer.map(|content| content.in_flight(permit)))
    }

    /// Where the scrapes of one connection pass.
    pub(super) fn wicket(&self) -> Wicket<'_> {
        let mut web = self.web.clone();
        let is_open = is_open(&web.borrow_and_update());
        Wicket {
            web,
            is_open,
            in_flight: self.in_flight.as_deref(),
        }
    }

    fn has_token(&self, limit: RateLimit) -> bool {
        let now = Instant::now();
        // Replaced whole, so that even a panic in between leaves it sound.
        let mut held = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bucket = held
            .filter(|bucket| bucket.limit == limit)
            .unwrap_or_else(|| Bucket::full(limit, now));
        let has_token = bucket.take(now);
        *held = Some(bucket);
        has_token
    }
}

/// Lets scrapes pass by themselves, as long as nothing is configured that the whole request has to be
/// looked at for.
#[derive(Debug)]
pub(super) struct Wicket<'a> {
    web: watch::Receiver<Arc<WebConfig>>,
    is_open: bool,
    in_flight: Option<&'a Semaphore>,
}

/// A scrape in flight, until this is dropped.
#[derive(Debug)]
pub(super) struct Passed<'a>(#[expect(dead_code, reason = "held")] Option<SemaphorePermit<'a>>);

impl Wicket<'_> {
    /// `None` where a scrape has to come to the gate, if only because too much is in flight.
    pub(super) fn pass(&mut self) -> Option<Passed<'_>> {
        // Only a change is looked at: to look at what there is would be counted, in memory that all
        // connections share. Where nobody follows changes any more the last of them is not told.
        if self.web.has_changed().unwrap_or(true) {
            self.is_open = is_open(&self.web.borrow_and_update());
        }
        if !self.is_open {
            return None;
        }
        let permit = self.in_flight.map(Semaphore::try_acquire);
        permit.transpose().ok().map(Passed)
    }
}

fn is_open(web: &WebConfig) -> bool {
    web.users.is_none() && web.rate_limit.is_none() && web.headers.is_empty()
}

/// A bucket of tokens, of which each request takes one.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    limit: RateLimit,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(limit: RateLimit, at: Instant) -> Self {
        Self {
            limit,
            tokens: f64::from(limit.burst),
            at,
        }
    }

    /// Takes a token, if there is one.
    fn take(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.at);
        let added = since.as_secs_f64() / self.limit.interval.as_secs_f64();
        self.tokens = (self.tokens + added).min(f64::from(self.limit.burst));
        self.at = now;
        let has_token = self.tokens >= 1.0;
        if has_token {
            self.tokens -= 1.0;
        }
        has_token
    }
}

/// An answer that says its status and nothing else.
pub(super) fn refusal(status: StatusCode) -> Response {
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

fn unauthorized() -> Response {
    let mut response = refusal(StatusCode::UNAUTHORIZED);
    response.headers_mut().insert(
        WWW_AUTHENTICATE,
        HeaderValue::from_static(r#"Basic realm="heroku-cost-exporter", charset="UTF-8""#),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_wicket_closes_when_something_is_configured_though_nobody_follows_it_any_more() {
        let (sender, web) = watch::channel(Arc::default());
        let traffic = Arc::new(Traffic::new("/metrics"));
        let gate = Gate::new(web, traffic, &Limits::default());
        let mut wicket = gate.wicket();
        assert!(wicket.pass().is_some());
        sender.send_replace(Arc::new(WebConfig {
            rate_limit: Some(RateLimit {
                interval: Duration::from_secs(1),
                burst: 1,
            }),
            ..WebConfig::default()
        }));
        drop(sender);
        assert!(wicket.pass().is_none());
        assert!(gate.wicket().pass().is_none());
    }

    #[test]
    fn a_bucket_gives_its_burst_at_once_and_then_one_in_each_interval() {
        let limit = RateLimit {
            interval: Duration::from_secs(2),
            burst: 3,
        };
        let start = Instant::now();
        let mut bucket = Bucket::full(limit, start);
        let mut take = |milliseconds| bucket.take(start + Duration::from_millis(milliseconds));
        let given = [0, 0, 0, 0, 1999, 2001, 2002, 60_000, 60_000, 60_000, 60_000].map(&mut take);
        let (yes, no) = (true, false);
        assert_eq!(given, [yes, yes, yes, no, no, yes, no, yes, yes, yes, no]);
    }

    #[test]
    fn a_bucket_without_burst_gives_nothing() {
        let limit = RateLimit {
            interval: Duration::from_millis(1),
            burst: 0,
        };
        let start = Instant::now();
        assert!(!Bucket::full(limit, start).take(start + Duration::from_secs(9)));
    }
}
