//! Statistics of the requests to Heroku.

use std::collections::BTreeMap;
use std::time::Duration;

/// An endpoint of the Platform API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The identity of a team: `/teams/{id or name}`.
    Team,
    /// The teams that the token has access to: `/teams`.
    Teams,
    /// The identity of an enterprise account: `/enterprise-accounts/{id or name}`.
    EnterpriseAccount,
    /// A team's invoices, `/teams/{id or name}/invoices`, or a personal account's,
    /// `/account/invoices`.
    Invoices,
    /// A team's usage by month, `/teams/{id}/usage/monthly`, or that of all teams of an enterprise
    /// account, `/enterprise-accounts/{id}/usage/monthly`.
    Usage,
    /// The same for past months, in one request.
    PastUsage,
    /// The scheduled suspension and deletion of a team: `/teams/{id or name}/delinquency`.
    Delinquency,
    /// A team's licences: `/teams/{id or name}/licenses`.
    Licenses,
    /// The authorizations of the token's owner: `/oauth/authorizations`.
    Authorizations,
    /// The token's own account: `/account`.
    Account,
    /// The apps of a team, `/teams/{id or name}/apps`, or of a person, `/users/~/apps`.
    Apps,
    /// The add-ons of a team, `/teams/{id or name}/addons`, or of a person, `/users/~/addons`.
    Addons,
    /// The pipelines and stages of a team's apps, `/teams/{id or name}/pipeline-couplings`, or of a
    /// person's, `/users/~/pipeline-couplings`.
    PipelineCouplings,
    /// The dynos of an app: `/apps/{id}/formation`.
    Formation,
    /// The dyno sizes: `/dyno-sizes`.
    DynoSizes,
    /// The pipelines that the token has access to: `/pipelines`.
    Pipelines,
}

impl Endpoint {
    /// All endpoints, in the order of their discriminants.
    pub const ALL: [Self; 16] = [
        Self::Team,
        Self::Teams,
        Self::EnterpriseAccount,
        Self::Invoices,
        Self::Usage,
        Self::PastUsage,
        Self::Delinquency,
        Self::Licenses,
        Self::Authorizations,
        Self::Account,
        Self::Apps,
        Self::Addons,
        Self::PipelineCouplings,
        Self::Formation,
        Self::DynoSizes,
        Self::Pipelines,
    ];

    /// Returns the name in logs, metrics and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Teams => "teams",
            Self::EnterpriseAccount => "enterprise_account",
            Self::Invoices => "invoices",
            Self::Usage => "usage",
            Self::PastUsage => "past_usage",
            Self::Delinquency => "delinquency",
            Self::Licenses => "licenses",
            Self::Authorizations => "authorizations",
            Self::Account => "account",
            Self::Apps => "apps",
            Self::Addons => "addons",
            Self::PipelineCouplings => "pipeline_couplings",
            Self::Formation => "formation",
            Self::DynoSizes => "dyno_sizes",
            Self::Pipelines => "pipelines",
        }
    }
}

/// Statistics of the requests to Heroku since the client was created.
#[derive(Clone, Debug, Default)]
pub struct ClientStats {
    endpoints: [EndpointStats; Endpoint::ALL.len()],
    /// The last `RateLimit-Remaining`: how many requests the account has left.
    pub rate_limit_remaining: Option<u64>,
}

/// Statistics of the requests to one endpoint.
#[derive(Clone, Debug, Default)]
pub struct EndpointStats {
    /// The number of requests.
    pub requests: u64,
    /// The number of requests by the status code of the response.
    pub by_status: BTreeMap<u16, u64>,
    /// The number of requests without a response.
    pub no_response: u64,
    /// The sum of the requests' durations, in seconds.
    pub duration_seconds: f64,
    /// Upper bounds in seconds, each with the number of requests that took at most that long.
    pub duration_buckets: Vec<(f64, u64)>,
}

impl ClientStats {
    /// Creates empty statistics. `duration_buckets` are the upper bounds of the duration buckets,
    /// in seconds.
    pub fn new(duration_buckets: &[f64]) -> Self {
        let buckets: Vec<_> = duration_buckets.iter().map(|bound| (*bound, 0)).collect();
        let mut stats = Self::default();
        for endpoint in &mut stats.endpoints {
            endpoint.duration_buckets.clone_from(&buckets);
        }
        stats
    }

    /// Records a request, with the status code of the response if there was one.
    pub fn record(&mut self, endpoint: Endpoint, status: Option<u16>, duration: Duration) {
        let stats = &mut self.endpoints[endpoint as usize];
        stats.requests += 1;
        match status {
            Some(status) => *stats.by_status.entry(status).or_default() += 1,
            None => stats.no_response += 1,
        }
        let seconds = duration.as_secs_f64();
        stats.duration_seconds += seconds;
        let buckets = stats.duration_buckets.iter_mut();
        for (_, count) in buckets.filter(|(bound, _)| seconds <= *bound) {
            *count += 1;
        }
    }

    /// Returns the statistics of one endpoint.
    pub fn endpoint(&self, endpoint: Endpoint) -> &EndpointStats {
        &self.endpoints[endpoint as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_requests_by_status_and_duration() {
        let mut stats = ClientStats::new(&[0.05, 0.1, 30.0]);
        stats.record(Endpoint::Usage, Some(200), Duration::from_millis(50));
        stats.record(Endpoint::Usage, Some(418), Duration::from_millis(51));
        stats.record(Endpoint::Usage, None, Duration::from_secs(60));
        let usage = stats.endpoint(Endpoint::Usage);
        assert_eq!(usage.by_status, [(200, 1), (418, 1)].into());
        assert_eq!(usage.duration_buckets, [(0.05, 1), (0.1, 2), (30.0, 2)]);
        assert_eq!((usage.requests, usage.no_response), (3, 1));
        assert_eq!(usage.duration_seconds, 60.101);
        assert_eq!(stats.endpoint(Endpoint::Team).requests, 0);
    }
}
