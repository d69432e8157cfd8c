//! Why a poll failed.

/// Why a poll failed: a closed set of words for logs, metrics and documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The token is invalid (401).
    Unauthorized,
    /// The account is delinquent (402).
    PaymentRequired,
    /// Heroku refuses an endpoint that worked before (403).
    Forbidden,
    /// A resource that existed before is gone (404, 410).
    NotFound,
    /// The team exists, but the endpoint has never worked for it (403, 404).
    NotAvailable,
    /// The team does not exist, or the token cannot see it.
    TeamNotFound,
    /// The rate limit is exhausted (429).
    RateLimited,
    /// Heroku failed (5xx).
    ServerError,
    /// Any other status.
    UnexpectedStatus,
    /// The connection failed.
    Network,
    /// The response took too long.
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

    /// Returns the word for logs, metrics and documents.
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

    /// What it is, for a person.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unauthorized => "Heroku refuses the token",
            Self::PaymentRequired => "The account has an unpaid bill",
            Self::Forbidden => "Heroku refuses what it gave before",
            Self::NotFound => "What Heroku gave before is gone",
            Self::NotAvailable => "Heroku does not offer this",
            Self::TeamNotFound => "Heroku knows no such team",
            Self::RateLimited => "The rate limit is used up",
            Self::ServerError => "Heroku has a fault",
            Self::UnexpectedStatus => "Heroku's answer has a status that it never gives",
            Self::Network => "Heroku cannot be reached",
            Self::Timeout => "Heroku did not answer in time",
            Self::Malformed => "Heroku's answer could not be understood",
            Self::TooLarge => "Heroku's answer is too large",
            Self::TokenUnreadable => "The file with the token cannot be read",
        }
    }

    /// What a person can do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "Heroku refused the token: make one with `heroku authorizations:create` and set HEROKU_API_KEY (or the file that HEROKU_API_KEY_FILE names) to it."
            }
            Self::PaymentRequired => "The account is delinquent: settle its bill with Heroku.",
            Self::Forbidden => {
                "The token's owner needs the team's Billing permission, or to be its admin."
            }
            Self::NotFound => {
                "Heroku does not have this, or no longer: the team or the enterprise account may have been deleted or renamed."
            }
            Self::NotAvailable => {
                "Heroku does not offer this to the team (an enterprise team has no invoices, a card-paying one may have \
                 no usage), or the token's owner lacks the team's Billing permission."
            }
            Self::TeamNotFound => {
                "Heroku knows no such team for this token: `heroku teams` lists those it sees."
            }
            Self::RateLimited => {
                "The account's rate limit is used up, by this program or by others: it refills by itself."
            }
            Self::ServerError => {
                "Heroku has a fault: https://status.heroku.com tells more. It is asked again."
            }
            Self::Network => {
                "Check the network, the API's address, the proxy (HTTPS_PROXY) and the certificates (SSL_CERT_FILE)."
            }
            Self::Timeout => "Heroku or the network is slow. It is asked again.",
            Self::UnexpectedStatus | Self::Malformed | Self::TooLarge => {
                "This is not how Heroku answers: check the API's address and any proxy on the way."
            }
            Self::TokenUnreadable => {
                "Check that the file is there, that the program may read it, and what is in it."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_indexed_by_discriminant() {
        for (position, reason) in FailureReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, position, "{}", reason.as_str());
        }
    }
}
