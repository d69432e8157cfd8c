//! From a path to the endpoint that it names, and whose it is: the team or the enterprise account
//! on it.

use crate::endpoint::Endpoint;

/// What a path names. All is absent for a path that Heroku would not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) team: Option<String>,
    pub(crate) enterprise_account: Option<String>,
}

impl Route {
    /// Reads a path without its query. A trailing or doubled slash makes it unknown, as at Heroku.
    pub(crate) fn of(path: &str) -> Route {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        match segments.as_slice() {
            ["account", "invoices"] => Route::to(Endpoint::AccountInvoices),
            ["account", "rate-limits"] => Route::to(Endpoint::RateLimits),
            ["oauth", "authorizations"] => Route::to(Endpoint::Authorizations),
            ["teams"] => Route::to(Endpoint::Teams),
            ["teams", team, rest @ ..] if !team.is_empty() => Route {
                endpoint: of_team(rest),
                team: of_team(rest).map(|_| percent_decoded(team)),
                ..Route::default()
            },
            ["enterprise-accounts"] => Route::to(Endpoint::EnterpriseAccounts),
            ["enterprise-accounts", account, rest @ ..] if !account.is_empty() => Route {
                endpoint: of_account(rest),
                enterprise_account: of_account(rest).map(|_| percent_decoded(account)),
                ..Route::default()
            },
            _ => Route::default(),
        }
    }

    fn to(endpoint: Endpoint) -> Route {
        Route {
            endpoint: Some(endpoint),
            ..Route::default()
        }
    }
}

/// The endpoint that what follows a team names.
fn of_team(rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::Team),
        ["invoices"] => Some(Endpoint::Invoices),
        ["usage", "monthly"] => Some(Endpoint::Usage),
        ["delinquency"] => Some(Endpoint::Delinquency),
        ["licenses"] => Some(Endpoint::Licenses),
        _ => None,
    }
}

/// The endpoint that what follows an enterprise account names.
fn of_account(rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::EnterpriseAccount),
        ["teams"] => Some(Endpoint::EnterpriseTeams),
        ["usage", "monthly"] => Some(Endpoint::EnterpriseUsage),
        _ => None,
    }
}

/// Undoes percent-encoding. What is not validly encoded stays as it is: the team is then simply not
/// found.
fn percent_decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| segment.get(at + 1..at + 3))
            .flatten();
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Route};

    #[test]
    fn every_endpoint_is_known_by_its_path() {
        let known = |path: &str, endpoint, team: Option<&str>, account: Option<&str>| {
            let route = Route {
                endpoint: Some(endpoint),
                team: team.map(str::to_owned),
                enterprise_account: account.map(str::to_owned),
            };
            assert_eq!(Route::of(path), route, "{path}");
        };
        let plain = |path, endpoint| known(path, endpoint, None, None);
        plain("/teams", Endpoint::Teams);
        plain("/enterprise-accounts", Endpoint::EnterpriseAccounts);
        plain("/account/invoices", Endpoint::AccountInvoices);
        plain("/account/rate-limits", Endpoint::RateLimits);
        plain("/oauth/authorizations", Endpoint::Authorizations);

        let team = |path, endpoint| known(path, endpoint, Some("ops"), None);
        team("/teams/ops", Endpoint::Team);
        team("/teams/ops/invoices", Endpoint::Invoices);
        team("/teams/ops/usage/monthly", Endpoint::Usage);
        team("/teams/ops/delinquency", Endpoint::Delinquency);
        team("/teams/ops/licenses", Endpoint::Licenses);
        known(
            "/teams/o%20p%/usage/monthly",
            Endpoint::Usage,
            Some("o p%"),
            None,
        );

        let account = |path, endpoint| known(path, endpoint, None, Some("acme co"));
        account(
            "/enterprise-accounts/acme%20co",
            Endpoint::EnterpriseAccount,
        );
        account(
            "/enterprise-accounts/acme%20co/teams",
            Endpoint::EnterpriseTeams,
        );
        account(
            "/enterprise-accounts/acme%20co/usage/monthly",
            Endpoint::EnterpriseUsage,
        );
    }

    #[test]
    fn anything_else_is_unknown() {
        for path in [
            "/",
            "",
            "/teams/",
            "/teams//invoices",
            "/teams/ops/invoices/",
            "/teams/ops/usage",
            "/teams/ops/licenses/1",
            "/account",
            "/account/invoices/",
            "/oauth",
            "/enterprise-accounts/",
            "/enterprise-accounts//teams",
            "/enterprise-accounts/acme/usage",
            "/enterprise-accounts/acme/usage/daily",
            "/enterprise-accounts/acme/invoices",
            "/v3/teams",
        ] {
            assert_eq!(Route::of(path), Route::default(), "{path}");
        }
    }
}
