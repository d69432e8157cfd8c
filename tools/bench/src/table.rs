//! The table of results.

use std::fmt::Write;

/// A row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) work: String,
    /// What it is compared with.
    pub(crate) against: String,
    pub(crate) goal: String,
    pub(crate) measured: String,
    /// Whether the goal is met.
    pub(crate) met: bool,
}

/// Formats rows as a Markdown table.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = "| work | against | goal | measured | met |\n|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let Row {
            work,
            against,
            goal,
            measured,
            ..
        } = row;
        let met = if row.met { "yes" } else { "**no**" };
        let _ = writeln!(text, "| {work} | {against} | {goal} | {measured} | {met} |");
    }
    text
}

/// Rounds to two decimals. Goals are compared with the number in the table.
pub(crate) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Formats a number of bytes in KiB or MiB.
pub(crate) fn bytes(count: f64) -> String {
    const KIB: f64 = 1024.0;
    if count < KIB * KIB {
        format!("{:.1} KiB", count / KIB)
    } else {
        format!("{:.1} MiB", count / KIB / KIB)
    }
}
