//! The table of results.

use std::fmt::Write;

/// A row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The measured quantity.
    pub(crate) benchmark: String,
    /// What the result is compared with; may be empty.
    pub(crate) baseline: String,
    /// The required result.
    pub(crate) goal: String,
    /// The measured result.
    pub(crate) result: String,
    /// Whether the result meets the goal.
    pub(crate) met: bool,
}

/// Formats rows as a Markdown table.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text =
        "| benchmark | baseline | goal | result | met |\n|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let Row {
            benchmark,
            baseline,
            goal,
            result,
            ..
        } = row;
        let met = if row.met { "yes" } else { "**no**" };
        let _ = writeln!(
            text,
            "| {benchmark} | {baseline} | {goal} | {result} | {met} |"
        );
    }
    text
}

/// Rounds to two decimals, so that the goal is compared with the number in the table.
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
