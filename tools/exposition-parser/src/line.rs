//! The parser of a single line.

use crate::types::{Format, MetricType, Sample};

/// A parsed line.
pub(crate) enum Line<'a> {
    Help {
        name: &'a str,
        help: String,
    },
    Type {
        name: &'a str,
        metric_type: MetricType,
    },
    Sample(Sample),
    Eof,
}

/// Parses a line without its line feed.
pub(crate) fn parse(line: &str, format: Format) -> Result<Line<'_>, String> {
    if format == Format::OpenMetrics && line == "# EOF" {
        return Ok(Line::Eof);
    }
    if let Some(rest) = line.strip_prefix("# HELP ") {
        let (name, help) = rest.split_once(' ').ok_or("HELP without text")?;
        let escapes = match format {
            Format::Text => "\\n",
            Format::OpenMetrics => "\\n\"",
        };
        let (help, rest) = unescape(help, escapes, format == Format::OpenMetrics)?;
        if !rest.is_empty() {
            return Err("unescaped quote in HELP".into());
        }
        return Ok(Line::Help {
            name: metric_name(name)?,
            help,
        });
    }
    if let Some(rest) = line.strip_prefix("# TYPE ") {
        let (name, metric_type) = rest.split_once(' ').ok_or("TYPE without a type")?;
        let metric_type = match metric_type {
            "gauge" => MetricType::Gauge,
            "counter" => MetricType::Counter,
            "histogram" => MetricType::Histogram,
            _ => return Err(format!("unknown type {metric_type:?}")),
        };
        return Ok(Line::Type {
            name: metric_name(name)?,
            metric_type,
        });
    }
    parse_sample(line).map(Line::Sample)
}

fn parse_sample(line: &str) -> Result<Sample, String> {
    let end = line.find(['{', ' ']).ok_or("sample without a value")?;
    let (name, mut rest) = line.split_at(end);
    let mut labels: Vec<(String, String)> = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, value) = rest.split_once("=\"").ok_or("unterminated labels")?;
            if !is_name(label, "_") {
                return Err(format!("invalid label name {label:?}"));
            }
            if labels.iter().any(|(name, _)| name == label) {
                return Err(format!("duplicate label {label}"));
            }
            let (value, rest_after) = unescape(value, "\\n\"", true)?;
            labels.push((label.to_owned(), value));
            let rest_after = rest_after
                .strip_prefix('"')
                .ok_or("unterminated label value")?;
            if let Some(next) = rest_after.strip_prefix(',') {
                rest = next;
                continue;
            }
            rest = rest_after
                .strip_prefix('}')
                .ok_or("expected a comma or a brace after a label")?;
            break;
        }
    }
    let value = rest.strip_prefix(' ').ok_or("missing value")?;
    let value = parse_number(value).ok_or_else(|| format!("invalid number {value:?}"))?;
    Ok(Sample {
        name: metric_name(name)?.to_owned(),
        labels,
        value,
    })
}

/// Unescapes `text`, and returns the result and the unconsumed rest. `escapes` are the characters
/// that may follow a backslash. With `ends_at_quote`, the rest begins with the first unescaped
/// quote.
fn unescape<'a>(
    text: &'a str,
    escapes: &str,
    ends_at_quote: bool,
) -> Result<(String, &'a str), String> {
    let mut unescaped = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' if ends_at_quote => return Ok((unescaped, &text[index..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => unescaped.push('\n'),
                Some((_, c)) if escapes.contains(c) => unescaped.push(c),
                _ => return Err("invalid escape sequence".into()),
            },
            c => unescaped.push(c),
        }
    }
    Ok((unescaped, ""))
}

/// Parses a value: a decimal number, `NaN`, `+Inf` or `-Inf`.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    match text {
        "NaN" => return Some(f64::NAN),
        "+Inf" => return Some(f64::INFINITY),
        "-Inf" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    // `f64::from_str` also accepts words such as `inf` and `nan`.
    let is_decimal = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    is_decimal.then(|| text.parse().ok())?
}

fn metric_name(name: &str) -> Result<&str, String> {
    if is_name(name, "_:") {
        Ok(name)
    } else {
        Err(format!("invalid metric name {name:?}"))
    }
}

/// Returns whether `name` consists of ASCII letters, digits and `punctuation`, and does not start
/// with a digit.
fn is_name(name: &str, punctuation: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || punctuation.contains(c);
    name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(is_allowed)
}
