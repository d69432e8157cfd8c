//! The report of the results, for a terminal and for `docs/RELIABILITY.md`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use crate::args::Args;
use crate::exporter::ProcessStats;
use crate::scraper::ScrapeStats;

/// The points of the run for which memory and file descriptors are reported.
const POINTS: [f64; 3] = [0.1, 0.5, 1.0];

/// The part of the run before a point whose measurements are used for that point.
const WINDOW: f64 = 0.25;

/// The maximum growth of memory from the first to the last point: a ratio plus a number of KiB.
const MAX_RESIDENT_GROWTH: f64 = 0.10;
const MAX_RESIDENT_GROWTH_KIB: f64 = 2048.0;

/// The maximum growth of the number of open file descriptors from the first to the last point.
const MAX_FD_GROWTH: u64 = 4;

const BEGIN: &str = "<!-- soak:begin -->";
const END: &str = "<!-- soak:end -->";

/// The results of a soak test.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) args: Args,
    pub(crate) duration: Duration,
    pub(crate) clock_start: Timestamp,
    pub(crate) clock_end: Timestamp,
    pub(crate) polls: u64,
    pub(crate) failed_polls: BTreeMap<String, u64>,
    pub(crate) triggered_faults: Vec<(&'static str, u64)>,
    pub(crate) data_changes: u64,
    pub(crate) scrapes: ScrapeStats,
    /// The progress of the run, from 0 to 1, and the resource usage of the process.
    pub(crate) measurements: Vec<(f64, ProcessStats)>,
    pub(crate) shutdown_duration: Duration,
    /// The number of samples lost by a restart during an outage of Heroku.
    pub(crate) lost_after_restart: u64,
    pub(crate) machine: Machine,
}

/// The machine that ran the test.
#[derive(Debug)]
pub(crate) struct Machine {
    cores: usize,
    memory_gib: f64,
    kernel: String,
    rustc: String,
}

impl Machine {
    pub(crate) fn detect(rustc: String) -> Self {
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total = meminfo.lines().find_map(|line| {
            let kib: f64 = line
                .strip_prefix("MemTotal:")?
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()?;
            Some(kib / f64::from(1 << 20))
        });
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(0, Into::into),
            memory_gib: total.unwrap_or_default(),
            // Omits the suffix of the distribution.
            kernel: kernel
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .collect(),
            rustc,
        }
    }
}

impl Report {
    /// Returns the resource usage at the [`POINTS`]: the minimum of memory, because a huge response
    /// increases memory temporarily, and the median of file descriptors.
    fn points(&self) -> [ProcessStats; 3] {
        POINTS.map(|point| {
            let from = point * (1.0 - WINDOW);
            let is_in_window =
                |(progress, _): &&(f64, ProcessStats)| (from..=point + 0.01).contains(progress);
            let window = || self.measurements.iter().filter(is_in_window);
            let median = |field: fn(&ProcessStats) -> u64| {
                let mut values: Vec<_> = window().map(|(_, stats)| field(stats)).collect();
                values.sort_unstable();
                values.get(values.len() / 2).copied().unwrap_or_default()
            };
            ProcessStats {
                resident_kib: window()
                    .map(|(_, stats)| stats.resident_kib)
                    .min()
                    .unwrap_or_default(),
                open_fds: median(|stats| stats.open_fds),
            }
        })
    }

    /// Returns descriptions of the requirements that are not met.
    pub(crate) fn failures(&self) -> Vec<String> {
        let [first, _, last] = self.points();
        let mut failures = Vec::new();
        let mut require = |is_met: bool, failure: &str| {
            if !is_met {
                failures.push(failure.to_owned());
            }
        };
        require(self.scrapes.failed == 0, "failed scrapes");
        require(self.scrapes.lost == 0, "lost samples");
        require(self.scrapes.wrong == 0, "wrong samples");
        require(self.lost_after_restart == 0, "samples lost by the restart");
        let limit =
            first.resident_kib as f64 * (1.0 + MAX_RESIDENT_GROWTH) + MAX_RESIDENT_GROWTH_KIB;
        require(last.resident_kib as f64 <= limit, "memory growth");
        require(
            last.open_fds <= first.open_fds + MAX_FD_GROWTH,
            "file descriptor growth",
        );
        failures
    }

    /// Returns a percentile of the scrape duration in milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.scrapes.microseconds.clone();
        sorted.sort_unstable();
        let index = sorted.len() * percent / 100;
        sorted
            .get(index)
            .copied()
            .map_or(0.0, |us| f64::from(us) / 1000.0)
    }

    /// Formats the report for a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = self.markdown().replace(['`', '*'], "");
        for example in &self.scrapes.examples {
            let _ = writeln!(text, "example: {example}");
        }
        let failures = self.failures();
        let _ = match failures.as_slice() {
            [] => writeln!(text, "passed"),
            failures => writeln!(text, "FAILED: {}", failures.join(", ")),
        };
        text
    }

    /// Formats the report as a Markdown table.
    pub(crate) fn markdown(&self) -> String {
        let [first, middle, last] = self.points();
        let Self {
            args,
            machine,
            scrapes,
            ..
        } = self;
        let mib = |stats: ProcessStats| format!("{:.1} MiB", stats.resident_kib as f64 / 1024.0);
        let days = self
            .clock_end
            .duration_since(self.clock_start)
            .as_secs_f64()
            / 86_400.0;
        let list = |counts: &mut dyn Iterator<Item = (String, u64)>| {
            let all: Vec<_> = counts
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            all.join(", ")
        };
        let faults: u64 = self.triggered_faults.iter().map(|(_, count)| count).sum();
        let kinds = list(
            &mut self
                .triggered_faults
                .iter()
                .map(|(kind, count)| ((*kind).to_owned(), *count)),
        );
        let failed: u64 = self.failed_polls.values().sum();
        let reasons = list(
            &mut self
                .failed_polls
                .iter()
                .map(|(reason, count)| (format!("`{reason}`"), *count)),
        );
        let at_points = |format_stats: &dyn Fn(ProcessStats) -> String| {
            format!(
                "{} at 10 %, {} at 50 %, {} at 100 % of the run",
                format_stats(first),
                format_stats(middle),
                format_stats(last)
            )
        };
        let rows = [
            (
                "machine",
                format!(
                    "{} cores, {:.1} GiB of memory, Linux {}; exporter built with rustc {}",
                    machine.cores, machine.memory_gib, machine.kernel, machine.rustc
                ),
            ),
            (
                "run",
                format!(
                    "{:.0} s, {days:.1} days by the exporter's clock, starting at {}; seed {}",
                    self.duration.as_secs_f64(),
                    self.clock_start,
                    args.seed
                ),
            ),
            (
                "polls",
                format!("{}, of which {failed} failed: {reasons}", self.polls),
            ),
            ("injected faults", format!("{faults}: {kinds}")),
            ("data changes", self.data_changes.to_string()),
            (
                "scrapes",
                format!(
                    "{} over {} connections, {} with new content",
                    scrapes.count, scrapes.connections, scrapes.parsed
                ),
            ),
            ("failed scrapes", format!("**{}**", scrapes.failed)),
            (
                "lost samples",
                format!(
                    "**{}**, and {} by a restart during an outage of Heroku",
                    scrapes.lost, self.lost_after_restart
                ),
            ),
            ("wrong samples", format!("**{}**", scrapes.wrong)),
            ("minimum resident memory", at_points(&mib)),
            (
                "open file descriptors",
                at_points(&|stats| stats.open_fds.to_string()),
            ),
            (
                "scrape duration",
                format!(
                    "median {:.2} ms, 99th percentile {:.2} ms, on cores shared with the test",
                    self.percentile(50),
                    self.percentile(99)
                ),
            ),
            (
                "shutdown on SIGTERM",
                format!("{} ms, exit status 0", self.shutdown_duration.as_millis()),
            ),
        ];
        let mut text = "measurement | result\n---|---\n".to_owned();
        for (name, value) in rows {
            let _ = writeln!(text, "{name} | {value}");
        }
        text
    }

    /// Replaces the text between the markers of a document by the report.
    pub(crate) fn write_into(&self, document: &Path) -> anyhow::Result<()> {
        let name = document.display();
        let text =
            std::fs::read_to_string(document).with_context(|| format!("failed to read {name}"))?;
        let replaced = replace(&text, &self.markdown())
            .with_context(|| format!("{name} has no {BEGIN} followed by {END}"))?;
        std::fs::write(document, replaced).with_context(|| format!("failed to write {name}"))
    }
}

/// Replaces the text between the markers in `text`.
fn replace(text: &str, result: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{result}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn replaces_text_between_markers() {
        let text = "a\n<!-- soak:begin -->\nold\n<!-- soak:end -->\nb\n";
        let expected = "a\n<!-- soak:begin -->\nnew\n<!-- soak:end -->\nb\n";
        assert_eq!(replace(text, "new\n").as_deref(), Some(expected));
        assert_eq!(replace("no markers", "new\n"), None);
    }
}
