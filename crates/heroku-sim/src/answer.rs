//! An answer before it is sent: status, headers and a plain body, and the error bodies that Heroku
//! documents at <https://devcenter.heroku.com/articles/platform-api-reference#error-responses>.

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::{Value, json};

use crate::identifier;

/// The header that names the next page of a list.
pub(crate) const NEXT_RANGE: HeaderName = HeaderName::from_static("next-range");

/// An answer that has not been compressed, tagged or sent.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Vec<u8>,
    /// Sent as it is, neither tagged nor compressed: it does not come from the API but from
    /// something in front of it.
    pub(crate) verbatim: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Answer {
        Answer {
            status,
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
            verbatim: false,
        }
    }

    pub(crate) fn verbatim(
        status: u16,
        content_type: impl Into<String>,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        Answer {
            status,
            content_type: content_type.into(),
            headers: Vec::new(),
            body: body.into(),
            verbatim: true,
        }
    }

    /// An error in Heroku's form, with a message of its own.
    pub(crate) fn error(status: u16, id: &str, message: &str) -> Answer {
        Answer::json(status, &json!({ "id": id, "message": message }))
    }

    /// The error that Heroku documents for a status.
    pub(crate) fn documented(status: u16) -> Answer {
        let (id, message, anchor) = match status {
            400 => (
                "bad_request",
                "Request invalid, validate usage and try again.",
                "error-responses",
            ),
            401 => (
                "unauthorized",
                "Invalid credentials provided.",
                "authentication",
            ),
            402 => (
                "delinquent",
                "Your account is delinquent. Please update your payment method.",
                "error-responses",
            ),
            403 => (
                "forbidden",
                "You do not have access to this resource.",
                "error-responses",
            ),
            404 => (
                "not_found",
                "The requested resource does not exist.",
                "error-responses",
            ),
            406 => (
                "not_acceptable",
                "Set the Accept header to application/vnd.heroku+json; version=3 and try again.",
                "clients",
            ),
            409 => (
                "conflict",
                "Request failed, see response body for suggested resolution.",
                "error-responses",
            ),
            410 => (
                "gone",
                "The requested resource can no longer be found at this location.",
                "error-responses",
            ),
            416 => (
                "requested_range_not_satisfiable",
                "Invalid Range header.",
                "ranges",
            ),
            422 => (
                "invalid_params",
                "Request failed, validate parameters and try again.",
                "error-responses",
            ),
            429 => (
                "rate_limit",
                "Your account reached the API rate limit. Please wait a few minutes before making new requests.",
                "rate-limits",
            ),
            503 => (
                "service_unavailable",
                "The service is temporarily unavailable, please try again.",
                "error-responses",
            ),
            500..=599 => (
                "internal_server_error",
                "Internal server error.",
                "error-responses",
            ),
            _ => ("error", "Scripted status.", "error-responses"),
        };
        let url = format!("https://devcenter.heroku.com/articles/platform-api-reference#{anchor}");
        Answer::json(status, &json!({ "id": id, "message": message, "url": url }))
    }

    /// A maintenance page.
    pub(crate) fn maintenance_page(status: u16) -> Answer {
        let page = "<!DOCTYPE html>\n<html>\n  <head><title>Offline for Maintenance</title></head>\n  <body>\n    \
                    <h1>Offline for Maintenance</h1>\n    <p>This application is undergoing maintenance right now. \
                    Please check back later.</p>\n  </body>\n</html>\n";
        Answer::verbatim(status, "text/html; charset=utf-8", page)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn has(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(header, _)| header == name)
    }

    /// Whether it carries what was asked for.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.status, 200 | 206)
    }

    /// The `ETag` of a success: weak, since the bytes on the wire depend on the compression.
    pub(crate) fn etag(&self) -> Option<String> {
        let tagged = self.is_success() && !self.verbatim;
        tagged.then(|| format!("W/\"{:016x}\"", identifier::digest(0, &self.body)))
    }

    /// The status as HTTP knows it. A scripted number that is none becomes 500.
    pub(crate) fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
