//! Why a poll failed.

/// Why a poll failed: one closed list of words for logs, metrics and documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The token is not valid (401).
    Unauthorized,
    /// The account is delinquent (402).
    PaymentRequired,
    /// Heroku refuses what it gave before (403).
    Forbidden,
    /// What Heroku gave before is gone (404, 410).
    NotFound,
    /// The team is there, but this endpoint never was for it (403, 404).
    NotAvailable,
    /// There is no such team, or the token does not see it.
    TeamNotFound,
    /// Heroku's rate limit is used up (429).
    RateLimited,
    /// Heroku failed (5xx).
    ServerError,
    /// Heroku answered with a status that fits no other reason.
    UnexpectedStatus,
    /// Heroku could not be reached, or the connection broke.
    Network,
    /// The answer did not come in time.
    Timeout,
    /// The answer could not be understood.
    Malformed,
    /// The answer is larger than any that Heroku would give.
    TooLarge,
    /// The file that holds the token could not be read.
    TokenUnreadable,
}

impl FailureReason {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Unauthorized,
        Self::PaymentRequired,
        Self::Forbidden,
        Self::NotFound,
        Self::NotAvailable,
        Self::TeamNotFound,
        Self::RateLimited,
        Self::ServerError,
        Self::UnexpectedStatus,
        Self::Network,
        Self::Timeout,
        Self::Malformed,
        Self::TooLarge,
        Self::TokenUnreadable,
    ];

    /// The word for it in logs, metrics and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::PaymentRequired => "payment_required",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::NotAvailable => "not_available",
            Self::TeamNotFound => "team_not_found",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::UnexpectedStatus => "unexpected_status",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::TokenUnreadable => "token_unreadable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_complete_and_in_order_so_that_it_can_index() {
        for (position, reason) in FailureReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, position, "{}", reason.as_str());
        }
    }
}
