//! Parses expositions. The parser shares no code with the encoder, so the tests detect encoder bugs
//! that a shared parser would hide.

use std::collections::{BTreeMap, BTreeSet};

/// A series: its name, and its labels in the order of the exposition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
}

/// A parsed exposition of either format.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Scrape {
    pub(crate) help: BTreeMap<String, String>,
    pub(crate) types: BTreeMap<String, String>,
    /// Values as text, so that `12.34` and `12.340` differ.
    pub(crate) samples: BTreeMap<Series, String>,
}

impl Series {
    /// Returns the value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Scrape {
    /// Parses an exposition of either format. Panics if it is invalid or has a duplicate series.
    pub(crate) fn parse(text: &str) -> Self {
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "the last line is incomplete"
        );
        let mut scrape = Self::default();
        for line in text.split_terminator('\n') {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("HELP has text");
                let before = scrape.help.insert(name.to_owned(), unescape(help));
                assert_eq!(before, None, "duplicate HELP of {name}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, metric_type) = rest.split_once(' ').expect("TYPE has a type");
                let before = scrape.types.insert(name.to_owned(), metric_type.to_owned());
                assert_eq!(before, None, "duplicate TYPE of {name}");
            } else if line != "# EOF" {
                let (series, value) = sample(line);
                let before = scrape.samples.insert(series, value);
                assert_eq!(before, None, "duplicate series: {line}");
            }
        }
        scrape
    }

    /// Returns the metrics of costs, invoices and usage: all but the exporter's own metrics, the team
    /// metadata and the inventory, which are polled separately.
    pub(crate) fn billing_metrics(&self) -> Self {
        self.filter(|name| {
            let excluded = [
                "heroku_up",
                "heroku_cost_exporter_",
                "heroku_api_",
                "heroku_billing_month_",
                "heroku_team_info",
                "heroku_team_suspension_",
                "heroku_team_deletion_",
                "heroku_team_license_",
                "heroku_team_run_rate_usd",
                "heroku_team_unpriced_resources",
                "heroku_app_run_rate_usd",
                "process_",
            ];
            !excluded.iter().any(|prefix| name.starts_with(prefix))
        })
    }

    /// Returns the legacy metrics.
    pub(crate) fn legacy(&self) -> Self {
        self.filter(|name| {
            let legacy = [
                "heroku_invoice_current_",
                "heroku_invoice_previous_",
                "heroku_team_usage_",
            ];
            legacy.iter().any(|prefix| name.starts_with(prefix))
        })
    }

    /// Returns the metrics whose names match.
    pub(crate) fn filter(&self, matches: fn(&str) -> bool) -> Self {
        Self {
            help: filter_by_name(&self.help, String::as_str, matches),
            types: filter_by_name(&self.types, String::as_str, matches),
            samples: filter_by_name(&self.samples, |series| &series.name, matches),
        }
    }

    /// Returns the series of a metric with their values.
    pub(crate) fn series<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a Series, &'a str)> {
        let samples = self
            .samples
            .iter()
            .filter(move |(series, _)| series.name == name);
        samples.map(|(series, value)| (series, value.as_str()))
    }

    /// Returns the values of a label in all series of a metric.
    pub(crate) fn label_values(&self, name: &str, label: &str) -> BTreeSet<String> {
        let values = self
            .series(name)
            .filter_map(|(series, _)| series.label(label));
        values.map(str::to_owned).collect()
    }
}

fn filter_by_name<K: Clone + Ord>(
    map: &BTreeMap<K, String>,
    name: fn(&K) -> &str,
    matches: fn(&str) -> bool,
) -> BTreeMap<K, String> {
    let entries = map.iter().filter(|(key, _)| matches(name(key)));
    entries
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Parses a sample line.
fn sample(line: &str) -> (Series, String) {
    let name_length = line.find(['{', ' ']).expect("a sample has a value");
    let (name, mut rest) = line.split_at(name_length);
    let mut labels = Vec::new();
    if rest.starts_with('{') {
        while !rest.starts_with('}') {
            let (label, after) = rest[1..].split_once("=\"").expect("a label has a value");
            let end = closing_quote(after);
            labels.push((label.to_owned(), unescape(&after[..end])));
            rest = &after[end + 1..];
            assert!(rest.starts_with([',', '}']), "after a label: {rest:?}");
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').expect("a space precedes the value");
    assert!(value.parse::<f64>().is_ok(), "{value:?} is not a float");
    let series = Series {
        name: name.to_owned(),
        labels,
    };
    (series, value.to_owned())
}

/// Returns the position of the first unescaped quote.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    let position = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    position.expect("the label value is terminated")
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some(special @ ('\\' | '"')) => special,
                other => panic!("invalid escape \\{other:?}"),
            },
            plain => plain,
        });
    }
    plain
}
