//! Every metric as plain data, declared once.
//!
//! HELP lines, `docs/METRICS.md`, the README and the tests all read these declarations. Names are
//! literals in full, so that a search for a metric's name finds its declaration.

pub mod cost;
pub mod exporter;
pub mod invoice;
pub mod legacy;
pub mod team;

use expfmt::descriptor::{Label, Metric, Presence};

/// A label that is on every series of its metric.
const fn label(name: &'static str, meaning: &'static str) -> Label {
    Label {
        name,
        meaning,
        presence: Presence::Always,
    }
}

/// Every metric, in the order in which they are exposed.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    legacy::all()
        .chain(cost::all())
        .chain(invoice::all())
        .chain(team::all())
        .chain(exporter::all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expfmt::descriptor::MetricType;
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
                metric.kind == MetricType::Counter,
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
        for metric in legacy::all().chain(cost::all()).chain(invoice::all()) {
            assert_eq!(metric.kind, MetricType::Gauge, "{}", metric.name);
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
