//! The costs of closed months.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde::Serialize;

use super::format::{display, usd};
use crate::snapshot::Team;
use crate::store::{History, HistoryError};
use billing::category::{ByCategory, Category};
use billing::cost::{BillingInput, MonthCost};
use billing::invoice::Invoices;
use billing::money::Money;
use billing::month::Month;
use billing::rules::Rules;

/// The number of closed months in a report, unless others are requested.
const DEFAULT_MONTHS: usize = 12;

/// The closed months of a report, and where they are read.
#[derive(Clone, Debug)]
pub struct PastMonths<'a> {
    history: &'a History,
    /// The months, oldest first.
    months: Vec<Month>,
}

/// The costs of a team in a closed month.
#[derive(Debug, Serialize)]
pub(super) struct PastMonth {
    #[serde(serialize_with = "display")]
    pub(super) month: Month,
    /// The cost of its usage.
    #[serde(rename = "cost_usd", serialize_with = "usd")]
    pub(super) cost: Option<Money>,
    /// The total of its invoice.
    #[serde(rename = "invoice_usd", serialize_with = "usd")]
    pub(super) invoice: Option<Money>,
    #[serde(rename = "kinds")]
    pub(super) categories: Vec<PastCategory>,
    pub(super) apps: Vec<PastApp>,
}

/// The cost of an app, or of apps that share a row, in a closed month.
#[derive(Debug, Serialize)]
pub(super) struct PastApp {
    #[serde(rename = "app_name")]
    pub(super) name: String,
    #[serde(rename = "cost_usd", serialize_with = "usd")]
    pub(super) cost: Option<Money>,
    #[serde(rename = "kinds")]
    pub(super) categories: Vec<PastCategory>,
}

/// The cost of a category in a closed month.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct PastCategory {
    #[serde(rename = "kind")]
    pub(super) category: &'static str,
    #[serde(rename = "cost_usd", serialize_with = "usd")]
    pub(super) cost: Option<Money>,
}

impl<'a> PastMonths<'a> {
    /// Returns the last twelve closed months at the instant `now`.
    pub fn last(history: &'a History, now: Timestamp) -> Self {
        let current = Month::at(now);
        let mut months: Vec<_> = current.closed().take(DEFAULT_MONTHS).collect();
        months.reverse();
        Self { history, months }
    }

    /// Returns the months of `range`.
    pub fn of(history: &'a History, range: &RangeInclusive<Month>) -> Self {
        let latest_first = std::iter::once(*range.end()).chain(range.end().closed());
        let mut months: Vec<_> = latest_first
            .take_while(|month| month >= range.start())
            .collect();
        months.reverse();
        Self { history, months }
    }

    /// Returns the months, oldest first.
    pub fn months(&self) -> &[Month] {
        &self.months
    }

    /// Returns the months with a known cost or invoice of a team.
    pub(super) fn of_team(
        &self,
        team: &Team,
        input: BillingInput<'_>,
        rules: &Rules,
    ) -> Vec<PastMonth> {
        // Past months are no younger than the current one.
        let is_expired = input.usage.is_none() && team.usage.data().is_some();
        let of_month = |month: &Month| {
            let history = self.history;
            let usage = match is_expired {
                true => Ok(None),
                false => history.usage(team.id.as_deref(), &team.name, *month),
            };
            let usage = usage.unwrap_or_else(|error: HistoryError| {
                tracing::error!(%error, team = team.name, %month, "past month cannot be read");
                None
            });
            let cost = usage
                .as_ref()
                .map(|usage| MonthCost::of_past(usage, *month, input, rules));
            let invoice = input
                .invoices
                .and_then(|invoices: &Invoices| invoices.of_month(*month)?.total);
            cost.as_ref().map(|_| ()).or(invoice.map(|_| ()))?;
            Some(PastMonth::new(*month, cost.as_ref(), invoice))
        };
        self.months.iter().filter_map(of_month).collect()
    }
}

impl PastMonth {
    fn new(month: Month, cost: Option<&MonthCost<'_>>, invoice: Option<Money>) -> Self {
        let categories = |cost: &ByCategory, all: &[Category]| -> Vec<_> {
            let known = all.iter().filter(|category| cost.get(**category).is_some());
            known
                .map(|category| PastCategory {
                    category: category.as_str(),
                    cost: cost.get(*category),
                })
                .collect()
        };
        let apps = cost
            .iter()
            .flat_map(|cost| &cost.rows)
            .map(|(name, row)| PastApp {
                name: name.clone().into_owned(),
                cost: row.cost.total(),
                categories: categories(&row.cost, &Category::OF_APPS),
            });
        let mut apps: Vec<_> = apps.collect();
        apps.sort_by_key(|app| std::cmp::Reverse(app.cost));
        Self {
            month,
            cost: cost.and_then(|cost| cost.team.total()),
            invoice,
            categories: cost.map_or_else(Vec::new, |cost| categories(&cost.team, &Category::ALL)),
            apps,
        }
    }
}
