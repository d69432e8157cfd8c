//! Every metric as plain data, declared once.
//!
//! HELP lines, `docs/METRICS.md`, the README and the tests all read these declarations. Names are
//! literals in full, so that a search for a metric's name finds its declaration.

pub mod cost;
pub mod invoice;
pub mod own;
pub mod seed;
pub mod team;

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// The full name, as Prometheus sees it.
    pub name: &'static str,
    /// What kind of series it is.
    pub kind: Kind,
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
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A value that only goes up, until the program starts anew. Its name ends with `_total`.
    Counter,
    /// How often a value was at most each of some bounds, with their sum and their number.
    Histogram,
}

impl Kind {
    /// The word for it in a TYPE line; both text dialects use the same.
    pub fn word(self) -> &'static str {
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

/// A label that is on every series of its metric.
const fn label(name: &'static str, meaning: &'static str) -> Label {
    Label {
        name,
        meaning,
        presence: Presence::Always,
    }
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

/// Every metric, in the order in which they are exposed.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    seed::all()
        .chain(cost::all())
        .chain(invoice::all())
        .chain(team::all())
        .chain(own::all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn is_name(name: &str) -> bool {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && !name.contains("__")
    }

    #[test]
    fn names_are_well_formed_and_stand_once() {
        let mut seen = BTreeSet::new();
        for metric in all() {
            assert!(is_name(metric.name), "{}", metric.name);
            let ours = metric.name.starts_with("heroku_") || metric.name.starts_with("process_");
            assert!(ours, "{}", metric.name);
            assert_eq!(
                metric.kind == Kind::Counter,
                metric.name.ends_with("_total"),
                "{}",
                metric.name
            );
            assert!(seen.insert(metric.name), "{} stands twice", metric.name);
            let labels: BTreeSet<_> = metric.labels.iter().map(|l| l.name).collect();
            assert_eq!(
                labels.len(),
                metric.labels.len(),
                "{}: a label stands twice",
                metric.name
            );
            assert!(labels.iter().all(|l| is_name(l)), "{}", metric.name);
        }
    }

    #[test]
    fn herokus_figures_are_gauges_which_every_dialect_writes_alike() {
        for metric in seed::all().chain(cost::all()).chain(invoice::all()) {
            assert_eq!(metric.kind, Kind::Gauge, "{}", metric.name);
        }
    }

    #[test]
    fn help_needs_no_escape_in_any_dialect() {
        for metric in all() {
            assert!(!metric.help.contains(['\\', '\n', '"']), "{}", metric.name);
        }
    }

    #[test]
    fn every_text_is_a_sentence() {
        for metric in all() {
            let texts = metric.labels.iter().map(|l| l.meaning).chain([metric.help]);
            for text in texts {
                assert!(
                    text.ends_with('.') && text.starts_with(|c: char| c.is_uppercase() || c == '`'),
                    "{}: {text:?}",
                    metric.name
                );
            }
            assert!(!metric.source.is_empty(), "{}", metric.name);
        }
    }
}
