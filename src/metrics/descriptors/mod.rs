//! Descriptors of all metrics.
//!
//! HELP lines and `docs/METRICS.md` are generated from these declarations, and
//! tests compare with them. Each name is a complete literal, so that a search finds its
//! declaration.

pub mod cost;
pub mod exporter;
pub mod invoice;
mod labels;
pub mod legacy;
mod macros;
pub mod resources;
pub mod team;

use expfmt::MetricDescriptor;

/// Returns the descriptors of all metrics in the order of exposition.
pub fn all() -> impl Iterator<Item = &'static MetricDescriptor> {
    legacy::all()
        .chain(cost::all())
        .chain(resources::all())
        .chain(invoice::all())
        .chain(team::all())
        .chain(exporter::all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expfmt::MetricType;
    use std::collections::{BTreeMap, BTreeSet};

    fn is_name(name: &str) -> bool {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && !name.contains("__")
    }

    #[test]
    fn names_are_valid_and_unique() {
        let mut seen = BTreeSet::new();
        for metric in all() {
            assert!(is_name(metric.name), "{}", metric.name);
            let has_prefix =
                metric.name.starts_with("heroku_") || metric.name.starts_with("process_");
            assert!(has_prefix, "{}", metric.name);
            assert_eq!(
                metric.metric_type == MetricType::Counter,
                metric.name.ends_with("_total"),
                "{}",
                metric.name
            );
            assert!(seen.insert(metric.name), "{} is a duplicate", metric.name);
            let labels: BTreeSet<_> = metric.labels.iter().map(|l| l.name).collect();
            assert_eq!(
                labels.len(),
                metric.labels.len(),
                "{}: duplicate label",
                metric.name
            );
            assert!(labels.iter().all(|l| is_name(l)), "{}", metric.name);
        }
    }

    /// Both formats share one rendering of the billing families, see `Rendered`.
    #[test]
    fn billing_metrics_are_gauges() {
        let costs = legacy::all().chain(cost::all()).chain(resources::all());
        for metric in costs.chain(invoice::all()) {
            assert_eq!(metric.metric_type, MetricType::Gauge, "{}", metric.name);
        }
    }

    /// Escaping in HELP lines differs between the formats, which share one rendering.
    #[test]
    fn help_needs_no_escaping() {
        for metric in all() {
            assert!(!metric.help.contains(['\\', '\n', '"']), "{}", metric.name);
        }
    }

    #[test]
    fn help_and_descriptions_are_sentences() {
        for metric in all() {
            let texts = metric
                .labels
                .iter()
                .map(|l| l.description)
                .chain([metric.help]);
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

    #[test]
    fn each_label_has_one_description() {
        let mut descriptions = BTreeMap::new();
        for label in all().flat_map(|metric| metric.labels) {
            let description = *descriptions.entry(label.name).or_insert(label.description);
            assert_eq!(description, label.description, "{}", label.name);
        }
    }
}
