//! Checks that run before routing, in this order: `User-Agent`, method, `Accept`, token and rate
//! limit.

use std::time::Instant;

use hyper::Method;
use hyper::header;
use hyper::http::request::Parts;

use crate::endpoint::Endpoint;
use crate::handlers::{self, EndpointRequest};
use crate::headers::{RequestedVersion, bearer_token, header_text, requested_version};
use crate::response::ApiResponse;
use crate::route::Route;
use crate::state::SimState;

/// Returns the normal response to a request: that of its endpoint, or an error if a check fails.
pub(crate) fn handle(
    state: &mut SimState,
    head: &Parts,
    route: &Route,
    range: Option<&str>,
) -> ApiResponse {
    let now = Instant::now();
    // Heroku requires a User-Agent (Platform API reference, "Clients"), but does not document that
    // a request without one is rejected.
    if header_text(&head.headers, &header::USER_AGENT).is_none_or(|agent| agent.trim().is_empty()) {
        return ApiResponse::error(
            400,
            "bad_request",
            "Set the User-Agent header and try again.",
        );
    }
    if head.method != Method::GET {
        return ApiResponse::unknown_endpoint();
    }
    let is_sdk = match requested_version(&head.headers) {
        RequestedVersion::Three => false,
        RequestedVersion::ThreeSdk => true,
        RequestedVersion::Other => return ApiResponse::error_for_status(406),
        RequestedVersion::Missing => return ApiResponse::missing_version(),
    };
    if bearer_token(&head.headers) != Some(&state.token) {
        return ApiResponse::error_for_status(401);
    }
    // Authenticated requests cost a token even if they fail. Other requests belong to no account.
    if route.endpoint != Some(Endpoint::RateLimits) && !state.rate_limit.try_take(now) {
        return ApiResponse::error_for_status(429);
    }
    let remaining = state.rate_limit.remaining(now);
    let request = EndpointRequest {
        route,
        query: head.uri.query().unwrap_or_default(),
        range,
        page_size: state.page_size,
        is_sdk,
    };
    handlers::handle(state, remaining, request)
}
