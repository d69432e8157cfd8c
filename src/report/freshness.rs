//! The age of the data of each endpoint.

use jiff::Timestamp;
use serde::Serialize;

use crate::snapshot::{EndpointHealth, Snapshot};

/// The state of polling an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndpointState {
    /// The last poll failed.
    Failed,
    /// The endpoint has not been polled since the exporter started.
    #[serde(rename = "not_asked")]
    NotPolled,
    /// The last poll succeeded.
    #[serde(rename = "good")]
    Succeeded,
    /// Heroku does not offer the endpoint.
    NotAvailable,
}

/// The age of an endpoint's data.
#[derive(Clone, Debug, Serialize)]
pub(super) struct EndpointFreshness {
    /// The name of a team or an enterprise account, or `*` for team discovery.
    #[serde(rename = "team_name")]
    pub(super) team: String,
    pub(super) endpoint: &'static str,
    #[serde(rename = "standing")]
    pub(super) state: EndpointState,
    /// When Heroku last returned or confirmed the data.
    #[serde(rename = "figures_as_of")]
    pub(super) data_as_of: Option<Timestamp>,
    /// When Heroku first returned the data. A recent response can have old data.
    pub(super) changed_at: Option<Timestamp>,
    /// When the endpoint was last polled.
    pub(super) last_attempt: Option<Timestamp>,
}

impl EndpointFreshness {
    /// Returns the freshness of all endpoints.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        snapshot.endpoint_health().iter().map(Self::new).collect()
    }

    fn new(health: &EndpointHealth<'_>) -> Self {
        let state = if health.stats.polls == 0 {
            EndpointState::NotPolled
        } else if health.is_up {
            EndpointState::Succeeded
        } else if health.is_available {
            EndpointState::Failed
        } else {
            EndpointState::NotAvailable
        };
        Self {
            team: health.name.clone().into_owned(),
            endpoint: health.endpoint.as_str(),
            state,
            data_as_of: health.last_success,
            changed_at: health.changed_at,
            last_attempt: health.stats.last_attempt,
        }
    }
}
