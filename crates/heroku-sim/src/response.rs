//! Responses before delivery: status, headers and uncompressed body, with the error bodies of
//! <https://devcenter.heroku.com/articles/platform-api-reference#error-responses>.

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::{Value, json};

use crate::hash;

/// The header with the range of the next page of a list.
pub(crate) const NEXT_RANGE: HeaderName = HeaderName::from_static("next-range");

/// A response before compression, without `ETag`.
#[derive(Debug, Clone)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body is sent without compression and `ETag`, as from a proxy in front of the
    /// API.
    pub(crate) verbatim: bool,
}

impl ApiResponse {
    pub(crate) fn json(status: u16, body: &Value) -> ApiResponse {
        ApiResponse {
            verbatim: false,
            ..ApiResponse::verbatim(status, "application/json", body.to_string())
        }
    }

    pub(crate) fn verbatim(
        status: u16,
        content_type: impl Into<String>,
        body: impl Into<Vec<u8>>,
    ) -> ApiResponse {
        ApiResponse {
            status,
            content_type: content_type.into(),
            headers: Vec::new(),
            body: body.into(),
            verbatim: true,
        }
    }

    /// Returns an error in Heroku's format with the given message.
    pub(crate) fn error(status: u16, id: &str, message: &str) -> ApiResponse {
        ApiResponse::json(status, &json!({ "id": id, "message": message }))
    }

    /// Returns the error that Heroku documents for a status.
    pub(crate) fn error_for_status(status: u16) -> ApiResponse {
        let (id, message) = match status {
            400 => (
                "bad_request",
                "Request invalid, validate usage and try again.",
            ),
            401 => ("unauthorized", "Invalid credentials provided."),
            402 => (
                "delinquent",
                "Your account is delinquent. Please update your payment method.",
            ),
            403 => ("forbidden", "You do not have access to this resource."),
            404 => ("not_found", "The requested resource does not exist."),
            406 => (
                "not_acceptable",
                "Set the Accept header to application/vnd.heroku+json; version=3 and try again.",
            ),
            409 => (
                "conflict",
                "Request failed, see response body for suggested resolution.",
            ),
            410 => (
                "gone",
                "The requested resource can no longer be found at this location.",
            ),
            416 => ("requested_range_not_satisfiable", "Invalid Range header."),
            422 => (
                "invalid_params",
                "Request failed, validate parameters and try again.",
            ),
            429 => (
                "rate_limit",
                "Your account reached the API rate limit. Please wait a few minutes before making new requests.",
            ),
            503 => (
                "service_unavailable",
                "The service is temporarily unavailable, please try again.",
            ),
            500..=599 => ("internal_server_error", "Internal server error."),
            _ => ("error", "Injected status."),
        };
        let anchor = match status {
            401 => "authentication",
            406 => "clients",
            416 => "ranges",
            429 => "rate-limits",
            _ => "error-responses",
        };
        let url = format!("https://devcenter.heroku.com/articles/platform-api-reference#{anchor}");
        ApiResponse::json(status, &json!({ "id": id, "message": message, "url": url }))
    }

    /// Returns Heroku's response to a request without a version. Its message has the key `error`.
    pub(crate) fn missing_version() -> ApiResponse {
        let message = "Please specify a version along with Heroku's API MIME type. For example, \
                       `Accept: application/vnd.heroku+json; version=3`.";
        ApiResponse::json(400, &json!({ "id": "missing_version", "error": message }))
    }

    /// Returns Heroku's response to an unknown path or an unsupported method: 404, never 405.
    pub(crate) fn unknown_endpoint() -> ApiResponse {
        ApiResponse::error(
            404,
            "not_found",
            "The requested API endpoint was not found. Are you using the right HTTP verb (i.e. \
             `GET` vs. `POST`), and did you specify your intended version with the `Accept` header?",
        )
    }

    pub(crate) fn maintenance_page(status: u16) -> ApiResponse {
        let page = "<!DOCTYPE html>\n<html>\n  <head><title>Offline for Maintenance</title></head>\n  <body>\n    \
                    <h1>Offline for Maintenance</h1>\n    <p>This application is undergoing maintenance right now. \
                    Please check back later.</p>\n  </body>\n</html>\n";
        ApiResponse::verbatim(status, "text/html; charset=utf-8", page)
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> ApiResponse {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn has_header(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(header, _)| header == name)
    }

    pub(crate) fn is_success(&self) -> bool {
        matches!(self.status, 200 | 206)
    }

    /// Returns the `ETag` of a successful response: weak, because the bytes on the wire depend on
    /// the compression.
    pub(crate) fn etag(&self) -> Option<String> {
        let has_etag = self.is_success() && !self.verbatim;
        has_etag.then(|| format!("W/\"{:016x}\"", hash::hash(0, &self.body)))
    }

    /// Returns the HTTP status, or 500 if an injected number is not a valid status.
    pub(crate) fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
