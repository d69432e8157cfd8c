//! The page at `/` and the figures at `/api/v1/costs`, as a browser and a program ask for them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::report::html;
use crate::web::report_cache::{Body, RenderError, ReportCache};
use expfmt::negotiate;
use expfmt::negotiate::joined;
use exporter_toolkit::server::error_response;

/// Where the figures are as JSON.
pub(super) const COSTS: &str = "/api/v1/costs";

/// What is at `/`.
#[derive(Clone, Debug)]
pub enum LandingPage {
    /// The page.
    Page,
    /// Links to what else is there, already written.
    Links(String),
}

#[derive(Debug)]
struct Site {
    visit: ReportCache,
    front: LandingPage,
}

/// The routes of the page and of its figures.
pub(super) fn routes(visit: ReportCache, front: LandingPage) -> Router {
    Router::new()
        .route("/", get(page_or_links))
        .route(COSTS, get(costs))
        .with_state(Arc::new(Site { visit, front }))
}

async fn page_or_links(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    let mut response = match &site.front {
        LandingPage::Links(links) => links.clone().into_response(),
        LandingPage::Page => match site.visit.page(uri.query().unwrap_or_default()).await {
            Ok((body, is_found)) => {
                let mut response = coded(body, &headers);
                if !is_found {
                    *response.status_mut() = StatusCode::NOT_FOUND;
                }
                response
            }
            Err(error) => return failed(&error),
        },
    };
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let fixed = [
        (CONTENT_TYPE, html),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("deny")),
    ];
    let Ok(policy) = HeaderValue::from_str(&html::CONTENT_SECURITY_POLICY) else {
        return error_response(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in fixed {
        headers.insert(name, value);
    }
    response
}

async fn costs(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let mut response = match site.visit.json().await {
        Ok(body) => coded(body, &headers),
        Err(error) => return failed(&error),
    };
    let fixed = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// A body, compressed where the client wants that.
fn coded(body: Body, headers: &HeaderMap) -> Response {
    let gzip = negotiate::gzip(&joined(headers, &ACCEPT_ENCODING));
    let mut response = if gzip { body.gzip } else { body.plain }.into_response();
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn failed(error: &RenderError) -> Response {
    tracing::error!(%error, "what was asked for could not be made");
    error_response(StatusCode::INTERNAL_SERVER_ERROR)
}
