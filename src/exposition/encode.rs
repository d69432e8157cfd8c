//! Families become text, in either of the two dialects that Prometheus reads.
//!
//! Classic text 0.0.4: <https://prometheus.io/docs/instrumenting/exposition_formats/>. OpenMetrics
//! 1.0: <https://prometheus.io/docs/specs/om/open_metrics_spec/>. The dialects differ, for gauges, in
//! what HELP escapes and in the closing line; no crate writes both.

use std::fmt::Write;

use super::families::Family;

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
}

/// Writes `families` in `dialect`.
pub fn encode(families: &[Family<'_>], dialect: Dialect) -> String {
    let mut text = String::new();
    for family in families {
        let name = family.metric.name;
        text.extend(["# HELP ", name, " "]);
        match dialect {
            Dialect::Classic => escape(&mut text, family.metric.help, "\\\n"),
            Dialect::OpenMetrics => escape(&mut text, family.metric.help, "\\\n\""),
        }
        text.extend(["\n# TYPE ", name, " ", family.metric.kind.word(), "\n"]);
        for sample in &family.samples {
            text.push_str(name);
            let mut before = '{';
            for (label, value) in family.labels.iter().zip(&sample.label_values) {
                text.push(before);
                text.extend([label, "=\""]);
                escape(&mut text, value, "\\\n\"");
                text.push('"');
                before = ',';
            }
            if before == ',' {
                text.push('}');
            }
            text.push(' ');
            number(&mut text, sample.value);
            text.push('\n');
        }
    }
    if dialect == Dialect::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
}

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
            let family = Family { metric, labels: labels.clone(), samples: vec![Sample { label_values, value }] };
            for (dialect, closing) in [(Dialect::Classic, None), (Dialect::OpenMetrics, Some("# EOF"))] {
                let text = encode(std::slice::from_ref(&family), dialect);
                let mut lines = text.split('\n').skip(2);
                let (name, read_labels, read_value) = read(lines.next().unwrap());
                prop_assert_eq!(&name, metric.name);
                let expected: Vec<_> = labels.iter().map(|l| l.to_string()).zip([team.clone(), app.clone(), "2026-11".into()]).collect();
                prop_assert_eq!(read_labels, expected);
                prop_assert!(read_value == value || (read_value.is_nan() && value.is_nan()));
                let rest: Vec<_> = lines.filter(|l| !l.is_empty()).collect();
                prop_assert_eq!(rest, closing.into_iter().collect::<Vec<_>>());
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
        let families = std::slice::from_ref(&family);
        assert!(encode(families, Dialect::Classic).contains("type=\"connect\""));
        assert!(encode(families, Dialect::OpenMetrics).contains("type=\\\"connect\\\""));
    }
}
