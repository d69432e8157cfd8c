//! The routes of the program: metrics, the page, the JSON API and health checks.

pub mod http_metrics;
mod page;
mod pieces;
pub mod report_cache;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use expfmt::negotiate::NegotiatedFormat;

use crate::metrics::cache::MetricsCache;
use http_metrics::HttpMetrics;
use pieces::PiecesBody;
use report_cache::ReportCache;

pub use page::LandingPage;

/// The paths of the health checks.
pub const HEALTH_PATHS: &[&str] = &["/health", "/-/healthy", "/-/ready"];

#[derive(Debug)]
struct MetricsState {
    scrape: MetricsCache,
    http_metrics: Arc<HttpMetrics>,
}

/// Returns all routes: `/health`, `/-/healthy`, `/-/ready`, the metrics at `telemetry_path`, and
/// those of the page and the API.
pub fn router(
    scrape: MetricsCache,
    http_metrics: Arc<HttpMetrics>,
    telemetry_path: &str,
    visit: ReportCache,
    front: LandingPage,
) -> Router {
    let state = Arc::new(MetricsState {
        scrape,
        http_metrics,
    });
    Router::new()
        .route("/health", get(async || "OK"))
        .route("/-/healthy", get(async || "OK"))
        .route("/-/ready", get(ready))
        .route(telemetry_path, get(metrics))
        .with_state(state)
        .merge(page::routes(visit, front))
}

async fn ready(State(state): State<Arc<MetricsState>>) -> (StatusCode, &'static str) {
    if state.scrape.is_ready() {
        (StatusCode::OK, "OK")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not yet asked")
    }
}

async fn metrics(State(state): State<Arc<MetricsState>>, headers: HeaderMap) -> Response {
    let NegotiatedFormat { format, gzip } = NegotiatedFormat::from_headers(&headers);
    let mut end = Vec::new();
    let answered = state.http_metrics.answered();
    let mut pieces = state.scrape.body(format, gzip, answered, &mut end).await;
    pieces.push(end.into());
    let mut response = Response::new(Body::new(PiecesBody::from(pieces)));
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static(format.content_type());
    headers.insert(CONTENT_TYPE, content_type);
    let vary = HeaderValue::from_static("accept, accept-encoding");
    headers.insert(VARY, vary);
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
