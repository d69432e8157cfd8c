//! The parsed form of an exposition.

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The Prometheus text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// The metric families of one scrape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposition {
    /// The families in document order.
    pub families: Vec<MetricFamily>,
}

/// A metric family and its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricFamily {
    /// The name in the HELP and TYPE lines.
    pub name: String,
    /// The unescaped HELP text.
    pub help: String,
    /// The type in the TYPE line.
    pub metric_type: MetricType,
    /// The samples in document order.
    pub samples: Vec<Sample>,
}

/// The supported metric types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// `gauge`.
    Gauge,
    /// `counter`.
    Counter,
    /// `histogram`.
    Histogram,
}

/// A sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name in the sample line, including suffixes such as `_total`.
    pub name: String,
    /// The labels in document order, with unescaped values.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

impl Exposition {
    /// Returns all samples in document order.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.iter().flat_map(|family| &family.samples)
    }
}

impl Sample {
    /// Returns the value of the label `name`.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let (_, value) = self.labels.iter().find(|(label, _)| label == name)?;
        Some(value)
    }

    /// Returns the series identity: the name and the sorted labels. Prometheus treats an empty
    /// label value as an absent label.
    pub(crate) fn identity(&self) -> (&str, Vec<&(String, String)>) {
        let labels = self.labels.iter().filter(|(_, value)| !value.is_empty());
        let mut labels: Vec<_> = labels.collect();
        labels.sort_unstable();
        (&self.name, labels)
    }
}
