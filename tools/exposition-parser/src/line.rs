//! One line of a text.

use crate::{Format, Kind, Series};

/// What a line says.
pub(crate) enum Line<'a> {
    Help { name: &'a str, help: String },
    Type { name: &'a str, kind: Kind },
    Series(Series),
    End,
}

/// Reads a line, without its line feed.
pub(crate) fn read(line: &str, format: Format) -> Result<Line<'_>, String> {
    if format == Format::OpenMetrics && line == "# EOF" {
        return Ok(Line::End);
    }
    if let Some(rest) = line.strip_prefix("# HELP ") {
        let (name, help) = rest.split_once(' ').ok_or("a HELP without a text")?;
        let escapes = match format {
            Format::Classic => "\\n",
            Format::OpenMetrics => "\\n\"",
        };
        let (help, rest) = unescaped(help, escapes, format == Format::OpenMetrics)?;
        if !rest.is_empty() {
            return Err("a quote in HELP".into());
        }
        return Ok(Line::Help {
            name: metric_name(name)?,
            help,
        });
    }
    if let Some(rest) = line.strip_prefix("# TYPE ") {
        let (name, kind) = rest.split_once(' ').ok_or("a TYPE without a kind")?;
        let kind = match kind {
            "gauge" => Kind::Gauge,
            "counter" => Kind::Counter,
            "histogram" => Kind::Histogram,
            _ => return Err(format!("{kind:?} is no kind")),
        };
        return Ok(Line::Type {
            name: metric_name(name)?,
            kind,
        });
    }
    series(line).map(Line::Series)
}

fn series(line: &str) -> Result<Series, String> {
    let end = line.find(['{', ' ']).ok_or("a name alone")?;
    let (name, mut rest) = line.split_at(end);
    let mut labels: Vec<(String, String)> = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, value) = rest.split_once("=\"").ok_or("labels that do not end")?;
            if !is_name(label, "_") {
                return Err(format!("{label:?} is no label"));
            }
            if labels.iter().any(|(known, _)| known == label) {
                return Err(format!("a second label {label}"));
            }
            let (value, behind) = unescaped(value, "\\n\"", true)?;
            labels.push((label.to_owned(), value));
            let behind = behind
                .strip_prefix('"')
                .ok_or("a label that does not end")?;
            if let Some(next) = behind.strip_prefix(',') {
                rest = next;
                continue;
            }
            rest = behind
                .strip_prefix('}')
                .ok_or("neither comma nor brace behind a label")?;
            break;
        }
    }
    let value = rest.strip_prefix(' ').ok_or("no value")?;
    let value = number(value).ok_or_else(|| format!("{value:?} is no number"))?;
    Ok(Series {
        name: metric_name(name)?.to_owned(),
        labels,
        value,
    })
}

/// Undoes the escapes in `text`, of which the characters in `escapes` may stand behind a backslash,
/// and gives what stands from the first bare quote on, if a quote ends it.
fn unescaped<'a>(
    text: &'a str,
    escapes: &str,
    ends_at_quote: bool,
) -> Result<(String, &'a str), String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if ends_at_quote => return Ok((plain, &text[at..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => plain.push('\n'),
                Some((_, c)) if escapes.contains(c) => plain.push(c),
                _ => return Err("an escape that there is not".into()),
            },
            c => plain.push(c),
        }
    }
    Ok((plain, ""))
}

/// Reads a value: a decimal number, `NaN`, `+Inf` or `-Inf`.
pub(crate) fn number(text: &str) -> Option<f64> {
    match text {
        "NaN" => return Some(f64::NAN),
        "+Inf" => return Some(f64::INFINITY),
        "-Inf" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    // Rust reads words too, such as `inf`; all of them begin with another letter than `e`.
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    plain.then(|| text.parse().ok())?
}

fn metric_name(name: &str) -> Result<&str, String> {
    if is_name(name, "_:") {
        Ok(name)
    } else {
        Err(format!("{name:?} is no name"))
    }
}

fn is_name(name: &str, others: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(fits)
}
