//! Why a poll failed.

use std::time::Duration;

use heroku_api::error::Error as ApiError;

use crate::config::token::TokenError;
use crate::snapshot::FailureReason;

/// Why a request to Heroku brought no usable answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The team exists, but this endpoint has never answered for it.
    #[error("the team has no such endpoint, or it is closed to the token")]
    NotAvailable(#[source] Box<Error>),
    /// The team does not exist, or the token cannot see it.
    #[error("there is no such team")]
    TeamNotFound(#[source] Box<Error>),
    /// The enterprise account does not exist, or the token cannot see it.
    #[error("there is no such enterprise account")]
    AccountNotFound(#[source] Box<Error>),
    /// The token cannot be read.
    #[error("there is no token")]
    Token(#[from] TokenError),
}

impl Error {
    /// Classifies the error.
    pub(super) fn reason(&self) -> FailureReason {
        match self {
            Self::Api(error) => reason(error),
            Self::NotAvailable(_) => FailureReason::NotAvailable,
            Self::TeamNotFound(_) => FailureReason::TeamNotFound,
            Self::AccountNotFound(_) => FailureReason::NotFound,
            Self::Token(_) => FailureReason::TokenUnreadable,
        }
    }

    /// Returns whether the resource does not exist, or not for this token.
    pub(super) fn is_absence(&self) -> bool {
        use FailureReason::{Forbidden, NotAvailable, NotFound, TeamNotFound};
        matches!(
            self.reason(),
            Forbidden | NotFound | NotAvailable | TeamNotFound
        )
    }

    /// The pause that Heroku asked for in `Retry-After`.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after(),
            _ => None,
        }
    }
}

fn reason(error: &ApiError) -> FailureReason {
    match error {
        ApiError::Status { status, .. } => match status {
            401 => FailureReason::Unauthorized,
            402 => FailureReason::PaymentRequired,
            403 => FailureReason::Forbidden,
            404 | 410 => FailureReason::NotFound,
            429 => FailureReason::RateLimited,
            500..=599 => FailureReason::ServerError,
            _ => FailureReason::UnexpectedStatus,
        },
        ApiError::Redirect { .. } => FailureReason::UnexpectedStatus,
        ApiError::Network(_) => FailureReason::Network,
        ApiError::Timeout => FailureReason::Timeout,
        ApiError::TooLarge(_) | ApiError::TooManyPages(_) => FailureReason::TooLarge,
        ApiError::Malformed(_) => FailureReason::Malformed,
        ApiError::InvalidToken => FailureReason::TokenUnreadable,
    }
}
