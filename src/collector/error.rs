//! The error of a failed poll, and its failure reason.

use heroku_api::error::Error as ApiError;

use crate::config::token::TokenError;
use crate::snapshot::FailureReason;

/// The number of denials in a row after which an endpoint counts as not available. A single one may
/// be due to an outage.
pub(super) const CONFIRMING_DENIALS: u32 = 3;

/// The error of a poll or a metadata request.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The team exists, but this endpoint has never succeeded for it.
    #[error("not available to this team or to the token")]
    NotAvailable(#[source] Box<Error>),
    /// The team does not exist, or the token cannot see it.
    #[error("no such team")]
    TeamNotFound(#[source] Box<Error>),
    /// The enterprise account does not exist, or the token cannot see it.
    #[error("no such enterprise account")]
    AccountNotFound(#[source] Box<Error>),
    /// The token cannot be read.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Error {
    /// Returns the failure reason.
    pub(super) fn reason(&self) -> FailureReason {
        match self {
            Self::Api(error) => classify(error),
            Self::NotAvailable(_) => FailureReason::NotAvailable,
            Self::TeamNotFound(_) => FailureReason::TeamNotFound,
            Self::AccountNotFound(_) => FailureReason::NotFound,
            Self::Token(_) => FailureReason::TokenUnreadable,
        }
    }

    /// Returns whether Heroku denies that the resource exists or is accessible with this token. A
    /// response without Heroku's error id is from a proxy, and says nothing about the resource.
    pub(super) fn is_denial(&self) -> bool {
        match self {
            Self::Api(ApiError::Status { status, body, .. }) => {
                matches!(status, 403 | 404 | 410) && body.id.is_some()
            }
            Self::NotAvailable(_) | Self::TeamNotFound(_) | Self::AccountNotFound(_) => true,
            Self::Api(_) | Self::Token(_) => false,
        }
    }

    /// Returns whether the team or account itself may no longer exist.
    pub(super) fn is_gone(&self) -> bool {
        self.is_denial() && !matches!(self, Self::NotAvailable(_))
    }

    /// Returns whether Heroku does not know the resource.
    pub(super) fn is_not_found(&self) -> bool {
        self.is_gone() && self.reason() == FailureReason::NotFound
    }
}

fn classify(error: &ApiError) -> FailureReason {
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

/// Formats an error and its causes on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
