//! External parsers of expositions: promtool and Python's `prometheus_client`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use crate::external_tools;
use crate::golden::ACCEPTED_WARNINGS;
use crate::scrape::{Scrape, Series};

/// Asserts that promtool accepts an exposition in the text format, with no warnings except the
/// [`ACCEPTED_WARNINGS`].
pub(crate) fn promtool(name: &str, text: &str) {
    let Some(promtool) = external_tools::promtool() else {
        return;
    };
    let output = run_with_input(&promtool, &["check", "metrics"], text);
    let warnings = String::from_utf8_lossy(&output.stderr);
    for warning in warnings.lines() {
        assert!(
            ACCEPTED_WARNINGS.contains(&warning),
            "{name}: promtool: {warning}"
        );
    }
    // promtool exits with 3 for lint warnings and with 1 for a parse error.
    let expected = if warnings.is_empty() { 0 } else { 3 };
    assert_eq!(output.status.code(), Some(expected), "{name}: {warnings}");
}

/// Parses an exposition in `format`, `text` or `openmetrics`, with Python's `prometheus_client`.
/// Returns `None` if it is not installed.
pub(crate) fn prometheus_client(format: &str, text: &str) -> Option<ParsedExposition> {
    let python = external_tools::python()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_exposition.py");
    let script = script.to_str().expect("the path is UTF-8");
    let output = run_with_input(python, &[script, format], text);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "prometheus_client rejects the {format} exposition: {error}"
    );
    let families: Vec<Family> =
        serde_json::from_slice(&output.stdout).expect("the script writes JSON");
    Some(ParsedExposition::from_families(families))
}

/// An exposition as parsed by an external parser.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ParsedExposition {
    pub(crate) help: BTreeMap<String, String>,
    pub(crate) types: BTreeMap<String, String>,
    /// Values by series, whose labels are sorted.
    pub(crate) samples: BTreeMap<Series, f64>,
}

#[derive(Deserialize)]
struct Family {
    name: String,
    #[serde(rename = "type")]
    metric_type: String,
    help: String,
    samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: String,
}

impl ParsedExposition {
    fn from_families(families: Vec<Family>) -> Self {
        let mut parsed = Self::default();
        for family in families {
            parsed.help.insert(family.name.clone(), family.help);
            parsed.types.insert(family.name, family.metric_type);
            for sample in family.samples {
                let labels = sample.labels.into_iter().collect();
                let series = Series {
                    name: sample.name,
                    labels,
                };
                let value = comparable(sample.value.parse().expect("the value is a float"));
                assert_eq!(
                    parsed.samples.insert(series, value),
                    None,
                    "duplicate series"
                );
            }
        }
        parsed
    }
}

impl From<Scrape> for ParsedExposition {
    fn from(scrape: Scrape) -> Self {
        let samples = scrape.samples.into_iter().map(|(mut series, value)| {
            series.labels.sort();
            (
                series,
                comparable(value.parse().expect("the value is a float")),
            )
        });
        Self {
            samples: samples.collect(),
            help: by_family(scrape.help),
            types: by_family(scrape.types),
        }
    }
}

/// Keys by family name. `prometheus_client` removes `_total` from the family name of a counter in
/// both formats.
fn by_family(metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let family = |name: String| name.trim_end_matches("_total").to_owned();
    metadata
        .into_iter()
        .map(|(name, value)| (family(name), value))
        .collect()
}

/// Replaces NaN, which does not equal itself, so that values can be compared.
fn comparable(value: f64) -> f64 {
    if value.is_nan() { f64::MIN } else { value }
}

/// Runs a program with `text` as its standard input.
fn run_with_input(program: &Path, arguments: &[&str], text: &str) -> Output {
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("the tool starts");
    let mut input = child.stdin.take().expect("standard input is piped");
    let text = text.to_owned();
    // The write fails if the tool exits early. Its status is checked by the caller.
    let writer = std::thread::spawn(move || {
        let _ = input.write_all(text.as_bytes());
    });
    let output = child.wait_with_output().expect("the tool exits");
    writer.join().expect("the writer does not panic");
    output
}
