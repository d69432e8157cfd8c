//! How old the figures are, by whom and what they were asked of.

use jiff::Timestamp;

use crate::snapshot::{EndpointHealth, Snapshot};

/// How an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointFreshness {
    /// It has not been asked since the program started.
    NotAsked,
    /// Its last answer was good.
    LastSuccess,
    /// Heroku does not offer it.
    NotAvailable,
    /// Its last poll failed.
    Failed,
}

impl EndpointFreshness {
    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::LastSuccess => "good",
            Self::NotAvailable => "not_available",
            Self::Failed => "failed",
        }
    }
}

/// How old an endpoint's figures are.
#[derive(Clone, Debug)]
pub struct Freshness {
    /// Whose: a team's name, an enterprise account's, or `*` for the list of teams.
    pub team: String,
    /// The endpoint.
    pub endpoint: &'static str,
    /// How it stands.
    pub standing: EndpointFreshness,
    /// When Heroku last gave the figures that are shown.
    pub as_of: Option<Timestamp>,
    /// When Heroku first gave them: a fresh answer can carry old figures.
    pub changed_at: Option<Timestamp>,
    /// When it was last asked.
    pub last_attempt: Option<Timestamp>,
}

impl Freshness {
    /// Of every endpoint that is asked.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        snapshot.endpoint_health().iter().map(Self::of).collect()
    }

    fn of(asked: &EndpointHealth<'_>) -> Self {
        let standing = match asked {
            asked if asked.stats.polls == 0 => EndpointFreshness::NotAsked,
            asked if asked.is_up => EndpointFreshness::LastSuccess,
            asked if !asked.is_available => EndpointFreshness::NotAvailable,
            _ => EndpointFreshness::Failed,
        };
        Self {
            team: asked.name.clone().into_owned(),
            endpoint: asked.endpoint.as_str(),
            standing,
            as_of: asked.last_success,
            changed_at: asked.changed_at,
            last_attempt: asked.stats.last_attempt,
        }
    }
}
