//! A strict parser of the Prometheus text formats, for testing exporters.
//!
//! It supports the [text format
//! 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/) and [OpenMetrics
//! 1.0](https://prometheus.io/docs/specs/om/open_metrics_spec/), with gauges, counters and
//! histograms.
//!
//! The parser is stricter than the specifications: it rejects families without HELP and TYPE,
//! timestamps, repeated spaces and trailing commas. It also rejects duplicate series. It shares no
//! code with any encoder, so that a mistake in an encoder cannot be repeated here.
//!
//! # Example
//!
//! ```
//! use exposition_parser::{Format, parse};
//!
//! let text = "# HELP up Whether the target is up.\n# TYPE up gauge\nup{job=\"a\"} 1\n";
//! let exposition = parse(text, Format::Text)?;
//! let sample = exposition.samples().next().unwrap();
//! assert_eq!((sample.label("job"), sample.value), (Some("a"), 1.0));
//! # Ok::<(), exposition_parser::ParseError>(())
//! ```

mod line;
mod types;

use std::collections::{BTreeMap, BTreeSet};

pub use types::{Exposition, Format, MetricFamily, MetricType, Sample};

use line::Line;

/// A syntax or consistency error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// The line number, counted from 1.
    pub line: usize,
    /// The reason.
    pub message: String,
}

/// Parses a complete exposition.
///
/// # Errors
///
/// Returns an error if any part of `text` is not valid in `format`.
pub fn parse(text: &str, format: Format) -> Result<Exposition, ParseError> {
    let mut families: Vec<MetricFamily> = Vec::new();
    let mut names = BTreeSet::new();
    let mut pending_help: Option<(&str, String)> = None;
    let mut has_eof = false;
    let mut line_number = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        line_number = index + 1;
        let error = |message: String| ParseError {
            line: line_number,
            message,
        };
        let Some(line) = line.strip_suffix('\n') else {
            return Err(error("missing line feed at the end".into()));
        };
        if has_eof {
            return Err(error("text after # EOF".into()));
        }
        let line = line::parse(line, format).map_err(error)?;
        if pending_help.is_some() && !matches!(line, Line::Type { .. }) {
            return Err(error("HELP without TYPE".into()));
        }
        match line {
            Line::Help { name, help } => {
                if !names.insert(name.to_owned()) {
                    return Err(error(format!("duplicate family {name}")));
                }
                pending_help = Some((name, help));
            }
            Line::Type { name, metric_type } => match pending_help.take() {
                Some((help_name, help)) if help_name == name => families.push(MetricFamily {
                    name: name.to_owned(),
                    help,
                    metric_type,
                    samples: Vec::new(),
                }),
                _ => return Err(error(format!("TYPE of {name} does not follow its HELP"))),
            },
            Line::Sample(sample) => match families.last_mut() {
                Some(family) if belongs_to(&sample, family, format) => family.samples.push(sample),
                _ => {
                    return Err(error(format!(
                        "sample {} does not belong to the current family",
                        sample.name
                    )));
                }
            },
            Line::Eof => has_eof = true,
        }
    }
    let error = |message: String| ParseError {
        line: line_number,
        message,
    };
    if pending_help.is_some() {
        return Err(error("HELP without TYPE".into()));
    }
    if format == Format::OpenMetrics && !has_eof {
        return Err(error("missing # EOF".into()));
    }
    for family in &families {
        check(family).map_err(error)?;
    }
    Ok(Exposition { families })
}

/// Returns whether the name and the value of a sample are valid in a family.
fn belongs_to(sample: &Sample, family: &MetricFamily, format: Format) -> bool {
    let Some(suffix) = sample.name.strip_prefix(family.name.as_str()) else {
        return false;
    };
    let is_count = sample.value >= 0.0 && sample.value.is_finite();
    match (family.metric_type, format) {
        (MetricType::Gauge, _) => suffix.is_empty(),
        (MetricType::Counter, Format::Text) => suffix.is_empty() && is_count,
        (MetricType::Counter, Format::OpenMetrics) => suffix == "_total" && is_count,
        (MetricType::Histogram, _) => match suffix {
            "_bucket" => sample.label("le").is_some() && is_count,
            "_sum" | "_count" => sample.label("le").is_none() && is_count,
            _ => false,
        },
    }
}

/// Checks the series of a family.
fn check(family: &MetricFamily) -> Result<(), String> {
    let mut identities = BTreeSet::new();
    for sample in &family.samples {
        if !identities.insert(sample.identity()) {
            return Err(format!("duplicate series in {}: {sample:?}", family.name));
        }
    }
    if family.metric_type == MetricType::Histogram {
        check_histogram(family)?;
    }
    Ok(())
}

/// The samples of one label set of a histogram; a bucket is `(le, count)`.
#[derive(Default)]
struct Buckets {
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    has_sum: bool,
}

fn check_histogram(family: &MetricFamily) -> Result<(), String> {
    let mut by_labels: BTreeMap<Vec<&(String, String)>, Buckets> = BTreeMap::new();
    for sample in &family.samples {
        let labels = sample.labels.iter().filter(|(name, _)| name != "le");
        let buckets = by_labels.entry(labels.collect()).or_default();
        match (sample.label("le"), sample.name.ends_with("_count")) {
            (Some(bound), _) => {
                let bound = line::parse_number(bound)
                    .filter(|bound| !bound.is_nan())
                    .ok_or_else(|| format!("invalid bucket bound {bound:?}"))?;
                buckets.buckets.push((bound, sample.value));
            }
            (None, true) => buckets.count = Some(sample.value),
            (None, false) => buckets.has_sum = true,
        }
    }
    for (
        labels,
        Buckets {
            buckets,
            count,
            has_sum,
        },
    ) in by_labels
    {
        let increasing = buckets
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let complete = buckets
            .last()
            .is_some_and(|(bound, last)| *bound == f64::INFINITY && Some(*last) == count);
        if !(increasing && complete && has_sum) {
            return Err(format!(
                "inconsistent histogram: {} with {labels:?}",
                family.name
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# HELP a_b Text.\n# TYPE a_b gauge\n";

    #[test]
    fn parses_valid_text() {
        let text = format!(
            "{HEAD}a_b{{x=\"1\\\\2\\\"3\\n4\",y=\"\"}} -1.5e3\na_b NaN\n\
             # HELP c_total A \\\\ and \\n.\n# TYPE c_total counter\nc_total 1\n\
             # HELP h Of.\n# TYPE h histogram\nh_bucket{{le=\"0.5\"}} 1\nh_bucket{{le=\"+Inf\"}} 2\nh_sum 3\nh_count 2\n"
        );
        let parsed = parse(&text, Format::Text).unwrap();
        assert_eq!(parsed.families.len(), 3);
        let first = parsed.samples().next().unwrap();
        assert_eq!(first.label("x"), Some("1\\2\"3\n4"));
        assert_eq!((first.label("y"), first.value), (Some(""), -1500.0));
        assert_eq!(parsed.families[1].help, "A \\ and \n.");
    }

    #[test]
    fn distinguishes_formats_by_counters_quotes_and_eof() {
        let openmetrics = "# HELP c A \\\"q\\\".\n# TYPE c counter\nc_total 1\n# EOF\n";
        assert!(parse(openmetrics, Format::OpenMetrics).is_ok());
        assert!(parse(openmetrics, Format::Text).is_err());
        let text = "# HELP c_total A \"q\".\n# TYPE c_total counter\nc_total 1\n";
        assert!(parse(text, Format::Text).is_ok());
        assert!(parse(&format!("{text}# EOF\n"), Format::OpenMetrics).is_err());
        assert!(parse("# HELP c A.\n# TYPE c gauge\n", Format::OpenMetrics).is_err());
    }

    #[test]
    fn rejects_invalid_text() {
        for lines in [
            "a_b 1",
            "a_b 1\na_b 2\n",
            "a_b{x=\"1\",y=\"2\"} 1\na_b{y=\"2\",x=\"1\"} 1\n",
            "a_b{x=\"\"} 1\na_b 1\n",
            "a_b{x=\"1\",x=\"2\"} 1\n",
            "a_b{x=\"1\",} 1\n",
            "a_b{} 1\n",
            "a_b{x=\"1\"}  1\n",
            "a_b{x=\"1\"} 1 1700000000\n",
            "a_b{x=\"\\t\"} 1\n",
            "a_b{x=\"1} 1\n",
            "a_b{1=\"1\"} 1\n",
            "a_b 1,5\n",
            "a_b inf\n",
            "a_b 0x10\n",
            "a_b\n",
            "a_bc 1\n",
            "\n",
            "# a comment\n",
            "# EOF\n",
            "# HELP a_b Text.\n# TYPE a_b gauge\n",
            "# TYPE a_b counter\n# HELP a_b Text.\n",
            "# HELP c Text.\nc 1\n",
            "# HELP c Text.\n",
            "# HELP c Text.\n# TYPE c counter\nc -1\n",
            "# HELP c Text.\n# TYPE c counter\nc NaN\n",
            "# HELP h T.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 1\n",
            "# HELP h T.\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
            "# HELP h T.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n",
        ] {
            let text = format!("{HEAD}{lines}");
            assert!(parse(&text, Format::Text).is_err(), "{lines}");
        }
    }
}
