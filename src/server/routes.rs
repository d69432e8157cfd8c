//! The routes, and the published state as a client asks for it. A scrape is answered from memory.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use axum::response::Response;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;

use super::content::Content;
use super::page::{self, Front};
use super::traffic::Traffic;
use super::wanted::Wanted;
use crate::exposition::render::Pieces;
use crate::scrape::Scrape;
use crate::visit::Visit;

/// What scrapes are answered from.
#[derive(Debug)]
pub(super) struct Site {
    path: String,
    scrape: Scrape,
    traffic: Arc<Traffic>,
}

/// Every route.
#[derive(Debug)]
pub struct Routes {
    /// Where there are scrapes.
    site: Option<Arc<Site>>,
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
            path: telemetry_path.to_owned(),
            scrape,
            traffic,
        });
        let router = Router::new()
            .route("/health", get(async || "OK"))
            .route("/-/healthy", get(async || "OK"))
            .route("/-/ready", get(ready_or_not))
            .route(telemetry_path, get(metrics))
            .with_state(Arc::clone(&site))
            .merge(page::routes(visit, front));
        Self {
            site: Some(site),
            ..router.into()
        }
    }

    /// What scrapes are answered from, where there are scrapes.
    pub(super) fn site(&self) -> Option<&Site> {
        self.site.as_deref()
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Content> {
        let Ok(response) = self.router.call(request).await;
        response.map(Content::from)
    }
}

impl From<Router> for Routes {
    /// Routes without scrapes.
    fn from(router: Router) -> Self {
        Self {
            site: None,
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
    let wanted = Wanted::by(&headers);
    let mut end = Vec::new();
    let mut pieces = site.body(wanted, &mut end).await;
    pieces.push(end.into());
    let mut response = Response::new(Body::new(Content::from(pieces)));
    *response.headers_mut() = Site::headers(wanted);
    response
}

impl Site {
    /// Where scrapes are asked for.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// What the head of a scrape says of its body.
    pub(super) fn headers(Wanted { dialect, gzip }: Wanted) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let content_type = HeaderValue::from_static(dialect.content_type());
        headers.insert(CONTENT_TYPE, content_type);
        let varies_by = HeaderValue::from_static("accept, accept-encoding");
        headers.insert(VARY, varies_by);
        if gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers
    }

    /// The body of a scrape, but for what is put into `end`.
    pub(super) async fn body(&self, Wanted { dialect, gzip }: Wanted, end: &mut Vec<u8>) -> Pieces {
        let answered = self.traffic.answered();
        self.scrape.body(dialect, gzip, answered, end).await
    }

    /// The time at which scrapes are answered.
    pub(super) fn now(&self) -> Timestamp {
        self.scrape.now()
    }
}
