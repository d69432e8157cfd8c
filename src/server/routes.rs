//! The routes, and the published state as a client asks for it. A scrape is answered from memory.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::content::Content;
use super::page::{self, Front};
use super::traffic::Traffic;
use crate::exposition::negotiate::Negotiator;
use crate::scrape::Scrape;
use crate::visit::Visit;

/// What the routes read.
#[derive(Debug)]
struct Site {
    scrape: Scrape,
    traffic: Arc<Traffic>,
    negotiator: Negotiator,
}

/// Every route.
#[derive(Debug)]
pub struct Routes {
    /// What scrapes are answered from, where there are scrapes.
    scraped: Option<(String, Arc<Site>)>,
    router: TowerToHyperService<Router>,
}

impl Routes {
    /// The routes over what is published; `traffic` is what was answered, and `front` what is at
    /// `/`.
    pub fn new(
        scrape: Scrape,
        traffic: Arc<Traffic>,
        telemetry_path: &str,
        visit: Visit,
        front: Front,
    ) -> Self {
        let site = Arc::new(Site {
            scrape,
            traffic,
            negotiator: Negotiator::default(),
        });
        let router = Router::new()
            .route("/health", get(async || "OK"))
            .route("/-/healthy", get(async || "OK"))
            .route("/-/ready", get(ready_or_not))
            .route(telemetry_path, get(metrics))
            .with_state(Arc::clone(&site))
            .merge(page::routes(visit, front));
        Self {
            scraped: Some((telemetry_path.to_owned(), site)),
            ..router.into()
        }
    }

    /// Answers a request. A scrape is recognised before the router, whose layers cost more than the
    /// rest of it.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Content> {
        match &self.scraped {
            Some((path, site))
                if request.method() == Method::GET && request.uri().path() == path =>
            {
                site.metrics(request.headers()).await
            }
            _ => {
                let Ok(response) = self.router.call(request).await;
                response.map(Content::from)
            }
        }
    }
}

impl From<Router> for Routes {
    /// Routes without scrapes.
    fn from(router: Router) -> Self {
        Self {
            scraped: None,
            router: TowerToHyperService::new(router),
        }
    }
}

async fn ready_or_not(State(site): State<Arc<Site>>) -> (StatusCode, &'static str) {
    if site.scrape.is_ready() {
        (StatusCode::OK, "OK")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not yet asked")
    }
}

async fn metrics(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    site.metrics(&headers).await.map(Body::new)
}

impl Site {
    async fn metrics(&self, headers: &HeaderMap) -> Response<Content> {
        let accept = listed(headers, &ACCEPT);
        let accept_encoding = listed(headers, &ACCEPT_ENCODING);
        let (dialect, gzip) = self.negotiator.wanted(&accept, &accept_encoding);
        let answered = self.traffic.answered();
        let pieces = self.scrape.body(dialect, gzip, answered).await;
        let mut response = Response::new(Content::from(pieces));
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(dialect.content_type()),
        );
        headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
        if gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// A list header's values as one, which is what several of them mean (RFC 9110, section 5.3).
pub(super) fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Cow<'a, str> {
    let values = headers.get_all(name).iter();
    let mut values = values.filter_map(|value| value.to_str().ok());
    let first = Cow::from(values.next().unwrap_or_default());
    values.fold(first, |list, value| [&list, ",", value].concat().into())
}
