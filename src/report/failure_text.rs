//! Descriptions of failures for people, with advice.

use crate::snapshot::FailureReason;

/// Returns a short description of a failure.
pub fn title(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Unauthorized => "Heroku rejected the token",
        FailureReason::PaymentRequired => "The account has an unpaid bill",
        FailureReason::Forbidden => "Heroku denied access",
        FailureReason::NotFound => "Not found at Heroku",
        FailureReason::NotAvailable => "Not available from Heroku",
        FailureReason::TeamNotFound => "Team not found",
        FailureReason::RateLimited => "The rate limit is exhausted",
        FailureReason::ServerError => "Heroku returned a server error",
        FailureReason::UnexpectedStatus => "Heroku returned an unexpected status",
        FailureReason::Network => "Heroku cannot be reached",
        FailureReason::Timeout => "The poll timed out",
        FailureReason::Malformed => "Heroku's response could not be decoded",
        FailureReason::TooLarge => "Heroku's response is too large",
        FailureReason::TokenUnreadable => "The token file cannot be read",
    }
}

/// Returns what a user can do about a failure.
pub fn advice(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Unauthorized => {
            "Create a token with `heroku authorizations:create` and put it into HEROKU_API_KEY or the file named by HEROKU_API_KEY_FILE."
        }
        FailureReason::PaymentRequired => "Settle the account's bill with Heroku.",
        FailureReason::Forbidden => {
            "The token's owner must be an admin of the team or have its Billing permission."
        }
        FailureReason::NotFound => {
            "The team or enterprise account may have been deleted or renamed."
        }
        FailureReason::NotAvailable => {
            "Enterprise teams have no invoices, and teams that pay by card may have no usage. Otherwise the token's \
             owner lacks the team's Billing permission."
        }
        FailureReason::TeamNotFound => {
            "Check the id or name: `heroku teams` lists the teams that the token can access."
        }
        FailureReason::RateLimited => {
            "Clients of the account have used up its rate limit, which refills by itself."
        }
        FailureReason::ServerError => "See https://status.heroku.com. The exporter retries.",
        FailureReason::Network => {
            "Check the network, the API URL, the proxy (HTTPS_PROXY) and the certificates (SSL_CERT_FILE)."
        }
        FailureReason::Timeout => "Heroku or the network is slow. The exporter retries.",
        FailureReason::UnexpectedStatus | FailureReason::Malformed | FailureReason::TooLarge => {
            "Another server may have responded: check the API URL and any proxy."
        }
        FailureReason::TokenUnreadable => {
            "Check that the token file exists, contains a token and is readable."
        }
    }
}
