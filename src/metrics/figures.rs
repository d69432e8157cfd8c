//! Costs and invoices of a Snapshot, from which the metrics are made.

use std::time::Duration;

use jiff::Timestamp;

use super::options::RenderOptions;
use crate::snapshot::{Snapshot, Team};
use billing::cost::TeamCost;
use billing::invoice::Invoices;
use billing::month::Month;

/// Costs and invoices by team, of a Snapshot at one instant.
#[derive(Debug)]
pub struct Figures<'a> {
    /// The teams and their costs.
    pub(super) costs: Vec<(&'a Team, TeamCost<'a>)>,
    /// The names of the teams with known invoices, and the invoices.
    pub(super) invoices: Vec<(&'a str, &'a Invoices)>,
    pub(super) current: Month,
    /// The names of the current and of the previous month.
    pub(super) month_names: [String; 2],
    pub(super) several_teams: bool,
    pub(super) options: &'a RenderOptions,
}

impl<'a> Figures<'a> {
    /// Computes the figures of `snapshot` at the instant `now`.
    pub fn new(snapshot: &'a Snapshot, now: Timestamp, options: &'a RenderOptions) -> Self {
        let costs = snapshot.teams().iter().map(|team| {
            let input = team.billing_input(now, options.max_age);
            (team, TeamCost::new(input, &options.rules, now))
        });
        let invoices = snapshot.teams().iter().filter_map(|team| {
            let invoices = team.invoices.fresh_data(now, options.max_age)?;
            Some((team.name.as_str(), invoices))
        });
        let current = Month::at(now);
        Self {
            costs: costs.collect(),
            invoices: invoices.collect(),
            current,
            month_names: [current, current.previous()].map(|month| month.to_string()),
            several_teams: snapshot.several_teams(),
            options,
        }
    }
}

/// Returns whether the figures of two Snapshots, each at its instant, are identical.
pub(super) fn same_figures(
    (before, at): (&Snapshot, Timestamp),
    (snapshot, now): (&Snapshot, Timestamp),
    max_age: Option<Duration>,
) -> bool {
    let mut teams = before.teams().iter().zip(snapshot.teams());
    Month::at(at) == Month::at(now)
        && before.several_teams() == snapshot.several_teams()
        && before.teams().len() == snapshot.teams().len()
        && teams.all(|(before, team)| {
            before
                .billing_input(at, max_age)
                .is_same(&team.billing_input(now, max_age))
        })
}
