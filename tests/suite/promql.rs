//! What a PromQL expression asks for: its metrics and labels, held against the catalogue.
//!
//! Prometheus itself says whether an expression is one; this reads only names.

use std::collections::{BTreeMap, BTreeSet};

use expfmt::MetricType;
use heroku_cost_exporter::metrics::descriptors;

/// The labels that Prometheus puts on everything that it scrapes.
const OF_A_TARGET: [&str; 2] = ["instance", "job"];

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

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The labels by which each metric is picked.
    pub(crate) metrics: BTreeMap<String, BTreeSet<String>>,
    /// The labels by which is grouped and matched.
    pub(crate) grouping: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

impl Names {
    /// Reads an expression.
    pub(crate) fn of(expression: &str) -> Self {
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
                    let picked = if sign(at, '{') {
                        matchers(&tokens, &mut at)
                    } else {
                        Vec::new()
                    };
                    let labels = names.metrics.entry(word.clone()).or_default();
                    labels.extend(picked.into_iter().map(|(label, _)| label));
                }
                Token::Sign('{') => {
                    at -= 1;
                    let picked = matchers(&tokens, &mut at);
                    let named = picked.iter().find(|(label, _)| label == "__name__");
                    let (_, named) = named.expect("a selector without a name picks by it");
                    for metric in named.split('|') {
                        let labels = names.metrics.entry(metric.to_owned()).or_default();
                        let others = picked.iter().filter(|(label, _)| label != "__name__");
                        labels.extend(others.map(|(label, _)| label.clone()));
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// Asserts that the catalogue has each metric and label; `recorded` are the labels of what rules record.
    pub(crate) fn assert_known(&self, what: &str, recorded: &BTreeMap<String, BTreeSet<String>>) {
        assert!(!self.metrics.is_empty(), "{what} asks for no metric");
        let mut groupable = BTreeSet::new();
        for (metric, picked_by) in &self.metrics {
            let labels = labels_of(metric)
                .or_else(|| recorded.get(metric).cloned())
                .unwrap_or_else(|| panic!("{what}: no metric is called {metric}"));
            let unknown: Vec<_> = picked_by.difference(&labels).collect();
            assert!(unknown.is_empty(), "{what}: {metric} has no {unknown:?}");
            groupable.extend(labels);
        }
        let unknown: Vec<_> = self.grouping.difference(&groupable).collect();
        assert!(unknown.is_empty(), "{what}: nothing has {unknown:?}");
    }
}

/// The labels that a metric's series have in Prometheus, if there is such a metric.
fn labels_of(name: &str) -> Option<BTreeSet<String>> {
    let of_a_target = OF_A_TARGET.map(str::to_owned);
    if name == "up" {
        return Some(of_a_target.into());
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
    Some(labels.chain(of_a_target).chain(le).collect())
}

/// The labels and values between braces, of which the first is at `at`.
fn matchers(tokens: &[Token], at: &mut usize) -> Vec<(String, String)> {
    let mut matchers = Vec::new();
    while tokens[*at] != Token::Sign('}') {
        match &tokens[*at] {
            Token::Word(label) => matchers.push((label.clone(), String::new())),
            Token::Text(value) => {
                let last = matchers
                    .last_mut()
                    .expect("a label stands before its value");
                last.1.clone_from(value);
            }
            Token::Sign(_) => {}
        }
        *at += 1;
    }
    *at += 1;
    matchers
}

/// Words, texts and signs. Ranges and blanks are left out.
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
fn names_are_found() {
    let names = Names::of(
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
fn what_the_catalogue_has_not_is_found_out() {
    let none = BTreeMap::new();
    for unknown in [
        "heroku_no_such_metric",
        r#"heroku_up{app_name="x"}"#,
        "sum by (license) (heroku_up)",
        "heroku_api_request_duration_seconds",
        r#"heroku_api_request_duration_seconds_sum{le="1"}"#,
        "vector(1)",
    ] {
        let judged = std::panic::catch_unwind(|| Names::of(unknown).assert_known(unknown, &none));
        assert!(judged.is_err(), "{unknown}");
    }
    for known in [
        "up",
        r#"sum by (endpoint, job) (heroku_up{instance="x"})"#,
        r#"heroku_api_request_duration_seconds_bucket{le="1"}"#,
    ] {
        Names::of(known).assert_known(known, &none);
    }
}
