//! What asking Heroku cost: requests, how long they took, and what is left of the rate limit.

use std::time::Duration;

/// A part of Heroku's API that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// Who a team is: `/teams/{id or name}`.
    Team,
    /// Which teams the token sees: `/teams`.
    Teams,
    /// Who an enterprise account is: `/enterprise-accounts/{id or name}`.
    EnterpriseAccount,
    /// A team's invoices, `/teams/{id or name}/invoices`, or a personal account's,
    /// `/account/invoices`.
    Invoices,
    /// A team's usage by month, `/teams/{id}/usage/monthly`, or that of all teams of an enterprise
    /// account, `/enterprise-accounts/{id}/usage/monthly`.
    Usage,
    /// What is scheduled for a team that does not pay: `/teams/{id or name}/delinquency`.
    Delinquency,
    /// A team's licences: `/teams/{id or name}/licenses`.
    Licenses,
    /// The authorizations of the token's owner: `/oauth/authorizations`.
    Authorizations,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Team,
        Self::Teams,
        Self::EnterpriseAccount,
        Self::Invoices,
        Self::Usage,
        Self::Delinquency,
        Self::Licenses,
        Self::Authorizations,
    ];

    /// The word for it in logs, metrics and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Teams => "teams",
            Self::EnterpriseAccount => "enterprise_account",
            Self::Invoices => "invoices",
            Self::Usage => "usage",
            Self::Delinquency => "delinquency",
            Self::Licenses => "licenses",
            Self::Authorizations => "authorizations",
        }
    }
}

/// The statuses that are counted each by itself; known in advance, so that no series appears only
/// when something fails. `other` is any other status, `none` a request without an answer.
pub const CODES: [&str; 19] = [
    "200", "206", "304", "400", "401", "402", "403", "404", "406", "410", "416", "422", "429",
    "500", "502", "503", "504", OTHER, NONE,
];

const OTHER: &str = "other";
const NONE: &str = "none";

/// The upper bounds of the histogram's buckets, in seconds.
pub const BOUNDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The requests to Heroku since the program started.
#[derive(Clone, Debug, Default)]
pub struct ClientStats {
    by_endpoint: [EndpointTraffic; Endpoint::ALL.len()],
    /// What Heroku last said was left of the account's rate limit (`RateLimit-Remaining`).
    pub rate_limit_remaining: Option<u64>,
}

/// The requests to one endpoint.
#[derive(Clone, Debug, Default)]
pub struct EndpointTraffic {
    codes: [u64; CODES.len()],
    /// How many requests took at most the bound of the same position, and no less than the one
    /// before; those beyond the last bound are in `count` alone.
    buckets: [u64; BOUNDS.len()],
    /// How long all requests took together, in seconds.
    pub seconds: f64,
    /// How many there were.
    pub count: u64,
}

impl ClientStats {
    /// Counts a request that took `took` and was answered with `status`, if it was answered.
    pub fn count(&mut self, endpoint: Endpoint, status: Option<u16>, took: Duration) {
        let traffic = &mut self.by_endpoint[endpoint as usize];
        let code = status.map_or(NONE.to_owned(), |status| status.to_string());
        let position = |code: &str| CODES.iter().position(|known| *known == code);
        if let Some(position) = position(&code).or_else(|| position(OTHER)) {
            traffic.codes[position] += 1;
        }
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            traffic.buckets[bucket] += 1;
        }
        traffic.seconds += seconds;
        traffic.count += 1;
    }

    /// The requests to `endpoint`.
    pub fn of(&self, endpoint: Endpoint) -> &EndpointTraffic {
        &self.by_endpoint[endpoint as usize]
    }
}

impl EndpointTraffic {
    /// Each of [`CODES`] and how many requests were answered with it.
    pub fn codes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CODES.into_iter().zip(self.codes)
    }

    /// Each of [`BOUNDS`] and how many requests took at most so long.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let sums = self.buckets.iter().scan(0, |sum, bucket| {
            *sum += bucket;
            Some(*sum)
        });
        BOUNDS.into_iter().zip(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_code_and_by_how_long_they_took() {
        let mut traffic = ClientStats::default();
        traffic.count(Endpoint::Usage, Some(200), Duration::from_millis(50));
        traffic.count(Endpoint::Usage, Some(418), Duration::from_millis(51));
        traffic.count(Endpoint::Usage, None, Duration::from_secs(60));
        let usage = traffic.of(Endpoint::Usage);
        let counted: Vec<_> = usage.codes().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("200", 1), ("other", 1), ("none", 1)]);
        let cumulative: Vec<_> = usage.cumulative().map(|(_, count)| count).collect();
        assert_eq!(cumulative, [1, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!((usage.count, usage.seconds), (3, 60.101));
        assert_eq!(traffic.of(Endpoint::Team).count, 0);
    }
}
