//! Paginated list responses.

use hyper::header::HeaderName;
use serde_json::Value;

use crate::pagination::Range;
use crate::response::{ApiResponse, NEXT_RANGE};
use crate::route::Route;

const ACCEPT_RANGES: HeaderName = HeaderName::from_static("accept-ranges");
const CONTENT_RANGE: HeaderName = HeaderName::from_static("content-range");

/// The parts of a request that handlers use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndpointRequest<'a> {
    pub(crate) route: &'a Route,
    pub(crate) query: &'a str,
    pub(crate) range: Option<&'a str>,
    pub(crate) page_size: Option<usize>,
    /// Whether the request is for `version=3.sdk`.
    pub(crate) is_sdk: bool,
}

/// Returns the requested page of a list that can be ordered by `properties`. The default order is
/// by id, never by date.
pub(super) fn page(
    elements: &[Value],
    properties: &[&str],
    request: EndpointRequest<'_>,
) -> ApiResponse {
    let range = request.range.map_or_else(
        || Some(Range::default()),
        |header| Range::parse(header, properties),
    );
    let Some(range) = range else {
        return ApiResponse::error_for_status(416);
    };
    let page = range.page(elements, request.page_size);
    let status = if page.next_range.is_some() { 206 } else { 200 };
    let mut response = ApiResponse::json(status, &Value::Array(page.elements))
        .with_header(ACCEPT_RANGES, properties.join(", "));
    if let Some(content_range) = page.content_range {
        response = response.with_header(CONTENT_RANGE, content_range);
    }
    if let Some(next_range) = page.next_range {
        response = response.with_header(NEXT_RANGE, next_range);
    }
    response
}
