//! A team's invoices of recent months.

use serde::Serialize;

use super::format::{display, usd};
use billing::invoice::Invoices;
use billing::money::Money;
use billing::month::Month;

/// A month's invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct MonthlyInvoice {
    #[serde(serialize_with = "display")]
    pub(super) month: Month,
    #[serde(rename = "total_usd", serialize_with = "usd")]
    pub(super) total: Option<Money>,
    pub(super) state: Option<&'static str>,
}

impl MonthlyInvoice {
    /// Returns the invoices of the month `current` and the `history` months before it, oldest
    /// first.
    pub(super) fn recent(invoices: &Invoices, current: Month, history: usize) -> Vec<Self> {
        let of_month = |month| {
            let invoice = invoices.of_month(month)?;
            Some(Self {
                month,
                total: invoice.total,
                state: invoice.state_name(),
            })
        };
        let mut found: Vec<_> = months_back(current, history).filter_map(of_month).collect();
        found.reverse();
        found
    }
}

/// Returns `current` and the `history` months before it, latest first.
pub(super) fn months_back(current: Month, history: usize) -> impl Iterator<Item = Month> {
    std::iter::successors(Some(current), |month| Some(month.previous())).take(history + 1)
}
