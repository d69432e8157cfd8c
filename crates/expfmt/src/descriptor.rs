//! Metric descriptors: name, type, labels and HELP of a metric, declared once.

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// The full name, as Prometheus sees it.
    pub name: &'static str,
    /// What kind of series it is.
    pub kind: MetricType,
    /// The labels, in the order in which they are written.
    pub labels: &'static [Label],
    /// One or two sentences for a person who reads a graph: the HELP line. It has no quotation
    /// mark, no backslash and no line feed, which the dialects escape differently.
    pub help: &'static str,
    /// Where the figure comes from: object and field of Heroku's published schema, or the part of
    /// the program that counts it.
    pub source: &'static str,
}

/// The kind of a metric, as its TYPE line tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// A value that goes up and down.
    Gauge,
    /// A value that only goes up, until the program starts anew. Its name ends with `_total`.
    Counter,
    /// How often a value was at most each of some bounds, with their sum and their number.
    Histogram,
}

impl MetricType {
    /// The word for it in a TYPE line; both text dialects use the same.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// A label of a metric.
#[derive(Debug)]
pub struct Label {
    /// The label's name.
    pub name: &'static str,
    /// What its value says.
    pub meaning: &'static str,
    /// When it is there.
    pub presence: Presence,
}

/// When a label is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// On every series of the metric.
    Always,
    /// Only where more than one team is asked for; with one, the label set is the seed's.
    SeveralTeams,
}

impl Metric {
    /// The names of the labels that the metric's series carry.
    pub fn label_names(&self, several_teams: bool) -> impl Iterator<Item = &'static str> {
        self.labels
            .iter()
            .filter(move |label| several_teams || label.presence == Presence::Always)
            .map(|label| label.name)
    }
}
