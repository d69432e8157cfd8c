//! How it went: for a terminal, and for `docs/RELIABILITY.md`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use crate::Flags;
use crate::exporter::Usage;
use crate::scraper::Scrapes;

/// The points of the run at which memory and descriptors are told.
const POINTS: [f64; 3] = [0.1, 0.5, 1.0];

/// The part of the run up to a point whose measurements count for it: its last quarter.
const WINDOW: f64 = 0.25;

/// Memory is flat if at the end it is at most so much above what it was at the first point: a
/// part of it, and an allocator's whim.
const RESIDENT_PART: f64 = 0.10;
const RESIDENT_KIB: f64 = 2048.0;

/// Descriptors are flat if at the end there are at most so many more.
const DESCRIPTORS: u64 = 4;

const BEGIN: &str = "<!-- soak:begin -->";
const END: &str = "<!-- soak:end -->";

/// How it went.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) flags: Flags,
    pub(crate) took: Duration,
    pub(crate) clock_from: Timestamp,
    pub(crate) clock_to: Timestamp,
    pub(crate) polls: u64,
    pub(crate) failed_polls: BTreeMap<String, u64>,
    pub(crate) struck: Vec<(&'static str, u64)>,
    pub(crate) changes: u64,
    pub(crate) scrapes: Scrapes,
    /// What the process took, and at which part of the run.
    pub(crate) measured: Vec<(f64, Usage)>,
    pub(crate) stopped_in: Duration,
    /// Samples that were lost over a restart during an outage.
    pub(crate) after_restart: u64,
    pub(crate) machine: Machine,
}

/// The machine that it ran on.
#[derive(Debug)]
pub(crate) struct Machine {
    cores: usize,
    memory_gib: f64,
    kernel: String,
    rustc: String,
}

impl Machine {
    pub(crate) fn read(rustc: String) -> Self {
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
            // The version, without what a distribution adds to it.
            kernel: kernel
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .collect(),
            rustc,
        }
    }
}

impl Report {
    /// What it took at the [`POINTS`]: the least memory, because what an answer that never ends takes,
    /// and what the allocator keeps of it for a while, says nothing of growth; and the median of
    /// descriptors.
    fn points(&self) -> [Usage; 3] {
        POINTS.map(|point| {
            let from = point * (1.0 - WINDOW);
            let around = |(at, _): &&(f64, Usage)| (from..=point + 0.01).contains(at);
            let window = || self.measured.iter().filter(around);
            let median = |of: fn(&Usage) -> u64| {
                let mut values: Vec<_> = window().map(|(_, usage)| of(usage)).collect();
                values.sort_unstable();
                values.get(values.len() / 2).copied().unwrap_or_default()
            };
            Usage {
                resident_kib: window()
                    .map(|(_, usage)| usage.resident_kib)
                    .min()
                    .unwrap_or_default(),
                descriptors: median(|usage| usage.descriptors),
            }
        })
    }

    /// What is not as it has to be.
    pub(crate) fn failures(&self) -> Vec<String> {
        let [first, _, last] = self.points();
        let mut failures = Vec::new();
        let mut must = |holds: bool, failure: &str| {
            if !holds {
                failures.push(failure.to_owned());
            }
        };
        must(self.scrapes.failed == 0, "scrapes failed");
        must(self.scrapes.lost == 0, "samples were lost");
        must(self.scrapes.wrong == 0, "samples were wrong");
        must(self.after_restart == 0, "samples were lost over a restart");
        let most = first.resident_kib as f64 * (1.0 + RESIDENT_PART) + RESIDENT_KIB;
        must(last.resident_kib as f64 <= most, "memory is not flat");
        must(
            last.descriptors <= first.descriptors + DESCRIPTORS,
            "descriptors are not flat",
        );
        failures
    }

    /// The time within which so many of a hundred scrapes were answered.
    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.scrapes.microseconds.clone();
        sorted.sort_unstable();
        let at = sorted.len() * percent / 100;
        sorted
            .get(at)
            .copied()
            .map_or(0.0, |us| f64::from(us) / 1000.0)
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = self.markdown().replace(['`', '*'], "");
        for example in &self.scrapes.examples {
            let _ = writeln!(text, "example: {example}");
        }
        let failures = self.failures();
        let _ = match failures.as_slice() {
            [] => writeln!(text, "all is well"),
            failures => writeln!(text, "FAILED: {}", failures.join(", ")),
        };
        text
    }

    /// For the document.
    pub(crate) fn markdown(&self) -> String {
        let [first, middle, last] = self.points();
        let Self {
            flags,
            machine,
            scrapes,
            ..
        } = self;
        let mib = |usage: Usage| format!("{:.1} MiB", usage.resident_kib as f64 / 1024.0);
        let days = self.clock_to.duration_since(self.clock_from).as_secs_f64() / 86_400.0;
        let list = |counts: &mut dyn Iterator<Item = (String, u64)>| {
            let all: Vec<_> = counts
                .map(|(what, count)| format!("{what} {count}"))
                .collect();
            all.join(", ")
        };
        let struck: u64 = self.struck.iter().map(|(_, count)| count).sum();
        let kinds = list(
            &mut self
                .struck
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
        let at_points = |of: &dyn Fn(Usage) -> String| {
            format!(
                "{} at 10 %, {} at 50 %, {} at 100 % of the run",
                of(first),
                of(middle),
                of(last)
            )
        };
        let rows = [
            (
                "machine",
                format!(
                    "{} cores, {:.1} GiB of memory, Linux {}; the exporter built by rustc {}",
                    machine.cores, machine.memory_gib, machine.kernel, machine.rustc
                ),
            ),
            (
                "run",
                format!(
                    "{:.0} s, which were {days:.1} days for the exporter, from {} on; seed {}",
                    self.took.as_secs_f64(),
                    self.clock_from,
                    flags.seed
                ),
            ),
            (
                "polls",
                format!("{}, of which {failed} failed: {reasons}", self.polls),
            ),
            ("faults that struck", format!("{struck}: {kinds}")),
            ("changes of the figures", self.changes.to_string()),
            (
                "scrapes",
                format!(
                    "{}, over {} connections; {} texts that were not known yet",
                    scrapes.count, scrapes.connections, scrapes.read_whole
                ),
            ),
            ("failed scrapes", format!("**{}**", scrapes.failed)),
            (
                "lost samples",
                format!(
                    "**{}**, and {} over a restart during an outage",
                    scrapes.lost, self.after_restart
                ),
            ),
            ("wrong samples", format!("**{}**", scrapes.wrong)),
            ("least resident memory", at_points(&mib)),
            (
                "open descriptors",
                at_points(&|usage| usage.descriptors.to_string()),
            ),
            (
                "time of a scrape",
                format!(
                    "{:.2} ms for half, {:.2} ms for 99 of 100, on processors that the soak itself keeps busy",
                    self.percentile(50),
                    self.percentile(99)
                ),
            ),
            (
                "end on SIGTERM",
                format!("after {} ms, with status 0", self.stopped_in.as_millis()),
            ),
        ];
        let mut text = "| | |\n|---|---|\n".to_owned();
        for (what, value) in rows {
            let _ = writeln!(text, "| {what} | {value} |");
        }
        text
    }

    /// Puts the result between the document's markers.
    pub(crate) fn put_into(&self, document: &Path) -> anyhow::Result<()> {
        let name = document.display();
        let text =
            std::fs::read_to_string(document).with_context(|| format!("{name} cannot be read"))?;
        let replaced = replace(&text, &self.markdown())
            .with_context(|| format!("{name} has no {BEGIN} with {END} behind it"))?;
        std::fs::write(document, replaced).with_context(|| format!("{name} cannot be written"))
    }
}

/// `text` with `result` between its markers.
fn replace(text: &str, result: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{result}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn a_result_takes_the_place_of_the_one_before() {
        let text = "a\n<!-- soak:begin -->\nold\n<!-- soak:end -->\nb\n";
        let expected = "a\n<!-- soak:begin -->\nnew\n<!-- soak:end -->\nb\n";
        assert_eq!(replace(text, "new\n").as_deref(), Some(expected));
        assert_eq!(replace("no markers", "new\n"), None);
    }
}
