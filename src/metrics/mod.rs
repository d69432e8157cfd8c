//! A Snapshot becomes families of samples.

pub mod cache;
mod cost;
pub mod descriptors;
mod exporter;
mod invoice;
mod legacy;
mod process;
pub mod process_reader;
pub mod render;
mod team;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::snapshot::{Snapshot, Team};
use billing::cost::TeamCost;
use billing::invoice::Invoices;
use billing::month::Month;
use billing::rules::Rules;
use expfmt::family::Family;

pub use exporter::{Answered, AnsweredSoFar};
pub use process::Process;

/// What of a Snapshot's figures is shown, and how.
#[derive(Clone, Debug)]
pub struct RenderOptions {
    /// Beyond this age figures are not shown any more; `None` shows them at any age.
    pub max_age: Option<Duration>,
    /// Whether the metrics of the program that this one replaces are shown.
    pub seed: bool,
    /// Whether the data is made up.
    pub is_demo: bool,
    /// How figures become costs and rows.
    pub rules: Arc<Rules>,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            max_age: None,
            seed: true,
            is_demo: false,
            rules: Arc::default(),
        }
    }
}

/// Heroku's figures in a Snapshot at one instant, as costs and invoices by team.
#[derive(Debug)]
pub struct Figures<'a> {
    costs: Vec<(&'a Team, TeamCost<'a>)>,
    invoices: Vec<(&'a str, &'a Invoices)>,
    current: Month,
    month_names: [String; 2],
    several: bool,
    shown: &'a RenderOptions,
}

impl<'a> Figures<'a> {
    /// What `snapshot` holds at the instant `now`.
    pub fn of(snapshot: &'a Snapshot, now: Timestamp, shown: &'a RenderOptions) -> Self {
        let costs = snapshot.teams().iter().map(|team| {
            let known = team.billing_input(now, shown.max_age);
            (team, TeamCost::new(known, &shown.rules, now))
        });
        let invoices = snapshot.teams().iter().filter_map(|team| {
            let invoices = team.invoices.fresh_data(now, shown.max_age)?;
            Some((team.name.as_str(), invoices))
        });
        let current = Month::at(now);
        Self {
            costs: costs.collect(),
            invoices: invoices.collect(),
            current,
            month_names: [current, current.previous()].map(|month| month.to_string()),
            several: snapshot.several_teams(),
            shown,
        }
    }

    /// The families that have a series, in the catalogue's order. They are gauges, which both
    /// dialects write in the same way.
    pub fn families(&self) -> impl Iterator<Item = Family<'_>> {
        let Self {
            costs,
            invoices,
            current,
            month_names,
            several,
            shown,
        } = self;
        let seed = shown
            .seed
            .then(|| legacy::families(costs, invoices, month_names, *several));
        let history = shown.rules.invoice_history;
        seed.into_iter()
            .flatten()
            .chain(cost::families(costs, &shown.rules))
            .chain(invoice::families(costs, invoices, *current, history))
    }
}

/// Whether the figures of two Snapshots, each at its instant, are the very same, so that
/// [`Figures::families`] gives the same families.
pub fn same_figures(
    (before, at): (&Snapshot, Timestamp),
    (snapshot, now): (&Snapshot, Timestamp),
    max_age: Option<Duration>,
) -> bool {
    let teams = || before.teams().iter().zip(snapshot.teams());
    Month::at(at) == Month::at(now)
        && before.several_teams() == snapshot.several_teams()
        && before.teams().len() == snapshot.teams().len()
        && teams().all(|(before, team)| {
            before
                .billing_input(at, max_age)
                .is_same(&team.billing_input(now, max_age))
        })
}

/// The families of what else a Snapshot tells: what is true of a team beside its bill, and how the
/// polls go. They follow those of the figures in the catalogue's order.
pub fn of_polls(snapshot: &Snapshot) -> impl Iterator<Item = Family<'_>> {
    team::families(snapshot)
        .into_iter()
        .chain(exporter::families(snapshot))
}

/// The families that change by themselves: the time, the process, and what was `answered`, which is
/// all but the scrapes.
pub fn of_process<'a>(
    now: Timestamp,
    process: Option<&Process>,
    answered: impl Iterator<Item = Answered<'a>> + 'a,
) -> impl Iterator<Item = Family<'a>> {
    let process = process.map(process::families).unwrap_or_default();
    std::iter::once(exporter::month_elapsed(now))
        .chain(process)
        .chain([exporter::answered(answered)])
}

/// The rest of the last family of [`of_process`]: how many scrapes were answered.
pub fn of_scrapes(scrapes: Answered<'_>) -> Family<'_> {
    exporter::answered(std::iter::once(scrapes))
}

/// An instant in seconds since 1970.
fn unix_time(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
