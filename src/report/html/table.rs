//! Tables of costs.

use super::chart::{Bar, max_amount};
use super::format::name;
use crate::report::figures::Figures;
use billing::money::Money;

/// A table of costs.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) caption: &'static str,
    /// The title of the first column.
    pub(super) first: &'static str,
    pub(super) rows: Vec<Row>,
    /// The rows of the footer.
    pub(super) sums: Vec<Row>,
}

/// A row of costs.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) link: Option<String>,
    /// A text after the name.
    pub(super) detail: Option<String>,
    pub(super) bar: Option<Bar>,
    pub(super) figures: Figures,
    /// Whether there was no cost in the previous month.
    pub(super) is_new: bool,
}

impl Row {
    /// Creates a row of a name and costs only.
    pub(super) fn new(of: &str, figures: &Figures) -> Self {
        Self {
            name: name(of),
            link: None,
            detail: None,
            bar: None,
            figures: *figures,
            is_new: false,
        }
    }

    /// Adds a bar, `max` being its full length.
    pub(super) fn with_bar(mut self, max: Money) -> Self {
        self.bar = Some(Bar::new(&self.figures, self.figures.previous, max));
        self
    }
}

impl Table {
    /// Creates a table with bars of one scale.
    pub(super) fn new(
        caption: &'static str,
        first: &'static str,
        rows: impl IntoIterator<Item = Row>,
        sums: Vec<Row>,
    ) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        let max = max_amount(rows.iter().map(|row| &row.figures));
        let rows = rows.into_iter().map(|row| row.with_bar(max));
        Self {
            caption,
            first,
            rows: rows.collect(),
            sums,
        }
    }
}
