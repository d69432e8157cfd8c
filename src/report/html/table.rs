//! Tables of costs.

use super::chart::{Bar, max_amount};
use super::text::display_name;
use crate::report::costs::CostSummary;
use billing::money::Money;

/// A table of costs.
#[derive(Debug)]
pub(super) struct CostTable {
    pub(super) caption: &'static str,
    /// The title of the first column.
    pub(super) first_column: &'static str,
    pub(super) rows: Vec<CostRow>,
    /// The rows of the footer, such as a total.
    pub(super) footer: Vec<CostRow>,
}

/// A row of costs.
#[derive(Debug)]
pub(super) struct CostRow {
    pub(super) name: String,
    pub(super) link: Option<String>,
    /// Text after the name.
    pub(super) detail: Option<String>,
    pub(super) bar: Option<Bar>,
    pub(super) costs: CostSummary,
    /// Whether the app is new, without costs in the previous month.
    pub(super) is_new: bool,
}

impl CostRow {
    /// Creates a row with a name and costs.
    pub(super) fn new(name: &str, costs: &CostSummary) -> Self {
        Self {
            name: display_name(name),
            link: None,
            detail: None,
            bar: None,
            costs: *costs,
            is_new: false,
        }
    }

    /// Adds a bar whose full length is `max`.
    pub(super) fn with_bar(mut self, max: Money) -> Self {
        self.bar = Some(Bar::new(&self.costs, self.costs.previous, max));
        self
    }
}

impl CostTable {
    /// Creates a table whose bars have the same scale.
    pub(super) fn new(
        caption: &'static str,
        first_column: &'static str,
        rows: impl IntoIterator<Item = CostRow>,
        footer: Vec<CostRow>,
    ) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        let max = max_amount(rows.iter().map(|row| &row.costs));
        let rows = rows.into_iter().map(|row| row.with_bar(max));
        Self {
            caption,
            first_column,
            rows: rows.collect(),
            footer,
        }
    }
}
