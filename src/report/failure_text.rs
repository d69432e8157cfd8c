//! Readable descriptions of failures, with advice.

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

/// Returns advice on a failure.
pub fn advice(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Unauthorized => {
            "Heroku rejected the token. Create one with `heroku authorizations:create` and set HEROKU_API_KEY, or write it to the file in HEROKU_API_KEY_FILE."
        }
        FailureReason::PaymentRequired => "Pay the unpaid invoices of the account.",
        FailureReason::Forbidden => {
            "The owner of the token needs to be an admin of the team or to have its Billing permission."
        }
        FailureReason::NotFound => {
            "Check whether the team or enterprise account has been renamed or deleted."
        }
        FailureReason::NotAvailable => {
            "Heroku does not offer this endpoint to the team (enterprise teams have no invoices, and teams that pay by \
             card may have no usage), or the owner of the token lacks the team's Billing permission."
        }
        FailureReason::TeamNotFound => {
            "Check the team's name or id. `heroku teams` lists the teams that the token has access to."
        }
        FailureReason::RateLimited => {
            "The account's rate limit is exhausted. All clients of the account share it, and it refills by itself."
        }
        FailureReason::ServerError => "Check https://status.heroku.com. The exporter retries.",
        FailureReason::Network => {
            "Check the network, the API URL, the proxy (HTTPS_PROXY) and the certificates (SSL_CERT_FILE)."
        }
        FailureReason::Timeout => "Heroku or the network is slow. The exporter retries.",
        FailureReason::UnexpectedStatus | FailureReason::Malformed | FailureReason::TooLarge => {
            "Unexpected response. Check the API URL and any proxy."
        }
        FailureReason::TokenUnreadable => {
            "Check that the file exists, is readable by the exporter and contains a token."
        }
    }
}
