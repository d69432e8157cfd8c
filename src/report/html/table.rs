//! Tables of costs: a row for each of whom they are, with a bar.

use super::bars::{Bar, most};
use super::words::{Costs, name};
use crate::report::Figures;

/// A table of costs.
#[derive(Debug)]
pub(super) struct Table {
    /// What it is, for those who cannot see where it stands.
    pub(super) caption: &'static str,
    /// What its first column holds.
    pub(super) first: &'static str,
    pub(super) rows: Vec<Row>,
    /// What is below the line.
    pub(super) sums: Vec<Row>,
}

/// A row of costs.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// Where the name leads.
    pub(super) link: Option<String>,
    /// What stands beside the name.
    pub(super) beside: Option<String>,
    pub(super) bar: Option<Bar>,
    pub(super) costs: Costs,
    /// Whether it is not known to have cost anything last month, although others are.
    pub(super) is_new: bool,
}

impl Row {
    /// The row of something called `of`, with nothing beside its costs.
    pub(super) fn new(of: &str, figures: &Figures) -> Self {
        Self {
            name: name(of),
            link: None,
            beside: None,
            bar: None,
            costs: Costs::of(figures),
            is_new: false,
        }
    }

    /// The row with its bar, held against last month.
    pub(super) fn with_bar(self, figures: &Figures, most: billing::money::Money) -> Self {
        Self {
            bar: Some(Bar::new(figures, figures.previous, most)),
            ..self
        }
    }
}

impl Table {
    /// A table of rows with bars that can be held against each other.
    pub(super) fn new<'a>(
        caption: &'static str,
        first: &'static str,
        rows: impl IntoIterator<Item = (Row, &'a Figures)>,
        sums: Vec<Row>,
    ) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        let most = most(rows.iter().map(|(_, figures)| *figures), |f| f.previous);
        let rows = rows
            .into_iter()
            .map(|(row, figures)| row.with_bar(figures, most));
        Self {
            caption,
            first,
            rows: rows.collect(),
            sums,
        }
    }
}
