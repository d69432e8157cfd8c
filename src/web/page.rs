//! The page at `/`, and its data as JSON at `/api/v1/costs`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::report_cache::{RenderError, ReportCache};
use super::response::encoded;
use crate::report::html;
use expfmt::{EncodedBodies, NegotiatedFormat};
use exporter_toolkit::server::error_response;

/// The path of the JSON API.
pub(super) const COSTS_PATH: &str = "/api/v1/costs";

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");

/// The content of `/`.
#[derive(Clone, Debug)]
pub enum LandingPage {
    /// The report.
    Report,
    /// HTML with links to the other paths.
    Links(String),
}

#[derive(Debug)]
struct PageState {
    reports: ReportCache,
    landing_page: LandingPage,
}

/// Returns the routes of the page and the JSON API.
pub(super) fn routes(reports: ReportCache, landing_page: LandingPage) -> Router {
    Router::new()
        .route("/", get(page))
        .route(COSTS_PATH, get(costs))
        .with_state(Arc::new(PageState {
            reports,
            landing_page,
        }))
}

async fn page(
    State(state): State<Arc<PageState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, RenderError> {
    let (status, content) = match &state.landing_page {
        LandingPage::Links(links) => (StatusCode::OK, links.clone().into_response()),
        LandingPage::Report => {
            let query = query.unwrap_or_default();
            let (bodies, is_found) = state.reports.page(&query).await?;
            let status = if is_found {
                StatusCode::OK
            } else {
                StatusCode::NOT_FOUND
            };
            (status, negotiated(&bodies, &headers))
        }
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, &*html::CONTENT_SECURITY_POLICY),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "deny"),
    ];
    Ok((status, headers, content).into_response())
}

async fn costs(
    State(state): State<Arc<PageState>>,
    headers: HeaderMap,
) -> Result<Response, RenderError> {
    let bodies = state.reports.json().await?;
    let fixed_headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((fixed_headers, negotiated(&bodies, &headers)).into_response())
}

/// Returns a response in a content coding that the client accepts.
fn negotiated(bodies: &EncodedBodies, headers: &HeaderMap) -> Response {
    let gzip = NegotiatedFormat::from_headers(headers).gzip;
    ([(VARY, "accept-encoding")], encoded(bodies, gzip)).into_response()
}

impl IntoResponse for RenderError {
    fn into_response(self) -> Response {
        tracing::error!(error = %self, "rendering failed");
        error_response(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
