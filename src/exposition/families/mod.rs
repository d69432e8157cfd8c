//! A Snapshot becomes families of samples.

mod own;
mod process;
mod seed;
mod team;

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::catalogue::Metric;
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

/// What of a Snapshot's figures is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// Beyond this age figures are not shown any more; `None` shows them at any age.
    pub max_age: Option<Duration>,
}

/// The families that follow from a Snapshot at the instant `now`, in the catalogue's order. Of
/// Heroku's figures only those that have a series are given.
pub fn of_snapshot(snapshot: &Snapshot, now: Timestamp, shown: Shown) -> Vec<Family<'_>> {
    let mut families = seed::families(snapshot, now, shown);
    families.extend(team::families(snapshot));
    families.extend(own::families(snapshot));
    families
}

/// The families that can be different at each scrape: what was answered, and the process.
pub fn of_process<'a>(
    answered: impl Iterator<Item = Answered<'a>>,
    process: Option<&Process>,
) -> Vec<Family<'a>> {
    let mut families = vec![own::answered(answered)];
    families.extend(process.map(process::families).unwrap_or_default());
    families
}
