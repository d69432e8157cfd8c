//! What is missing from the figures, and why.

use jiff::Timestamp;

use super::failure_text::{advice, title};
use crate::snapshot::FailureReason;
use crate::snapshot::{EndpointStatus, Snapshot, Team};
use heroku_api::stats::Endpoint;

/// The word for rows that could not be understood, beside those of [`FailureReason`].
const ROWS_LEFT_OUT: &str = "rows_left_out";

/// What is missing of a team.
#[derive(Debug)]
pub struct DataIssue {
    /// Whose: a team's name, an enterprise account's, or `*` for the list of teams.
    pub team: String,
    /// The endpoint.
    pub endpoint: &'static str,
    /// The closed word for why.
    pub reason: &'static str,
    /// Why, for a person.
    pub title: &'static str,
    /// What happened.
    pub message: String,
    /// What a person can do about it.
    pub advice: &'static str,
    /// When the figures came that are shown in place of newer ones.
    pub shown_as_of: Option<Timestamp>,
    /// Whether it is a failure, and not how things are.
    pub is_failure: bool,
}

impl DataIssue {
    /// What is missing from a Snapshot.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        let mut gaps = Vec::new();
        if let Some(listing) = &snapshot.discovery {
            gaps.extend(Self::of("*", Endpoint::Teams, listing));
        }
        for account in &snapshot.accounts {
            gaps.extend(Self::of(&account.name, Endpoint::Usage, &account.usage));
        }
        // Without these nobody's figures are known: that Heroku does not offer them is no excuse.
        gaps.iter_mut()
            .for_each(|gap| gap.is_failure |= gap.is_refusal());
        gaps.extend(snapshot.teams().iter().flat_map(Self::of_team));
        gaps
    }

    fn of_team(team: &Team) -> Vec<Self> {
        let of = |endpoint: &Endpoint| match endpoint {
            Endpoint::Usage => Self::of(&team.name, *endpoint, &team.usage),
            _ => Self::of(&team.name, *endpoint, &team.invoices),
        };
        let mut gaps: Vec<_> = team.polled_endpoints.iter().flat_map(of).collect();
        let refused = gaps.iter().filter(|gap| gap.is_refusal()).count();
        // A team of an enterprise account is told by that.
        let is_told = !team.polled_endpoints.contains(&Endpoint::Usage) && team.id.is_some();
        if refused == team.polled_endpoints.len() && !is_told {
            gaps.iter_mut()
                .for_each(|gap| gap.is_failure |= gap.is_refusal());
        }
        gaps
    }

    /// What is missing of one answer: all of it, or rows.
    fn of<T>(name: &str, endpoint: Endpoint, outcome: &EndpointStatus<T>) -> Vec<Self> {
        let refusal = outcome.failure.as_ref().map(|failure| Self {
            team: name.to_owned(),
            endpoint: endpoint.as_str(),
            reason: failure.reason.as_str(),
            title: title(failure.reason),
            message: failure.message.clone(),
            advice: advice(failure.reason),
            shown_as_of: outcome.last_success.as_ref().map(|good| good.at),
            is_failure: failure.reason != FailureReason::NotAvailable,
        });
        let rows = outcome.stats.skipped_rows;
        let left_out = (rows > 0).then(|| Self {
            team: name.to_owned(),
            endpoint: endpoint.as_str(),
            reason: ROWS_LEFT_OUT,
            title: "Some of Heroku's answer is left out",
            message: if rows == 1 {
                "1 row of the answer is left out of the figures, not understood".to_owned()
            } else {
                format!("{rows} rows of the answer are left out of the figures, not understood")
            },
            advice: "The log says what was wrong with the first.",
            shown_as_of: None,
            is_failure: false,
        });
        refusal.into_iter().chain(left_out).collect()
    }

    /// Whether nothing came, and not only less.
    fn is_refusal(&self) -> bool {
        self.reason != ROWS_LEFT_OUT
    }
}
