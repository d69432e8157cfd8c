//! How old the figures are, by whom and what they were asked of.

use jiff::Timestamp;

use crate::snapshot::{Asked, Snapshot};

/// How an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not been asked since the program started.
    NotAsked,
    /// Its last answer was good.
    Good,
    /// Heroku does not offer it.
    NotAvailable,
    /// Its last poll failed.
    Failed,
}

impl Standing {
    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Good => "good",
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
    pub standing: Standing,
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
        snapshot.asked().iter().map(Self::of).collect()
    }

    fn of(asked: &Asked<'_>) -> Self {
        let standing = match asked {
            asked if asked.record.polls == 0 => Standing::NotAsked,
            asked if asked.is_up => Standing::Good,
            asked if !asked.is_available => Standing::NotAvailable,
            _ => Standing::Failed,
        };
        Self {
            team: asked.name.clone().into_owned(),
            endpoint: asked.endpoint.as_str(),
            standing,
            as_of: asked.last_success,
            changed_at: asked.changed,
            last_attempt: asked.record.last_attempt,
        }
    }
}
