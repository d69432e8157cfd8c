//! Metric descriptors: name, type, labels and help of a metric, declared once.

/// Describes a metric.
#[derive(Debug)]
pub struct MetricDescriptor {
    /// The full name. A counter's ends in `_total`.
    pub name: &'static str,
    /// The type.
    pub metric_type: MetricType,
    /// The labels, in the order in which they are written.
    pub labels: &'static [Label],
    /// The text of the HELP line.
    pub help: &'static str,
    /// Where the value comes from. For generated documentation; it is not exposed.
    pub source: &'static str,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// A value that can go up and down.
    Gauge,
    /// A value that only goes up, and starts at zero with the process.
    Counter,
    /// Observations counted in cumulative buckets, with their sum and count.
    Histogram,
}

impl MetricType {
    /// Returns the name in TYPE lines, the same in both formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// A label of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// The name.
    pub name: &'static str,
    /// What the value means. For generated documentation; it is not exposed.
    pub description: &'static str,
    /// Whether a family can omit the label, see [`MetricDescriptor::label_names`].
    pub optional: bool,
}

impl Label {
    /// Returns a label that every series of its metric has.
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            optional: false,
        }
    }
}

impl MetricDescriptor {
    /// Returns the label names of the metric's series, with or without the optional ones.
    pub fn label_names(&self, include_optional: bool) -> impl Iterator<Item = &'static str> {
        let labels = self.labels.iter();
        labels
            .filter(move |label| include_optional || !label.optional)
            .map(|label| label.name)
    }
}
