//! The HTTP routes: metrics, the page, the JSON API and health checks.

mod page;
pub mod report_cache;
mod response;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use expfmt::NegotiatedFormat;
use exporter_toolkit::server::error_response;

use crate::metrics::cache::MetricsCache;
use report_cache::ReportCache;

pub use page::LandingPage;

/// The paths of the health checks.
pub const HEALTH_PATHS: &[&str] = &["/health", "/-/healthy", "/-/ready"];

/// Returns all served paths.
pub fn paths(telemetry_path: &str) -> impl Iterator<Item = &str> {
    let paths = ["/", page::COSTS_PATH].iter().chain(HEALTH_PATHS);
    paths.copied().chain([telemetry_path])
}

/// Returns a router for all [`paths`].
pub fn router(
    metrics_cache: MetricsCache,
    reports: ReportCache,
    telemetry_path: &str,
    landing_page: LandingPage,
) -> Router {
    Router::new()
        .route("/health", get(async || "OK"))
        .route("/-/healthy", get(async || "OK"))
        .route("/-/ready", get(ready))
        .route(telemetry_path, get(metrics))
        .with_state(Arc::new(metrics_cache))
        .merge(page::routes(reports, landing_page))
        .fallback(async || error_response(StatusCode::NOT_FOUND))
}

async fn ready(State(metrics): State<Arc<MetricsCache>>) -> (StatusCode, &'static str) {
    if metrics.is_ready() {
        (StatusCode::OK, "OK")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "waiting for the first polls",
        )
    }
}

async fn metrics(State(metrics): State<Arc<MetricsCache>>, headers: HeaderMap) -> Response {
    let NegotiatedFormat { format, gzip } = NegotiatedFormat::from_headers(&headers);
    let bodies = metrics.bodies(format).await;
    let headers = [
        (CONTENT_TYPE, format.content_type()),
        (VARY, "accept, accept-encoding"),
    ];
    (headers, response::encoded(&bodies, gzip)).into_response()
}
