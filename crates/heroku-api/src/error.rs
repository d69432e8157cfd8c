//! The errors of the client.

use std::time::Duration;

/// Why a request has no usable response.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Heroku returned an error status.
    #[error("Heroku returned {status}{body}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The error body and the request's id.
        body: ApiErrorBody,
        /// The delay of the `Retry-After` header.
        retry_after: Option<Duration>,
    },
    /// Heroku returned a redirect. It is not followed, because the token must not go anywhere else.
    #[error("Heroku returned {status}, a redirect, which is not followed")]
    Redirect {
        /// The HTTP status.
        status: u16,
    },
    /// The connection failed.
    #[error("connection to Heroku failed")]
    Network(#[source] reqwest::Error),
    /// The response took too long.
    #[error("request to Heroku timed out")]
    Timeout,
    /// The response is larger than this number of bytes.
    #[error("response larger than {0} bytes")]
    TooLarge(usize),
    /// The list has more than this number of pages.
    #[error("list has more than {0} pages")]
    TooManyPages(usize),
    /// The response cannot be decoded.
    #[error("malformed response: {0}")]
    Malformed(String),
    /// The token has a character that an HTTP header must not have.
    #[error("token contains an invalid character")]
    InvalidToken,
}

/// The body of an error response, and the `Request-Id` header that Heroku's support needs.
#[derive(Debug, Default)]
pub struct ApiErrorBody {
    /// The body's `id`, such as `not_found`.
    pub id: Option<String>,
    /// The body's `message`.
    pub message: Option<String>,
    /// The `Request-Id` header.
    pub request_id: Option<String>,
}

impl std::fmt::Display for ApiErrorBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(id) = &self.id {
            write!(f, " {id}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(request_id) = &self.request_id {
            write!(f, " (request {request_id})")?;
        }
        Ok(())
    }
}

impl Error {
    /// Returns the delay of the `Retry-After` header.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
