//! The age of the data by endpoint.

use jiff::Timestamp;
use serde::Serialize;

use crate::snapshot::{EndpointHealth, Snapshot};

/// The state of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndpointFreshness {
    /// The last poll failed.
    Failed,
    /// There was no poll since the start of the program.
    NotAsked,
    /// The last poll succeeded.
    #[serde(rename = "good")]
    LastSuccess,
    /// Heroku does not offer the endpoint.
    NotAvailable,
}

/// The age of an endpoint's data.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Freshness {
    /// The name of a team or an enterprise account, or `*` for the list of teams.
    #[serde(rename = "team_name")]
    pub(super) team: String,
    pub(super) endpoint: &'static str,
    #[serde(rename = "standing")]
    pub(super) state: EndpointFreshness,
    /// When Heroku last returned the data.
    #[serde(rename = "figures_as_of")]
    pub(super) as_of: Option<Timestamp>,
    /// When Heroku first returned the data. A new response can have old data.
    pub(super) changed_at: Option<Timestamp>,
    /// When the endpoint was last polled.
    pub(super) last_attempt: Option<Timestamp>,
}

impl Freshness {
    /// Returns the age of every endpoint's data.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        snapshot.endpoint_health().iter().map(Self::new).collect()
    }

    fn new(health: &EndpointHealth<'_>) -> Self {
        let state = if health.stats.polls == 0 {
            EndpointFreshness::NotAsked
        } else if health.is_up {
            EndpointFreshness::LastSuccess
        } else if health.is_available {
            EndpointFreshness::Failed
        } else {
            EndpointFreshness::NotAvailable
        };
        Self {
            team: health.name.clone().into_owned(),
            endpoint: health.endpoint.as_str(),
            state,
            as_of: health.last_success,
            changed_at: health.changed_at,
            last_attempt: health.stats.last_attempt,
        }
    }
}
