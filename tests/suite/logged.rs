//! What the program says in its log.

use crate::exporter::{Exporter, until};

/// The lines so far that hold all of these words.
pub(crate) fn lines(exporter: &Exporter, words: &[&str]) -> Vec<String> {
    let log = exporter.log();
    let lines = log
        .lines()
        .filter(|line| words.iter().all(|word| line.contains(word)));
    lines.map(str::to_owned).collect()
}

/// Waits for a line that holds all of these words.
pub(crate) async fn says(exporter: &Exporter, words: &[&str]) {
    let what = format!("a log line with {words:?}");
    until(&what, || (!lines(exporter, words).is_empty()).then_some(())).await;
}
