//! A Snapshot becomes families of samples.

mod cost;
mod invoice;
mod own;
mod process;
mod seed;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::catalogue::Metric;
use crate::domain::cost::{Known, TeamCost};
use crate::domain::month::Month;
use crate::domain::rules::Rules;
use crate::domain::snapshot::Snapshot;

pub use own::Answered;
pub use process::Process;

/// A metric and its series.
#[derive(Debug)]
pub struct Family<'a> {
    /// What the metric is.
    pub metric: &'static Metric,
    /// The names of the labels that its series carry, in the order of a sample's values.
    pub labels: Vec<&'static str>,
    /// Its series; no two have the same label values.
    pub samples: Vec<Sample<'a>>,
}

/// One series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// What stands behind the metric's name: `_bucket`, `_sum` or `_count` in a histogram, else
    /// nothing.
    pub suffix: &'static str,
    /// A value for each label of the family; in a bucket its bound, `le`, comes last.
    pub label_values: Vec<Cow<'a, str>>,
    /// The value, in the metric's unit.
    pub value: f64,
}

impl<'a> Sample<'a> {
    fn new(label_values: Vec<Cow<'a, str>>, value: f64) -> Self {
        Self {
            suffix: "",
            label_values,
            value,
        }
    }
}

impl<'a> Family<'a> {
    /// With all the labels that `metric` declares.
    fn new(metric: &'static Metric, samples: impl IntoIterator<Item = Sample<'a>>) -> Self {
        Self {
            metric,
            labels: metric.label_names(true).collect(),
            samples: samples.into_iter().collect(),
        }
    }
}

/// What of a Snapshot's figures is shown, and how.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Beyond this age figures are not shown any more; `None` shows them at any age.
    pub max_age: Option<Duration>,
    /// Whether the metrics of the program that this one replaces are shown.
    pub seed: bool,
    /// How figures become costs and rows.
    pub rules: Arc<Rules>,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            max_age: None,
            seed: true,
            rules: Arc::default(),
        }
    }
}

/// The families that follow from a Snapshot at the instant `now`, in the catalogue's order. Of
/// Heroku's figures only those that have a series are given.
pub fn of_snapshot<'a>(
    snapshot: &'a Snapshot,
    now: Timestamp,
    shown: &'a Shown,
) -> Vec<Family<'a>> {
    let Shown {
        max_age,
        seed,
        rules,
    } = shown;
    // Once for all families: it is most of the work.
    let costs: Vec<_> = snapshot
        .teams()
        .iter()
        .map(|team| {
            let known = Known::of(team, now, *max_age);
            (team, TeamCost::new(known, rules, now))
        })
        .collect();
    let invoices: Vec<_> = snapshot
        .teams()
        .iter()
        .filter_map(|team| {
            let invoices = team.invoices.fresh_data(now, *max_age)?;
            Some((team.name.as_str(), invoices))
        })
        .collect();

    let mut families = Vec::new();
    if *seed {
        families.extend(seed::families(&costs, &invoices, snapshot.several_teams()));
    }
    families.extend(cost::families(&costs, rules));
    families.extend(invoice::families(
        &costs,
        &invoices,
        Month::at(now),
        rules.invoice_history,
    ));
    families.extend(own::families(snapshot, &costs));
    families
}

/// The families that can be different at each scrape: the time, what was answered, and the process.
pub fn of_process<'a>(
    now: Timestamp,
    answered: impl Iterator<Item = Answered<'a>>,
    process: Option<&Process>,
) -> Vec<Family<'a>> {
    let mut families = vec![own::month_elapsed(now), own::answered(answered)];
    families.extend(process.map(process::families).unwrap_or_default());
    families
}

/// An instant in seconds since 1970.
fn unix_time(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
