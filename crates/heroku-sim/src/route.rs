//! From a path to the endpoint that it names, and the team on it.

use crate::fault::Endpoint;

/// What a path names. Both are absent for a path that Heroku would not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) team: Option<String>,
}

impl Route {
    /// Reads a path without its query. A trailing or doubled slash makes it unknown, as at Heroku.
    pub(crate) fn of(path: &str) -> Route {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let (endpoint, team) = match segments.as_slice() {
            ["account", "rate-limits"] => (Endpoint::RateLimits, None),
            ["teams"] => (Endpoint::Teams, None),
            ["teams", team] if !team.is_empty() => (Endpoint::Team, Some(*team)),
            ["teams", team, "invoices"] if !team.is_empty() => (Endpoint::Invoices, Some(*team)),
            ["teams", team, "usage", "monthly"] if !team.is_empty() => {
                (Endpoint::Usage, Some(*team))
            }
            _ => {
                return Route {
                    endpoint: None,
                    team: None,
                };
            }
        };
        Route {
            endpoint: Some(endpoint),
            team: team.map(percent_decoded),
        }
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
        let team = |path| (Route::of(path).endpoint, Route::of(path).team);
        assert_eq!(team("/teams"), (Some(Endpoint::Teams), None));
        assert_eq!(
            team("/teams/ops"),
            (Some(Endpoint::Team), Some("ops".to_owned()))
        );
        assert_eq!(
            team("/teams/ops/invoices"),
            (Some(Endpoint::Invoices), Some("ops".to_owned()))
        );
        assert_eq!(
            team("/teams/o%20p%/usage/monthly"),
            (Some(Endpoint::Usage), Some("o p%".to_owned()))
        );
        assert_eq!(
            team("/account/rate-limits"),
            (Some(Endpoint::RateLimits), None)
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
            "/account",
            "/v3/teams",
        ] {
            assert_eq!(
                Route::of(path),
                Route {
                    endpoint: None,
                    team: None
                },
                "{path}"
            );
        }
    }
}
