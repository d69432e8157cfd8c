//! The routes, and the published state as a client asks for it. A scrape is answered from memory.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::content::Content;
use super::page::{self, Front};
use super::traffic::Traffic;
use super::wanted::{Negotiator, Wanted};
use crate::exposition::encode::Dialect;
use crate::scrape::Scrape;
use crate::visit::Visit;

// Headers of a scrape. Where one is made each of its letters is looked at.
static CONTENT_TYPES: [HeaderValue; 2] = [
    HeaderValue::from_static(Dialect::Classic.content_type()),
    HeaderValue::from_static(Dialect::OpenMetrics.content_type()),
];
static WHAT_IT_VARIES_BY: HeaderValue = HeaderValue::from_static("accept, accept-encoding");
static GZIP: HeaderValue = HeaderValue::from_static("gzip");

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
                site.metrics(request.into_parts().0.headers).await
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
    site.metrics(headers).await.map(Body::new)
}

impl Site {
    /// Answers a scrape. `headers` are those of the request, and what they take is used again.
    async fn metrics(&self, mut headers: HeaderMap) -> Response<Content> {
        let Wanted { dialect, gzip } = self.negotiator.wanted(&headers);
        headers.clear();
        headers.insert(CONTENT_TYPE, CONTENT_TYPES[dialect as usize].clone());
        headers.insert(VARY, WHAT_IT_VARIES_BY.clone());
        if gzip {
            headers.insert(CONTENT_ENCODING, GZIP.clone());
        }
        let answered = self.traffic.answered();
        let pieces = self.scrape.body(dialect, gzip, answered).await;
        let mut response = Response::new(Content::from(pieces));
        *response.headers_mut() = headers;
        response
    }
}
