//! Descriptions of failures for people, with advice.

use crate::snapshot::FailureReason;

/// Returns a short description of a failure.
pub fn title(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Unauthorized => "Heroku refuses the token",
        FailureReason::PaymentRequired => "The account has an unpaid bill",
        FailureReason::Forbidden => "Heroku refuses what it gave before",
        FailureReason::NotFound => "What Heroku gave before is gone",
        FailureReason::NotAvailable => "Heroku does not offer this",
        FailureReason::TeamNotFound => "Heroku knows no such team",
        FailureReason::RateLimited => "The rate limit is used up",
        FailureReason::ServerError => "Heroku has a fault",
        FailureReason::UnexpectedStatus => "Heroku's answer has a status that it never gives",
        FailureReason::Network => "Heroku cannot be reached",
        FailureReason::Timeout => "Heroku did not answer in time",
        FailureReason::Malformed => "Heroku's answer could not be understood",
        FailureReason::TooLarge => "Heroku's answer is too large",
        FailureReason::TokenUnreadable => "The file with the token cannot be read",
    }
}

/// Returns what a user can do about a failure.
pub fn advice(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Unauthorized => {
            "Heroku refused the token: make one with `heroku authorizations:create` and set HEROKU_API_KEY (or the file that HEROKU_API_KEY_FILE names) to it."
        }
        FailureReason::PaymentRequired => "The account is delinquent: settle its bill with Heroku.",
        FailureReason::Forbidden => {
            "The token's owner needs the team's Billing permission, or to be its admin."
        }
        FailureReason::NotFound => {
            "Heroku does not have this, or no longer: the team or the enterprise account may have been deleted or renamed."
        }
        FailureReason::NotAvailable => {
            "Heroku does not offer this to the team (an enterprise team has no invoices, a card-paying one may have \
             no usage), or the token's owner lacks the team's Billing permission."
        }
        FailureReason::TeamNotFound => {
            "Heroku knows no such team for this token: `heroku teams` lists those it sees."
        }
        FailureReason::RateLimited => {
            "The account's rate limit is used up, by this program or by others: it refills by itself."
        }
        FailureReason::ServerError => {
            "Heroku has a fault: https://status.heroku.com tells more. It is asked again."
        }
        FailureReason::Network => {
            "Check the network, the API's address, the proxy (HTTPS_PROXY) and the certificates (SSL_CERT_FILE)."
        }
        FailureReason::Timeout => "Heroku or the network is slow. It is asked again.",
        FailureReason::UnexpectedStatus | FailureReason::Malformed | FailureReason::TooLarge => {
            "This is not how Heroku answers: check the API's address and any proxy on the way."
        }
        FailureReason::TokenUnreadable => {
            "Check that the file is there, that the program may read it, and what is in it."
        }
    }
}
