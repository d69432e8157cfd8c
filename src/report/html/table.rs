//! Tables of costs.

use super::chart::{Bar, max_amount};
use super::format::{Costs, name};
use crate::report::Figures;
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
    pub(super) costs: Costs,
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
            costs: Costs::new(figures),
            is_new: false,
        }
    }

    /// Adds a bar, `max` being its full length.
    pub(super) fn with_bar(self, figures: &Figures, max: Money) -> Self {
        Self {
            bar: Some(Bar::new(figures, figures.previous, max)),
            ..self
        }
    }
}

impl Table {
    /// Creates a table with bars of one scale.
    pub(super) fn new<'a>(
        caption: &'static str,
        first: &'static str,
        rows: impl IntoIterator<Item = (Row, &'a Figures)>,
        sums: Vec<Row>,
    ) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        let max = max_amount(rows.iter().map(|(_, figures)| *figures));
        let rows = rows.into_iter();
        Self {
            caption,
            first,
            rows: rows
                .map(|(row, figures)| row.with_bar(figures, max))
                .collect(),
            sums,
        }
    }
}
