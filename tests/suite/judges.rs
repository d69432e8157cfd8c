//! Foreign readers of expositions, who share nothing with the encoder: promtool, and Python's `prometheus_client`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use crate::golden::TOLERATED;
use crate::scrape::{Scrape, Series};
use crate::tools;

/// Lets promtool read an exposition in classic text. It may find fault with nothing but what [`TOLERATED`] lists.
pub(crate) fn promtool(name: &str, text: &str) {
    let Some(promtool) = tools::promtool() else {
        return;
    };
    let output = fed(&promtool, &["check", "metrics"], text);
    let complaints = String::from_utf8_lossy(&output.stderr);
    for complaint in complaints.lines() {
        assert!(
            TOLERATED.contains(&complaint),
            "{name}: promtool says: {complaint}"
        );
    }
    // It ends with 3 where it has something to say, and with 1 where it cannot read on.
    let expected = if complaints.is_empty() { 0 } else { 3 };
    assert_eq!(output.status.code(), Some(expected), "{name}: {complaints}");
}

/// Lets Python's `prometheus_client` read an exposition in `dialect`, `text` or `openmetrics`, whose values come back as that reader's floats; `None` where there
/// is no such Python.
pub(crate) fn prometheus_client(dialect: &str, text: &str) -> Option<Read> {
    let python = tools::python()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_exposition.py");
    let script = script.to_str().expect("a path that is text");
    let output = fed(python, &[script, dialect], text);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "prometheus_client refuses it as {dialect}: {error}"
    );
    let families: Vec<Family> =
        serde_json::from_slice(&output.stdout).expect("the script writes JSON");
    Some(Read::of(families))
}

/// An exposition as a foreign reader understood it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Read {
    pub(crate) help: BTreeMap<String, String>,
    pub(crate) kind: BTreeMap<String, String>,
    /// Labels in alphabetical order, values as floats.
    pub(crate) samples: BTreeMap<Series, f64>,
}

#[derive(Deserialize)]
struct Family {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    help: String,
    samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: String,
}

impl Read {
    fn of(families: Vec<Family>) -> Self {
        let mut read = Self::default();
        for family in families {
            read.help.insert(family.name.clone(), family.help);
            read.kind.insert(family.name, family.kind);
            for sample in family.samples {
                let labels = sample.labels.into_iter().collect();
                let series = Series {
                    name: sample.name,
                    labels,
                };
                let value = comparable(sample.value.parse().expect("a float"));
                assert_eq!(
                    read.samples.insert(series, value),
                    None,
                    "a series stands twice"
                );
            }
        }
        read
    }
}

impl From<Scrape> for Read {
    fn from(scrape: Scrape) -> Self {
        let samples = scrape.samples.into_iter().map(|(mut series, value)| {
            series.labels.sort();
            (series, comparable(value.parse().expect("a float")))
        });
        Self {
            samples: samples.collect(),
            help: of_families(scrape.help),
            kind: of_families(scrape.kind),
        }
    }
}

/// What is told of each family. A counter's family has no `_total` in OpenMetrics, and for this reader
/// not in classic text either.
fn of_families(told: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let family = |name: String| name.trim_end_matches("_total").to_owned();
    told.into_iter()
        .map(|(name, what)| (family(name), what))
        .collect()
}

/// A value that equals itself: NaN does not, and here stands for "unknown".
fn comparable(value: f64) -> f64 {
    if value.is_nan() { f64::MIN } else { value }
}

/// Runs a program with `text` on its standard input.
fn fed(program: &Path, arguments: &[&str], text: &str) -> Output {
    let streams = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = streams.expect("the tool starts");
    let mut input = child.stdin.take().expect("standard input is piped");
    let text = text.to_owned();
    // A tool that finds a fault early may not read on: then writing fails, and its status tells.
    let writing = std::thread::spawn(move || {
        let _ = input.write_all(text.as_bytes());
    });
    let output = child.wait_with_output().expect("the tool ends");
    writing.join().expect("writing does not panic");
    output
}
