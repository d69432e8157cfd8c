//! Assertions about the exporter's log.

use crate::exporter::{Exporter, wait_until};

/// Returns the lines logged so far that contain all of `words`.
pub(crate) fn lines(exporter: &Exporter, words: &[&str]) -> Vec<String> {
    let log = exporter.log();
    let lines = log
        .lines()
        .filter(|line| words.iter().all(|word| line.contains(word)));
    lines.map(str::to_owned).collect()
}

/// Waits for a line that contains all of `words`.
pub(crate) async fn wait_for_line(exporter: &Exporter, words: &[&str]) {
    let what = format!("a log line with {words:?}");
    wait_until(&what, || (!lines(exporter, words).is_empty()).then_some(())).await;
}
