//! Extracts metric and label names from PromQL and checks them against the metric descriptors.
//!
//! Only Prometheus itself validates the expressions.

use std::collections::{BTreeMap, BTreeSet};

use expfmt::MetricType;
use heroku_cost_exporter::metrics::descriptors;

/// The target labels, which Prometheus adds to every series that it scrapes.
const TARGET_LABELS: [&str; 2] = ["instance", "job"];

const GROUPINGS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

const AGGREGATIONS: [&str; 8] = [
    "avg", "bottomk", "count", "group", "max", "min", "sum", "topk",
];

const OPERATORS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// The metric and label names in an expression.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The metrics, and the labels that their selectors match.
    pub(crate) metrics: BTreeMap<String, BTreeSet<String>>,
    /// The labels in grouping and vector matching clauses.
    pub(crate) grouping: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

impl Names {
    /// Parses an expression.
    pub(crate) fn parse(expression: &str) -> Self {
        let tokens = tokens(expression);
        let mut names = Self::default();
        let mut at = 0;
        let sign = |at: usize, sign| tokens.get(at) == Some(&Token::Sign(sign));
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                Token::Word(word) if GROUPINGS.contains(&word.as_str()) => {
                    let listed = sign(at, '(');
                    while listed && !sign(at, ')') {
                        if let Token::Word(label) = &tokens[at] {
                            names.grouping.insert(label.clone());
                        }
                        at += 1;
                    }
                }
                Token::Word(word) => {
                    let is_word = |list: &[&str]| list.contains(&word.as_str());
                    let is_number = word.starts_with(|c: char| c.is_ascii_digit());
                    if sign(at, '(') || is_word(&AGGREGATIONS) || is_word(&OPERATORS) || is_number {
                        continue;
                    }
                    let matched = if sign(at, '{') {
                        matchers(&tokens, &mut at)
                    } else {
                        Vec::new()
                    };
                    let labels = names.metrics.entry(word.clone()).or_default();
                    labels.extend(matched.into_iter().map(|(label, _)| label));
                }
                Token::Sign('{') => {
                    at -= 1;
                    let matched = matchers(&tokens, &mut at);
                    let named = matched.iter().find(|(label, _)| label == "__name__");
                    let (_, named) = named.expect("a selector without a name matches __name__");
                    for metric in named.split('|') {
                        let labels = names.metrics.entry(metric.to_owned()).or_default();
                        let others = matched.iter().filter(|(label, _)| label != "__name__");
                        labels.extend(others.map(|(label, _)| label.clone()));
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// Asserts that all metrics and labels are declared. `recorded` has the labels of recording
    /// rules.
    pub(crate) fn assert_known(&self, what: &str, recorded: &BTreeMap<String, BTreeSet<String>>) {
        assert!(!self.metrics.is_empty(), "{what} has no metric");
        let mut groupable = BTreeSet::new();
        for (metric, matched) in &self.metrics {
            let labels = labels_of(metric)
                .or_else(|| recorded.get(metric).cloned())
                .unwrap_or_else(|| panic!("{what}: unknown metric {metric}"));
            let unknown: Vec<_> = matched.difference(&labels).collect();
            assert!(unknown.is_empty(), "{what}: {metric} has no {unknown:?}");
            groupable.extend(labels);
        }
        let unknown: Vec<_> = self.grouping.difference(&groupable).collect();
        assert!(unknown.is_empty(), "{what}: no metric has {unknown:?}");
    }
}

/// Returns the labels of a metric's series in Prometheus.
fn labels_of(name: &str) -> Option<BTreeSet<String>> {
    let target_labels = TARGET_LABELS.map(str::to_owned);
    if name == "up" {
        return Some(target_labels.into());
    }
    let histogram = |suffix: &str| {
        let name = name.strip_suffix(suffix)?;
        descriptors::all()
            .find(|metric| metric.name == name && metric.metric_type == MetricType::Histogram)
    };
    let own = descriptors::all()
        .find(|metric| metric.name == name && metric.metric_type != MetricType::Histogram);
    let bucket = histogram("_bucket");
    let metric = own
        .or(bucket)
        .or_else(|| histogram("_sum"))
        .or_else(|| histogram("_count"))?;
    let labels = metric.label_names(true).map(str::to_owned);
    let le = bucket.map(|_| "le".to_owned());
    Some(labels.chain(target_labels).chain(le).collect())
}

/// Parses the label matchers from the opening brace at `at`.
fn matchers(tokens: &[Token], at: &mut usize) -> Vec<(String, String)> {
    let mut matchers = Vec::new();
    while tokens[*at] != Token::Sign('}') {
        match &tokens[*at] {
            Token::Word(label) => matchers.push((label.clone(), String::new())),
            Token::Text(value) => {
                let last = matchers.last_mut().expect("a label precedes its value");
                last.1.clone_from(value);
            }
            Token::Sign(_) => {}
        }
        *at += 1;
    }
    *at += 1;
    matchers
}

/// Splits an expression into words, strings and signs. Ranges and white space are skipped.
fn tokens(expression: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = expression.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' | '\'' => {
                let mut text = String::new();
                while let Some(next) = rest.next().filter(|next| *next != character) {
                    text.push(next);
                    if next == '\\' {
                        text.extend(rest.next());
                    }
                }
                tokens.push(Token::Text(text));
            }
            '[' => while rest.next().is_some_and(|next| next != ']') {},
            _ if character.is_alphanumeric() || "_:.".contains(character) => {
                let mut word = String::from(character);
                while let Some(next) =
                    rest.next_if(|next| next.is_alphanumeric() || "_:.".contains(*next))
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            _ if character.is_whitespace() => {}
            _ => tokens.push(Token::Sign(character)),
        }
    }
    tokens
}

#[test]
fn extracts_names() {
    let names = Names::parse(
        r#"sum by (a, b) (rate(x_total{c="by (d) {e=\"\"}", f=~'g'}[5m])) / on (a) group_left y > 0.5 or topk(3, z) and {__name__=~"v|w", h!=""}"#,
    );
    let set = |labels: &[&str]| {
        labels
            .iter()
            .map(|label| (*label).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let metrics = [
        ("x_total", set(&["c", "f"])),
        ("y", set(&[])),
        ("z", set(&[])),
        ("v", set(&["h"])),
        ("w", set(&["h"])),
    ];
    let metrics = metrics.map(|(metric, labels)| (metric.to_owned(), labels));
    let expected = Names {
        metrics: metrics.into(),
        grouping: set(&["a", "b"]),
    };
    assert_eq!(names, expected);
}

#[test]
fn rejects_unknown_metrics_and_labels() {
    let none = BTreeMap::new();
    for unknown in [
        "heroku_no_such_metric",
        r#"heroku_up{app_name="x"}"#,
        "sum by (license) (heroku_up)",
        "heroku_api_request_duration_seconds",
        r#"heroku_api_request_duration_seconds_sum{le="1"}"#,
        "vector(1)",
    ] {
        let result =
            std::panic::catch_unwind(|| Names::parse(unknown).assert_known(unknown, &none));
        assert!(result.is_err(), "{unknown}");
    }
    for known in [
        "up",
        r#"sum by (endpoint, job) (heroku_up{instance="x"})"#,
        r#"heroku_api_request_duration_seconds_bucket{le="1"}"#,
    ] {
        Names::parse(known).assert_known(known, &none);
    }
}
