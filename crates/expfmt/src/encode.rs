//! Families become text, in either of the two dialects that Prometheus reads.
//!
//! Classic text 0.0.4: <https://prometheus.io/docs/instrumenting/exposition_formats/>. OpenMetrics
//! 1.0: <https://prometheus.io/docs/specs/om/open_metrics_spec/>. The dialects differ in the names of
//! counters and in the closing line; no crate writes both. In HELP they differ in what is escaped,
//! and so the catalogue has nothing there that has to be.

use crate::descriptor::{Metric, MetricType};
use crate::family::{Family, Sample};

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The text format 0.0.4, which every Prometheus reads.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The value of the `Content-Type` header for it.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What stands at the end of a whole exposition.
    pub fn end(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }

    /// The name in HELP and TYPE lines: in OpenMetrics a counter's samples have a `_total` that its
    /// family has not.
    fn described_name(self, metric: &Metric) -> &'static str {
        match (self, metric.kind) {
            (Self::OpenMetrics, MetricType::Counter) => metric.name.trim_end_matches("_total"),
            _ => metric.name,
        }
    }
}

/// What lines are written to.
pub trait Lines {
    /// That to the end of which a line, or a few, may be written.
    fn open(&mut self) -> &mut String;
}

impl Lines for String {
    fn open(&mut self) -> &mut String {
        self
    }
}

/// Writes `families` in `format`, to the end of `lines`.
pub fn encode<'a>(
    lines: &mut impl Lines,
    families: impl IntoIterator<Item = Family<'a>>,
    format: Format,
) {
    for family in families {
        let text = lines.open();
        let metric = family.metric;
        let described = format.described_name(metric);
        text.extend(["# HELP ", described, " ", metric.help]);
        text.extend(["\n# TYPE ", described, " ", metric.kind.as_str(), "\n"]);
        let before_values = before_values(&family.labels);
        for sample in family.samples {
            let text = lines.open();
            series(text, metric, &before_values, &sample);
            number(text, sample.value);
            text.push('\n');
        }
    }
}

/// Writes the first series of `family` up to its value, to the end of `text`.
pub fn encode_series(text: &mut String, mut family: Family<'_>) {
    if let Some(sample) = family.samples.next() {
        series(text, family.metric, &before_values(&family.labels), &sample);
    }
}

fn series(text: &mut String, metric: &Metric, before_values: &[String], sample: &Sample<'_>) {
    text.push_str(metric.name);
    text.push_str(sample.suffix);
    for (before, value) in before_values.iter().zip(&sample.label_values) {
        text.push_str(before);
        escape(text, value);
    }
    text.push_str(if sample.label_values.is_empty() {
        " "
    } else {
        "\"} "
    });
}

/// What stands before each of a sample's label values. A bucket has one value more than its family
/// has labels: its bound.
fn before_values(labels: &[&str]) -> Vec<String> {
    let labels = labels.iter().copied().chain(["le"]);
    let mut separator = "{";
    let before = |label| {
        let before = [separator, label, "=\""].concat();
        separator = "\",";
        before
    };
    labels.map(before).collect()
}

/// Writes a label's value with a backslash before each of the characters that need one in both
/// dialects; of these a line feed becomes `\n`.
fn escape(text: &mut String, value: &str) {
    let is_special = |byte: u8| matches!(byte, b'\\' | b'\n' | b'"');
    // Nearly no name has one, and without an early end a processor looks at many bytes at once.
    let any_special = |any, byte| any | is_special(byte);
    if !value.bytes().fold(false, any_special) {
        text.push_str(value);
        return;
    }
    for character in value.chars() {
        match character {
            '\\' => text.push_str(r"\\"),
            '\n' => text.push_str(r"\n"),
            '"' => text.push_str("\\\""),
            plain => text.push(plain),
        }
    }
}

/// Writes the shortest decimal that reads back as `value`.
fn number(text: &mut String, value: f64) {
    /// Up to here every whole number is a float.
    const WHOLE: u64 = 1 << 53;
    let whole = value as i64;
    if value.is_nan() {
        text.push_str("NaN");
    } else if value.is_infinite() {
        text.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else if (whole as f64).to_bits() == value.to_bits() && whole.unsigned_abs() <= WHOLE {
        text.push_str(itoa::Buffer::new().format(whole));
    } else {
        text.push_str(zmij::Buffer::new().format_finite(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{Label, Presence};
    use proptest::prelude::*;
    use smallvec::smallvec;

    const fn label(name: &'static str) -> Label {
        Label {
            name,
            meaning: "",
            presence: Presence::Always,
        }
    }

    const GAUGE: Metric = Metric {
        name: "usage_units",
        kind: MetricType::Gauge,
        labels: &[label("team_name"), label("app_name"), label("month")],
        help: "Usage.",
        source: "",
    };

    const COUNTER: Metric = Metric {
        name: "polls_total",
        kind: MetricType::Counter,
        labels: &[label("team_name"), label("endpoint")],
        help: "Polls.",
        source: "",
    };

    /// Reads one sample line back, by the letter of the format: a parser of its own, so that a
    /// mistake in `escape` is not made twice.
    fn read(line: &str) -> (String, Vec<(String, String)>, f64) {
        let (name, rest) = line.split_once('{').unwrap();
        let mut labels = Vec::new();
        let mut chars = rest.chars();
        loop {
            let label: String = chars.by_ref().take_while(|c| *c != '=').collect();
            assert_eq!(chars.next(), Some('"'));
            let mut value = String::new();
            loop {
                match chars.next().unwrap() {
                    '"' => break,
                    '\\' => match chars.next().unwrap() {
                        'n' => value.push('\n'),
                        c @ ('"' | '\\') => value.push(c),
                        c => panic!("\\{c} is no escape"),
                    },
                    c => value.push(c),
                }
            }
            labels.push((label, value));
            match chars.next().unwrap() {
                ',' => {}
                '}' => break,
                c => panic!("{c:?} after a label"),
            }
        }
        assert_eq!(chars.next(), Some(' '));
        (name.to_owned(), labels, chars.as_str().parse().unwrap())
    }

    fn written(metric: &'static Metric, sample: Sample<'_>, format: Format) -> String {
        let family = Family {
            metric,
            labels: metric.label_names(true).collect(),
            samples: Box::new(std::iter::once(sample)),
        };
        let mut text = String::new();
        encode(&mut text, [family], format);
        text
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(team in ".*", app in "[\\PC\n\"\\\\]*", value in any::<f64>()) {
            let metric = &GAUGE;
            let labels: Vec<_> = metric.label_names(true).collect();
            for format in [Format::Text, Format::OpenMetrics] {
                let label_values = smallvec![team.as_str().into(), app.as_str().into(), "2026-11".into()];
                let sample = Sample { suffix: "", label_values, value };
                let text = written(metric, sample, format);
                let mut lines = text.split('\n').skip(2);
                let (name, read_labels, read_value) = read(lines.next().unwrap());
                prop_assert_eq!(&name, metric.name);
                let expected: Vec<_> = labels.iter().map(|l| l.to_string()).zip([team.clone(), app.clone(), "2026-11".into()]).collect();
                prop_assert_eq!(read_labels, expected);
                prop_assert!(read_value == value || (read_value.is_nan() && value.is_nan()));
                prop_assert_eq!(lines.collect::<Vec<_>>(), [""]);
            }
        }
    }

    #[test]
    fn a_number_is_written_as_short_as_it_can_be() {
        let table = [
            (0.0, "0"),
            (-0.0, "-0.0"),
            (3.0, "3"),
            (-12.0, "-12"),
            (0.368, "0.368"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0.000_001, "1e-6"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e300, "1e+300"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, expected) in table {
            let mut text = String::new();
            number(&mut text, value);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_counter_s_family_has_no_total_in_openmetrics() {
        let metric = &COUNTER;
        for (format, described) in [
            (Format::Text, "polls_total"),
            (Format::OpenMetrics, "polls"),
        ] {
            let sample = Sample {
                suffix: "",
                label_values: smallvec!["ops".into(), "usage".into()],
                value: 3.0,
            };
            let text = written(metric, sample, format);
            assert!(
                text.contains(&format!("# TYPE {described} counter\n")),
                "{text}"
            );
            assert!(
                text.ends_with("\npolls_total{team_name=\"ops\",endpoint=\"usage\"} 3\n"),
                "{text}"
            );
        }
    }
}
