//! Metric families and their samples.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::descriptor::Metric;

/// A metric and its series.
pub struct Family<'a> {
    /// What the metric is.
    pub metric: &'static Metric,
    /// The names of the labels that its series carry, in the order of a sample's values.
    pub labels: Vec<&'static str>,
    /// Its series, made as they are asked for; no two have the same label values.
    pub samples: Box<dyn Iterator<Item = Sample<'a>> + 'a>,
}

/// One series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// What stands behind the metric's name: `_bucket`, `_sum` or `_count` in a histogram, else
    /// nothing.
    pub suffix: &'static str,
    /// A value for each label of the family; in a bucket its bound, `le`, comes last.
    pub label_values: LabelValues<'a>,
    /// The value, in the metric's unit.
    pub value: f64,
}

/// The values of a series' labels. Most metrics have at most four labels, and there are a hundred
/// thousand series: so they need no memory of their own.
pub type LabelValues<'a> = SmallVec<[Cow<'a, str>; 4]>;

impl<'a> Sample<'a> {
    pub fn new(label_values: LabelValues<'a>, value: f64) -> Self {
        Self {
            suffix: "",
            label_values,
            value,
        }
    }
}

impl<'a> Family<'a> {
    /// With all the labels that `metric` declares.
    pub fn new(
        metric: &'static Metric,
        samples: impl IntoIterator<Item = Sample<'a>, IntoIter: 'a>,
    ) -> Self {
        Self {
            metric,
            labels: metric.label_names(true).collect(),
            samples: Box::new(samples.into_iter()),
        }
    }

    /// A family of what Heroku tells, which is left out where it has no series.
    pub fn non_empty(
        metric: &'static Metric,
        samples: impl IntoIterator<Item = Sample<'a>, IntoIter: 'a>,
    ) -> Option<Self> {
        let mut samples = samples.into_iter().peekable();
        samples.peek()?;
        Some(Self::new(metric, samples))
    }
}
