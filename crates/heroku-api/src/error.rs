//! What can go wrong when Heroku is asked, as variants that a caller can act on.

use std::time::Duration;

/// Why Heroku gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Heroku answered, and refused or failed.
    #[error("Heroku answered {status}{explanation}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What Heroku said of it, and the request's id, for a person to read.
        explanation: ApiErrorBody,
        /// The pause that Heroku asked for (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// The answer sends the client somewhere else, where the token must not go.
    #[error(
        "Heroku answered {status}, a redirect, which is not followed: the token goes to no other address"
    )]
    Redirect {
        /// The HTTP status.
        status: u16,
    },
    /// Heroku could not be reached, or the connection broke.
    #[error("Heroku could not be reached")]
    Network(#[source] reqwest::Error),
    /// No answer, or not all of it, came in time.
    #[error("Heroku did not answer in time")]
    Timeout,
    /// The answer is larger than any that Heroku would give.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The list has more pages than any that Heroku would give.
    #[error("the list has more than {0} pages")]
    TooManyPages(usize),
    /// The answer could not be understood.
    #[error("the answer could not be understood: {0}")]
    Malformed(String),
    /// The token has a character that no HTTP header may have.
    #[error("the token holds a character that no token has")]
    InvalidToken,
}

/// What Heroku said of a status: its error body's `id` and `message`, and the `Request-Id` that
/// its support asks for.
#[derive(Debug, Default)]
pub struct ApiErrorBody {
    /// The error body's `id`, such as `not_found`.
    pub id: Option<String>,
    /// The error body's `message`.
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
    /// The pause that Heroku asked for in `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
