//! Metric families and their samples.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::descriptor::MetricDescriptor;

/// A metric and its series.
pub struct Family<'a> {
    /// Describes the metric.
    pub metric: &'static MetricDescriptor,
    /// The label names of the series, in the order of a sample's values.
    pub labels: Vec<&'static str>,
    /// The series, produced lazily. No two have the same label values.
    pub samples: Box<dyn Iterator<Item = Sample<'a>> + 'a>,
}

/// One line of an exposition: a series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// Follows the metric's name: `_bucket`, `_sum` or `_count` in a histogram, otherwise empty.
    pub suffix: &'static str,
    /// A value for each label of the family, and for a bucket its upper bound `le`.
    pub label_values: LabelValues<'a>,
    /// The value, in the metric's unit.
    pub value: f64,
}

/// Label values. Up to four need no allocation, which matters with 100,000 series.
pub type LabelValues<'a> = SmallVec<[Cow<'a, str>; 4]>;

impl<'a> Sample<'a> {
    /// Returns a sample of a gauge or a counter.
    pub fn new(label_values: impl IntoIterator<Item: Into<Cow<'a, str>>>, value: f64) -> Self {
        Self {
            suffix: "",
            label_values: label_values.into_iter().map(Into::into).collect(),
            value,
        }
    }

    /// Returns a sample of a metric without labels.
    pub fn unlabelled(value: f64) -> Self {
        Self::new([""; 0], value)
    }

    /// Returns the samples of one histogram. `buckets` are pairs of an upper bound and the number
    /// of observations up to it, without the bucket `+Inf`.
    pub fn histogram(
        label_values: &[&'a str],
        buckets: impl IntoIterator<Item = (f64, u64)>,
        sum: f64,
        count: u64,
    ) -> Vec<Self> {
        let sample = |suffix, bound: Option<String>, value| {
            let labels = label_values.iter().map(|value| Cow::from(*value));
            let sample = Self::new(labels.chain(bound.map(Cow::from)), value);
            Self { suffix, ..sample }
        };
        let bucket = |bound, count: u64| sample("_bucket", Some(bound), count as f64);
        let buckets = buckets.into_iter();
        buckets
            // `{:?}` writes 1.0 as "1.0", the canonical form of OpenMetrics.
            .map(|(bound, count)| bucket(format!("{bound:?}"), count))
            .chain([bucket("+Inf".into(), count), sample("_sum", None, sum)])
            .chain([sample("_count", None, count as f64)])
            .collect()
    }
}

impl<'a> Family<'a> {
    /// Returns a family whose series have all labels that `metric` declares.
    pub fn new(
        metric: &'static MetricDescriptor,
        samples: impl IntoIterator<Item = Sample<'a>, IntoIter: 'a>,
    ) -> Self {
        Self {
            metric,
            labels: metric.label_names(true).collect(),
            samples: Box::new(samples.into_iter()),
        }
    }

    /// Returns a family, or `None` if it has no series.
    pub fn non_empty(
        metric: &'static MetricDescriptor,
        samples: impl IntoIterator<Item = Sample<'a>, IntoIter: 'a>,
    ) -> Option<Self> {
        let mut samples = samples.into_iter().peekable();
        samples.peek()?;
        Some(Self::new(metric, samples))
    }
}
