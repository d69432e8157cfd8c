//! Costs and invoices of a Snapshot, from which the billing families are built.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::options::RenderOptions;
use crate::snapshot::{Snapshot, Team};
use crate::store::History;
use billing::category::ByCategory;
use billing::cost::{MonthCost, TeamCost};
use billing::invoice::Invoices;
use billing::month::Month;
use billing::resources::DynoPrices;
use billing::run_rate::RunRate;

/// The number of closed months with costs.
pub(super) const PAST_MONTHS: usize = 12;

/// Costs and invoices of the teams of a Snapshot at one instant.
#[derive(Debug)]
pub struct BillingData<'a> {
    /// The teams and their costs.
    pub(super) costs: Vec<(&'a Team, TeamCost<'a>)>,
    /// The costs of the last closed months with known usage, latest first.
    pub(super) past: Vec<PastCost<'a>>,
    /// The names of the teams with known invoices, and their invoices.
    pub(super) invoices: Vec<(&'a str, &'a Invoices)>,
    /// The teams whose apps are known, and what their resources cost a month.
    pub(super) run_rates: Vec<(&'a Team, RunRate<'a>)>,
    pub(super) dyno_prices: &'a DynoPrices,
    pub(super) current_month: Month,
    /// The names of the current and the previous month.
    pub(super) month_names: [String; 2],
    pub(super) several_teams: bool,
    pub(super) options: &'a RenderOptions,
}

impl<'a> BillingData<'a> {
    /// Computes the billing data of `snapshot` at the instant `now`.
    pub fn new(snapshot: &'a Snapshot, now: Timestamp, options: &'a RenderOptions) -> Self {
        let costs = snapshot.teams().iter().map(|team| {
            let input = team.billing_input(now, options.max_age);
            (team, TeamCost::new(input, &options.rules, now))
        });
        let costs: Vec<_> = costs.collect();
        let run_rates = costs.iter().filter_map(|(team, cost)| {
            let inventory = team.inventory.as_deref()?;
            let (prices, apps) = (&snapshot.dyno_prices, &options.rules.apps);
            let rate = RunRate::new(inventory, prices, cost.dyno_pricing(), apps)?;
            Some((*team, rate))
        });
        let history = options.history.as_ref();
        let past = history.map(|history| past_costs(snapshot, history, now, options));
        let invoices = snapshot.teams().iter().filter_map(|team| {
            let invoices = team.invoices.fresh_data(now, options.max_age)?;
            Some((team.name.as_str(), invoices))
        });
        let current_month = Month::at(now);
        Self {
            run_rates: run_rates.collect(),
            dyno_prices: &snapshot.dyno_prices,
            costs,
            past: past.unwrap_or_default(),
            invoices: invoices.collect(),
            current_month,
            month_names: [current_month, current_month.previous()].map(|month| month.to_string()),
            several_teams: snapshot.several_teams(),
            options,
        }
    }
}

/// The cost of a team in a closed month.
#[derive(Debug)]
pub(super) struct PastCost<'a> {
    pub(super) team: &'a str,
    pub(super) month: Month,
    pub(super) cost: ByCategory,
}

fn past_costs<'a>(
    snapshot: &'a Snapshot,
    history: &History,
    now: Timestamp,
    options: &RenderOptions,
) -> Vec<PastCost<'a>> {
    let mut past = Vec::new();
    for team in snapshot.teams() {
        let input = team.billing_input(now, options.max_age);
        // Past months are no younger than the current one.
        if input.usage.is_none() && team.usage.data().is_some() {
            continue;
        }
        for month in Month::at(now).closed().take(PAST_MONTHS) {
            let usage = match history.usage(team.id.as_deref(), &team.name, month) {
                Ok(usage) => usage,
                Err(error) => {
                    tracing::error!(%error, "past months cannot be read");
                    return past;
                }
            };
            if let Some(usage) = usage {
                past.push(PastCost {
                    team: &team.name,
                    month,
                    cost: MonthCost::of_past(&usage, month, input, &options.rules).team,
                });
            }
        }
    }
    past
}

/// Returns whether two Snapshots, each at its instant, have identical billing data.
pub(super) fn has_same_billing_data(
    (previous, previous_at): (&Snapshot, Timestamp),
    (snapshot, now): (&Snapshot, Timestamp),
    max_age: Option<Duration>,
) -> bool {
    let mut teams = previous.teams().iter().zip(snapshot.teams());
    Month::at(previous_at) == Month::at(now)
        && previous.several_teams() == snapshot.several_teams()
        && previous.teams().len() == snapshot.teams().len()
        && previous.dyno_prices == snapshot.dyno_prices
        && teams.all(|(previous, team)| {
            let inventory = |team: &Team| team.inventory.as_ref().map(Arc::as_ptr);
            inventory(previous) == inventory(team)
                && previous
                    .billing_input(previous_at, max_age)
                    .is_same(&team.billing_input(now, max_age))
        })
}
