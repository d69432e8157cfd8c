//! Failure reasons.

/// The reason of a failed poll, one of a closed list for logs, metrics and documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The token is invalid (401).
    Unauthorized,
    /// The account is delinquent (402).
    PaymentRequired,
    /// Heroku rejects access (403), to an endpoint that worked before or for the first times.
    Forbidden,
    /// A resource does not exist (404, 410), which existed before or is requested for the first
    /// times.
    NotFound,
    /// The team exists, but Heroku has repeatedly denied it this endpoint, which has never worked
    /// for it (403, 404, 410).
    NotAvailable,
    /// The team does not exist, or the token has no access to it.
    TeamNotFound,
    /// The rate limit is exhausted (429).
    RateLimited,
    /// Heroku returned a server error (5xx).
    ServerError,
    /// Heroku returned any other status.
    UnexpectedStatus,
    /// The connection failed.
    Network,
    /// The poll timed out.
    Timeout,
    /// The response cannot be decoded.
    Malformed,
    /// The response is larger than the limit.
    TooLarge,
    /// The token file cannot be read.
    TokenUnreadable,
}

impl FailureReason {
    /// All reasons, in the order of their discriminants.
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

    /// Returns the name in logs, metrics and documentation.
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
    fn all_is_indexed_by_discriminant() {
        for (position, reason) in FailureReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, position, "{}", reason.as_str());
        }
    }
}
