//! Writes metric families in the text formats that Prometheus reads.
//!
//! Text format 0.0.4: <https://prometheus.io/docs/instrumenting/exposition_formats/>. OpenMetrics
//! 1.0: <https://prometheus.io/docs/specs/om/open_metrics_spec/>. They differ in the family name of
//! a counter, in the escapes of a HELP line and in the end of an exposition.

use std::fmt::{self, Write};

use crate::descriptor::{MetricDescriptor, MetricType};
use crate::family::{Family, Sample};

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text format 0.0.4, which every version of Prometheus reads.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// All formats, in the order of their discriminants.
    pub const ALL: [Self; 2] = [Self::Text, Self::OpenMetrics];

    /// Returns the value of the `Content-Type` header.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Returns what has to follow the last family.
    pub const fn eof(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }

    /// Returns the name in HELP and TYPE lines. In OpenMetrics a counter's family name has no
    /// `_total`, only its samples have.
    fn family_name(self, metric: &MetricDescriptor) -> &'static str {
        match (self, metric.metric_type) {
            (Self::OpenMetrics, MetricType::Counter) => metric.name.trim_end_matches("_total"),
            _ => metric.name,
        }
    }
}

/// Writes `families` in `format`. [`Format::eof`] has to follow the last family of an exposition.
///
/// # Errors
///
/// Returns the errors of `writer`; a `String` has none.
pub fn encode<'a>(
    writer: &mut impl Write,
    families: impl IntoIterator<Item = Family<'a>>,
    format: Format,
) -> fmt::Result {
    for family in families {
        let metric = family.metric;
        let name = format.family_name(metric);
        write!(writer, "# HELP {name} ")?;
        write_escaped(writer, metric.help, format == Format::OpenMetrics)?;
        writeln!(writer, "\n# TYPE {name} {}", metric.metric_type.as_str())?;
        let prefixes = label_prefixes(&family.labels);
        for sample in family.samples {
            write_sample(writer, metric.name, &prefixes, &sample)?;
        }
    }
    Ok(())
}

fn write_sample(
    writer: &mut impl Write,
    name: &str,
    prefixes: &[String],
    sample: &Sample<'_>,
) -> fmt::Result {
    writer.write_str(name)?;
    writer.write_str(sample.suffix)?;
    for (prefix, value) in prefixes.iter().zip(&sample.label_values) {
        writer.write_str(prefix)?;
        write_escaped(writer, value, true)?;
    }
    let has_labels = !sample.label_values.is_empty();
    writer.write_str(if has_labels { "\"} " } else { " " })?;
    write_number(writer, sample.value)?;
    writer.write_str("\n")
}

/// Returns the text before each label value. The last is that of a histogram bucket's bound.
fn label_prefixes(labels: &[&str]) -> Vec<String> {
    let labels = labels.iter().copied().chain(["le"]);
    let mut separator = "{";
    let prefix = |label| {
        let prefix = [separator, label, "=\""].concat();
        separator = "\",";
        prefix
    };
    labels.map(prefix).collect()
}

/// Writes `text` with backslashes and line feeds escaped, and quotation marks if `quotes`.
fn write_escaped(writer: &mut impl Write, text: &str, quotes: bool) -> fmt::Result {
    let is_special = |byte: u8| matches!(byte, b'\\' | b'\n') || (quotes && byte == b'"');
    // Few texts have one. Without an early exit the compiler vectorizes this loop.
    if !text.bytes().fold(false, |any, byte| any | is_special(byte)) {
        return writer.write_str(text);
    }
    text.chars().try_for_each(|character| match character {
        '\\' => writer.write_str(r"\\"),
        '\n' => writer.write_str(r"\n"),
        '"' if quotes => writer.write_str("\\\""),
        plain => writer.write_char(plain),
    })
}

/// Writes the shortest decimal that parses as `value`.
fn write_number(writer: &mut impl Write, value: f64) -> fmt::Result {
    if value.is_infinite() {
        return writer.write_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format(value);
    writer.write_str(text.strip_suffix(".0").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::Label;
    use proptest::prelude::*;

    const fn metric(
        name: &'static str,
        metric_type: MetricType,
        labels: &'static [Label],
        help: &'static str,
    ) -> MetricDescriptor {
        MetricDescriptor {
            name,
            metric_type,
            labels,
            help,
            source: "",
        }
    }

    const TEAM: Label = Label::new("team_name", "");
    const ENDPOINT: Label = Label::new("endpoint", "");

    static GAUGE: MetricDescriptor = metric(
        "usage_units",
        MetricType::Gauge,
        &[TEAM, Label::new("app_name", ""), Label::new("month", "")],
        "Usage.",
    );
    static COUNTER: MetricDescriptor = metric(
        "polls_total",
        MetricType::Counter,
        &[TEAM, ENDPOINT],
        "Polls.",
    );
    static HISTOGRAM: MetricDescriptor =
        metric("seconds", MetricType::Histogram, &[ENDPOINT], "Seconds.");

    /// Parses one sample line, independently of `write_escaped`.
    fn parse(line: &str) -> (String, Vec<(String, String)>, f64) {
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

    fn encoded(
        metric: &'static MetricDescriptor,
        samples: impl IntoIterator<Item = Sample<'static>, IntoIter: 'static>,
        format: Format,
    ) -> String {
        let mut text = String::new();
        encode(&mut text, [Family::new(metric, samples)], format).unwrap();
        text
    }

    proptest! {
        #[test]
        fn samples_parse_as_they_were(team in ".*", app in "[\\PC\n\"\\\\]*", value in any::<f64>()) {
            for format in Format::ALL {
                let label_values = [team.clone(), app.clone(), "2026-11".into()];
                let text = encoded(&GAUGE, [Sample::new(label_values.clone(), value)], format);
                let mut lines = text.split('\n').skip(2);
                let (name, labels_found, value_found) = parse(lines.next().unwrap());
                prop_assert_eq!(&name, GAUGE.name);
                let names = GAUGE.label_names(true).map(str::to_owned);
                prop_assert_eq!(labels_found, names.zip(label_values).collect::<Vec<_>>());
                prop_assert!(value_found == value || (value_found.is_nan() && value.is_nan()));
                prop_assert_eq!(lines.collect::<Vec<_>>(), [""]);
            }
        }
    }

    #[test]
    fn writes_the_shortest_number() {
        let table = [
            (0.0, "0"),
            (-0.0, "-0"),
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
            write_number(&mut text, value).unwrap();
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn openmetrics_counter_family_has_no_total() {
        for (format, family) in [
            (Format::Text, "polls_total"),
            (Format::OpenMetrics, "polls"),
        ] {
            let text = encoded(&COUNTER, [Sample::new(["ops", "usage"], 3.0)], format);
            assert_eq!(
                text,
                format!(
                    "# HELP {family} Polls.\n# TYPE {family} counter\n\
                    polls_total{{team_name=\"ops\",endpoint=\"usage\"}} 3\n"
                )
            );
        }
    }

    #[test]
    fn escapes_help_by_format() {
        static METRIC: MetricDescriptor = metric(
            "escaped",
            MetricType::Gauge,
            &[],
            "a \"quote\", a \\ and\na line",
        );
        for (format, help) in [
            (Format::Text, r#"a "quote", a \\ and\na line"#),
            (Format::OpenMetrics, r#"a \"quote\", a \\ and\na line"#),
        ] {
            let text = encoded(&METRIC, [Sample::unlabelled(1.5)], format);
            assert_eq!(
                text,
                format!("# HELP escaped {help}\n# TYPE escaped gauge\nescaped 1.5\n")
            );
        }
    }

    #[test]
    fn writes_histogram_buckets_sum_and_count() {
        let samples = Sample::histogram(&["usage"], [(1.0, 2)], 3.5, 4);
        let text = encoded(&HISTOGRAM, samples, Format::Text);
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                r#"seconds_bucket{endpoint="usage",le="1.0"} 2"#,
                r#"seconds_bucket{endpoint="usage",le="+Inf"} 4"#,
                r#"seconds_sum{endpoint="usage"} 3.5"#,
                r#"seconds_count{endpoint="usage"} 4"#,
            ]
        );
    }
}
