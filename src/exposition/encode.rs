//! Families become text, in either of the two dialects that Prometheus reads.
//!
//! Classic text 0.0.4: <https://prometheus.io/docs/instrumenting/exposition_formats/>. OpenMetrics
//! 1.0: <https://prometheus.io/docs/specs/om/open_metrics_spec/>. The dialects differ in the names of
//! counters, in what HELP escapes and in the closing line; no crate writes both.

use std::fmt::Write;

use super::families::Family;
use crate::catalogue::{Kind, Metric};

/// A text dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The text format 0.0.4, which every Prometheus reads.
    Classic,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Dialect {
    /// The value of the `Content-Type` header for it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What stands at the end of a whole exposition.
    pub fn end(self) -> &'static str {
        match self {
            Self::Classic => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }

    /// The name in HELP and TYPE lines: in OpenMetrics a counter's samples have a `_total` that its
    /// family has not.
    fn described_name(self, metric: &Metric) -> &'static str {
        match (self, metric.kind) {
            (Self::OpenMetrics, Kind::Counter) => metric.name.trim_end_matches("_total"),
            _ => metric.name,
        }
    }

    fn special_in_help(self) -> &'static str {
        match self {
            Self::Classic => "\\\n",
            Self::OpenMetrics => SPECIAL_IN_VALUE,
        }
    }
}

/// Writes `families` in `dialect`, to the end of `text`.
pub fn encode(text: &mut String, families: &[Family<'_>], dialect: Dialect) {
    for family in families {
        let name = family.metric.name;
        let described = dialect.described_name(family.metric);
        text.extend(["# HELP ", described, " "]);
        escape(text, family.metric.help, dialect.special_in_help());
        text.extend(["\n# TYPE ", described, " ", family.metric.kind.word(), "\n"]);
        for sample in &family.samples {
            text.extend([name, sample.suffix]);
            // A bucket has one value more than the family has labels: its bound.
            let labels = family.labels.iter().copied().chain(["le"]);
            let mut before = '{';
            for (label, value) in labels.zip(&sample.label_values) {
                text.push(before);
                text.extend([label, "=\""]);
                escape(text, value, SPECIAL_IN_VALUE);
                text.push('"');
                before = ',';
            }
            if before == ',' {
                text.push('}');
            }
            text.push(' ');
            number(text, sample.value);
            text.push('\n');
        }
    }
}

/// What has to be escaped in a label's value, in both dialects.
const SPECIAL_IN_VALUE: &str = "\\\n\"";

/// Writes `value` with a backslash before each of the characters in `special`; of these a line feed
/// becomes `\n`.
fn escape(text: &mut String, value: &str, special: &str) {
    for piece in value.split_inclusive(|c| special.contains(c)) {
        let Some(last) = piece.chars().next_back().filter(|c| special.contains(*c)) else {
            text.push_str(piece);
            continue;
        };
        text.push_str(&piece[..piece.len() - last.len_utf8()]);
        text.push('\\');
        text.push(if last == '\n' { 'n' } else { last });
    }
}

fn number(text: &mut String, value: f64) {
    if value.is_nan() {
        text.push_str("NaN");
    } else if value.is_infinite() {
        text.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        // Writing to a String cannot fail; the shortest decimal that reads back as `value`.
        let _ = write!(text, "{value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::own;
    use crate::catalogue::seed::CURRENT_USAGE;
    use crate::exposition::families::Sample;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(team in ".*", app in "[\\PC\n\"\\\\]*", value in any::<f64>()) {
            let metric = &CURRENT_USAGE.dyno_units;
            let label_values = vec![team.as_str().into(), app.as_str().into(), "2026-11".into()];
            let labels: Vec<_> = metric.label_names(true).collect();
            let family = Family { metric, labels: labels.clone(), samples: vec![Sample { suffix: "", label_values, value }] };
            for dialect in [Dialect::Classic, Dialect::OpenMetrics] {
                let mut text = String::new();
                encode(&mut text, std::slice::from_ref(&family), dialect);
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
    fn help_escapes_quotes_in_openmetrics_alone() {
        let metric = &CURRENT_USAGE.usd;
        assert!(metric.help.contains('"'));
        let family = Family {
            metric,
            labels: Vec::new(),
            samples: Vec::new(),
        };
        let text = |dialect| {
            let mut text = String::new();
            encode(&mut text, std::slice::from_ref(&family), dialect);
            text
        };
        assert!(text(Dialect::Classic).contains("type=\"connect\""));
        assert!(text(Dialect::OpenMetrics).contains("type=\\\"connect\\\""));
    }

    #[test]
    fn a_counter_s_family_has_no_total_in_openmetrics() {
        let metric = &own::POLLS;
        let sample = Sample {
            suffix: "",
            label_values: vec!["ops".into(), "usage".into()],
            value: 3.0,
        };
        let family = Family {
            metric,
            labels: metric.label_names(true).collect(),
            samples: vec![sample],
        };
        for (dialect, described) in [
            (Dialect::Classic, "polls_total"),
            (Dialect::OpenMetrics, "polls"),
        ] {
            let mut text = String::new();
            encode(&mut text, std::slice::from_ref(&family), dialect);
            assert!(
                text.contains(&format!(
                    "# TYPE heroku_cost_exporter_{described} counter\n"
                )),
                "{text}"
            );
            assert!(
                text.ends_with(
                    "\nheroku_cost_exporter_polls_total{team_name=\"ops\",endpoint=\"usage\"} 3\n"
                ),
                "{text}"
            );
        }
    }
}
