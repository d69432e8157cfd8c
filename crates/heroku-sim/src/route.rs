//! Routes a path to its endpoint and its team or enterprise account.

use percent_encoding::percent_decode_str;

use crate::endpoint::Endpoint;

/// The parsed path of a request. All fields are `None` if the path is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) team: Option<String>,
    pub(crate) enterprise_account: Option<String>,
    pub(crate) invoice: Option<String>,
    pub(crate) app: Option<String>,
}

impl Route {
    /// Parses a path without its query. As at Heroku, a trailing or doubled slash is not allowed.
    pub(crate) fn parse(path: &str) -> Route {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        match segments.as_slice() {
            ["account"] => Route::to_endpoint(Endpoint::Account),
            ["account", "invoices"] => Route::to_endpoint(Endpoint::AccountInvoices),
            ["account", "rate-limits"] => Route::to_endpoint(Endpoint::RateLimits),
            ["oauth", "authorizations"] => Route::to_endpoint(Endpoint::Authorizations),
            ["teams"] => Route::to_endpoint(Endpoint::Teams),
            ["dyno-sizes"] => Route::to_endpoint(Endpoint::DynoSizes),
            ["pipelines"] => Route::to_endpoint(Endpoint::Pipelines),
            // `~` is the token's owner.
            ["users", "~", rest] => Route {
                endpoint: resource_endpoint(rest),
                ..Route::default()
            },
            ["apps", app, "formation"] if !app.is_empty() => Route {
                endpoint: Some(Endpoint::Formation),
                app: Some(percent_decode(app)),
                ..Route::default()
            },
            ["teams", team, "invoices", invoice] if !team.is_empty() && !invoice.is_empty() => {
                Route {
                    endpoint: Some(Endpoint::Invoice),
                    team: Some(percent_decode(team)),
                    invoice: Some(percent_decode(invoice)),
                    ..Route::default()
                }
            }
            ["teams", team, rest @ ..] if !team.is_empty() => Route {
                endpoint: team_endpoint(rest),
                team: team_endpoint(rest).map(|_| percent_decode(team)),
                ..Route::default()
            },
            ["enterprise-accounts"] => Route::to_endpoint(Endpoint::EnterpriseAccounts),
            ["enterprise-accounts", account, rest @ ..] if !account.is_empty() => Route {
                endpoint: account_endpoint(rest),
                enterprise_account: account_endpoint(rest).map(|_| percent_decode(account)),
                ..Route::default()
            },
            _ => Route::default(),
        }
    }

    fn to_endpoint(endpoint: Endpoint) -> Route {
        Route {
            endpoint: Some(endpoint),
            ..Route::default()
        }
    }
}

/// Returns the endpoint of the path segments after a team.
fn team_endpoint(rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::Team),
        ["invoices"] => Some(Endpoint::Invoices),
        ["usage", "monthly"] => Some(Endpoint::Usage),
        ["delinquency"] => Some(Endpoint::Delinquency),
        ["licenses"] => Some(Endpoint::Licenses),
        [resource] => resource_endpoint(resource),
        _ => None,
    }
}

/// Returns the endpoint of the resources of a team or a person.
fn resource_endpoint(name: &str) -> Option<Endpoint> {
    match name {
        "apps" => Some(Endpoint::Apps),
        "addons" => Some(Endpoint::Addons),
        "pipeline-couplings" => Some(Endpoint::PipelineCouplings),
        _ => None,
    }
}

/// Returns the endpoint of the path segments after an enterprise account.
fn account_endpoint(rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::EnterpriseAccount),
        ["teams"] => Some(Endpoint::EnterpriseTeams),
        ["usage", "monthly"] => Some(Endpoint::EnterpriseUsage),
        _ => None,
    }
}

fn percent_decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Route};

    #[test]
    fn parses_every_endpoint() {
        let check = |path: &str, endpoint, team: Option<&str>, account: Option<&str>| {
            let route = Route {
                endpoint: Some(endpoint),
                team: team.map(str::to_owned),
                enterprise_account: account.map(str::to_owned),
                invoice: None,
                app: None,
            };
            assert_eq!(Route::parse(path), route, "{path}");
        };
        let plain = |path, endpoint| check(path, endpoint, None, None);
        plain("/teams", Endpoint::Teams);
        plain("/enterprise-accounts", Endpoint::EnterpriseAccounts);
        plain("/account", Endpoint::Account);
        plain("/account/invoices", Endpoint::AccountInvoices);
        plain("/account/rate-limits", Endpoint::RateLimits);
        plain("/oauth/authorizations", Endpoint::Authorizations);
        plain("/dyno-sizes", Endpoint::DynoSizes);
        plain("/pipelines", Endpoint::Pipelines);
        plain("/users/~/apps", Endpoint::Apps);
        plain("/users/~/addons", Endpoint::Addons);
        plain("/users/~/pipeline-couplings", Endpoint::PipelineCouplings);

        let team = |path, endpoint| check(path, endpoint, Some("ops"), None);
        team("/teams/ops", Endpoint::Team);
        team("/teams/ops/invoices", Endpoint::Invoices);
        team("/teams/ops/usage/monthly", Endpoint::Usage);
        team("/teams/ops/delinquency", Endpoint::Delinquency);
        team("/teams/ops/licenses", Endpoint::Licenses);
        team("/teams/ops/apps", Endpoint::Apps);
        team("/teams/ops/addons", Endpoint::Addons);
        team("/teams/ops/pipeline-couplings", Endpoint::PipelineCouplings);
        check(
            "/teams/o%20p%/usage/monthly",
            Endpoint::Usage,
            Some("o p%"),
            None,
        );

        let route = Route::parse("/teams/ops/invoices/12");
        assert_eq!(route.endpoint, Some(Endpoint::Invoice));
        assert_eq!(route.invoice.as_deref(), Some("12"));

        let route = Route::parse("/apps/web/formation");
        assert_eq!(route.endpoint, Some(Endpoint::Formation));
        assert_eq!(route.app.as_deref(), Some("web"));

        let account = |path, endpoint| check(path, endpoint, None, Some("acme co"));
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
    fn rejects_unknown_paths() {
        for path in [
            "/",
            "",
            "/teams/",
            "/teams//invoices",
            "/teams/ops/invoices/",
            "/teams/ops/usage",
            "/teams/ops/licenses/1",
            "/account/",
            "/account/invoices/",
            "/teams/ops/invoices/1/2",
            "/oauth",
            "/enterprise-accounts/",
            "/enterprise-accounts//teams",
            "/enterprise-accounts/acme/usage",
            "/enterprise-accounts/acme/usage/daily",
            "/enterprise-accounts/acme/invoices",
            "/v3/teams",
            "/apps",
            "/apps//formation",
            "/apps/web/formation/web",
            "/users/me/apps",
            "/users/~",
            "/users/~/invoices",
        ] {
            assert_eq!(Route::parse(path), Route::default(), "{path}");
        }
    }
}
