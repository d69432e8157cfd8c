//! What was measured, beside what it is held against.

use std::fmt::Write;

/// One row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) work: String,
    /// Against what.
    pub(crate) against: String,
    pub(crate) aim: String,
    pub(crate) measured: String,
    /// Whether the aim is reached; `None` where there is none.
    pub(crate) holds: Option<bool>,
}

/// The table in Markdown.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text =
        "| work | against | aim | measured | holds |\n|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let holds = match row.holds {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let Row {
            work,
            against,
            aim,
            measured,
            ..
        } = row;
        let _ = writeln!(
            text,
            "| {work} | {against} | {aim} | {measured} | {holds} |"
        );
    }
    text
}

/// A number as it is shown: an aim is held against what stands in the table.
pub(crate) fn shown(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Bytes for a person.
pub(crate) fn bytes(count: f64) -> String {
    const KIB: f64 = 1024.0;
    if count < KIB * KIB {
        format!("{:.1} KiB", count / KIB)
    } else {
        format!("{:.1} MiB", count / KIB / KIB)
    }
}
