//! A scrape, read line by line by a parser that shares nothing with the encoder, so that one mistake cannot pass on both sides.

use std::collections::{BTreeMap, BTreeSet};

/// One series: its name and its labels, in the order of writing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
}

/// A scrape in either dialect.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Scrape {
    pub(crate) help: BTreeMap<String, String>,
    pub(crate) kind: BTreeMap<String, String>,
    /// The text of each value, so that `12.34` and `12.340` are not the same.
    pub(crate) samples: BTreeMap<Series, String>,
}

impl Series {
    /// The value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Scrape {
    /// Reads a text of either dialect; panics where it is no exposition, or where a series stands twice.
    pub(crate) fn read(text: &str) -> Self {
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "the last line is cut off"
        );
        let mut scrape = Self::default();
        for line in text.split_terminator('\n') {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("HELP has a text");
                let before = scrape.help.insert(name.to_owned(), unescaped(help));
                assert_eq!(before, None, "HELP of {name} stands twice");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("TYPE has a word");
                let before = scrape.kind.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "TYPE of {name} stands twice");
            } else if line != "# EOF" {
                let (series, value) = sample(line);
                let before = scrape.samples.insert(series, value);
                assert_eq!(before, None, "a series stands twice: {line}");
            }
        }
        scrape
    }

    /// Heroku's figures alone, without what the program tells of itself, and without what comes
    /// beside the figures in its own time.
    pub(crate) fn figures(&self) -> Self {
        self.only(|name| {
            let own = [
                "heroku_up",
                "heroku_cost_exporter_",
                "heroku_api_",
                "heroku_billing_month_",
                "heroku_team_info",
                "heroku_team_suspension_",
                "heroku_team_deletion_",
                "heroku_team_license_",
                "process_",
            ];
            !own.iter().any(|beginning| name.starts_with(beginning))
        })
    }

    /// The metrics of the program that this one replaces, alone.
    pub(crate) fn seed(&self) -> Self {
        self.only(|name| {
            let seed = [
                "heroku_invoice_current_",
                "heroku_invoice_previous_",
                "heroku_team_usage_",
            ];
            seed.iter().any(|beginning| name.starts_with(beginning))
        })
    }

    pub(crate) fn only(&self, wanted: fn(&str) -> bool) -> Self {
        Self {
            help: of_names(&self.help, String::as_str, wanted),
            kind: of_names(&self.kind, String::as_str, wanted),
            samples: of_names(&self.samples, |series| &series.name, wanted),
        }
    }

    /// The series of a metric and their values.
    pub(crate) fn of<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a Series, &'a str)> {
        let samples = self
            .samples
            .iter()
            .filter(move |(series, _)| series.name == name);
        samples.map(|(series, value)| (series, value.as_str()))
    }

    /// The values that a label has over the series of a metric.
    pub(crate) fn label_values(&self, name: &str, label: &str) -> BTreeSet<String> {
        let values = self.of(name).filter_map(|(series, _)| series.label(label));
        values.map(str::to_owned).collect()
    }
}

fn of_names<K: Clone + Ord>(
    map: &BTreeMap<K, String>,
    name: fn(&K) -> &str,
    wanted: fn(&str) -> bool,
) -> BTreeMap<K, String> {
    let entries = map.iter().filter(|(key, _)| wanted(name(key)));
    entries
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Reads one sample line.
fn sample(line: &str) -> (Series, String) {
    let name_length = line.find(['{', ' ']).expect("a sample has a value");
    let (name, mut rest) = line.split_at(name_length);
    let mut labels = Vec::new();
    if rest.starts_with('{') {
        while !rest.starts_with('}') {
            let (label, after) = rest[1..].split_once("=\"").expect("a label has a value");
            let end = closing_quote(after);
            labels.push((label.to_owned(), unescaped(&after[..end])));
            rest = &after[end + 1..];
            assert!(rest.starts_with([',', '}']), "after a label: {rest:?}");
        }
        rest = &rest[1..];
    }
    let value = rest
        .strip_prefix(' ')
        .expect("a space stands before the value");
    assert!(value.parse::<f64>().is_ok(), "{value:?} is no value");
    let series = Series {
        name: name.to_owned(),
        labels,
    };
    (series, value.to_owned())
}

/// Where the first quote is that no backslash stands before.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    let position = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    position.expect("a label's value ends")
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some(special @ ('\\' | '"')) => special,
                other => panic!("\\{other:?} is no escape"),
            },
            plain => plain,
        });
    }
    plain
}
