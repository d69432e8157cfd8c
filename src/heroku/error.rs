//! What can go wrong when Heroku is asked, as variants that a caller can act on.

use std::time::Duration;

use crate::domain::reason::Reason;
use crate::token::TokenError;

/// Why Heroku gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Heroku answered, and refused or failed.
    #[error("Heroku answered {status}{explanation}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What Heroku said of it, and the request's id, for a person to read.
        explanation: Explanation,
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
    /// The team is there, but Heroku never had this for it.
    #[error("the team has no such endpoint, or it is closed to the token")]
    NotAvailable(#[source] Box<Error>),
    /// Heroku knows no such team, or does not tell of it.
    #[error("there is no such team")]
    TeamNotFound(#[source] Box<Error>),
    /// Heroku knows no such enterprise account, or does not tell of it.
    #[error("there is no such enterprise account")]
    AccountNotFound(#[source] Box<Error>),
    /// There is no token to ask with.
    #[error("there is no token")]
    Token(#[from] TokenError),
}

/// What Heroku said of a status: its error body's `id` and `message`, and the `Request-Id` that
/// its support asks for.
#[derive(Debug, Default)]
pub struct Explanation {
    /// The error body's `id`, such as `not_found`.
    pub id: Option<String>,
    /// The error body's `message`.
    pub message: Option<String>,
    /// The `Request-Id` header.
    pub request_id: Option<String>,
}

impl std::fmt::Display for Explanation {
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
    /// The closed word for it.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Status { status, .. } => match status {
                401 => Reason::Unauthorized,
                402 => Reason::PaymentRequired,
                403 => Reason::Forbidden,
                404 | 410 => Reason::NotFound,
                429 => Reason::RateLimited,
                500..=599 => Reason::ServerError,
                _ => Reason::UnexpectedStatus,
            },
            Self::Redirect { .. } => Reason::UnexpectedStatus,
            Self::Network(_) => Reason::Network,
            Self::Timeout => Reason::Timeout,
            Self::TooLarge(_) | Self::TooManyPages(_) => Reason::TooLarge,
            Self::Malformed(_) => Reason::Malformed,
            Self::NotAvailable(_) => Reason::NotAvailable,
            Self::TeamNotFound(_) => Reason::TeamNotFound,
            Self::AccountNotFound(_) => Reason::NotFound,
            Self::Token(_) => Reason::TokenUnreadable,
        }
    }

    /// Whether Heroku answered that the thing asked for is not there, or not for this token.
    pub fn is_absence(&self) -> bool {
        use Reason::{Forbidden, NotAvailable, NotFound, TeamNotFound};
        matches!(
            self.reason(),
            Forbidden | NotFound | NotAvailable | TeamNotFound
        )
    }

    /// The pause that Heroku asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
