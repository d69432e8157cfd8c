//! What is missing from the figures, and why.

use jiff::Timestamp;

use crate::domain::reason::Reason;
use crate::domain::snapshot::{Outcome, Team};

/// What is missing of a team.
#[derive(Debug)]
pub struct Gap {
    /// The team's name.
    pub team: String,
    /// The endpoint, or both.
    pub endpoint: &'static str,
    /// The closed word for why.
    pub reason: &'static str,
    /// What happened.
    pub message: String,
    /// What a person can do about it.
    pub advice: &'static str,
    /// When the figures came that are shown in place of newer ones.
    pub shown_as_of: Option<Timestamp>,
    /// Whether it is a failure, and not how things are.
    pub is_failure: bool,
}

impl Gap {
    /// What is missing of `team`.
    pub(super) fn of(team: &Team) -> Vec<Self> {
        let mut gaps = Vec::new();
        gaps.extend(endpoint(&team.name, "invoices", &team.invoices));
        gaps.extend(endpoint(&team.name, "usage", &team.usage));
        let nothing_answers = team.invoices.failure.is_some() && team.usage.failure.is_some();
        if nothing_answers {
            gaps.iter_mut().for_each(|gap| gap.is_failure = true);
        }
        let left_out = [
            ("invoices", team.invoices.record.rows_left_out),
            ("usage", team.usage.record.rows_left_out),
        ];
        for (endpoint, rows) in left_out.into_iter().filter(|(_, rows)| *rows > 0) {
            let rows = if rows == 1 {
                "1 row of the answer is".to_owned()
            } else {
                format!("{rows} rows of the answer are")
            };
            gaps.push(Self {
                team: team.name.clone(),
                endpoint,
                reason: "rows_left_out",
                message: format!("{rows} left out of the figures, not understood"),
                advice: "The log says what was wrong with the first.",
                shown_as_of: None,
                is_failure: false,
            });
        }
        gaps
    }
}

fn endpoint<T>(team: &str, endpoint: &'static str, outcome: &Outcome<T>) -> Option<Gap> {
    let failure = outcome.failure.as_ref()?;
    Some(Gap {
        team: team.to_owned(),
        endpoint,
        reason: failure.reason.word(),
        message: failure.message.clone(),
        advice: failure.reason.advice(),
        shown_as_of: outcome.last_good.as_ref().map(|good| good.at),
        is_failure: failure.reason != Reason::NotAvailable,
    })
}
