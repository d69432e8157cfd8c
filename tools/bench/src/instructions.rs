//! How many instructions a poll takes, by `valgrind --tool=callgrind`. Times differ from run to run;
//! this number does not, so that a small regression shows.
//!
//! The work is done by this very program under valgrind, in one thread, on a company that is always
//! the same. What a process takes to start and to end is in the count of every run, and is taken
//! away: a part's count is the difference between a run that does it twice and one that does it once.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;
use heroku_sim::Company;

use crate::exporter::Clock;
use crate::pipeline::{Answers, Pipeline};
use crate::rivals;

/// The company's apps, in one team.
const APPS: u32 = 1_000;

/// How often each part is done in a run.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Work {
    /// How often to decode what Heroku answers, and make it what is known.
    #[arg(long)]
    decode: u32,
    /// How often to write what is known in both dialects, plain and compressed.
    #[arg(long)]
    publish: u32,
    /// How often to compress the body alone.
    #[arg(long)]
    compress: u32,
}

const ONCE: Work = Work {
    decode: 1,
    publish: 1,
    compress: 1,
};

/// The counts of the parts of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    decode: u64,
    publish: u64,
    /// Part of what publishing takes.
    compress: u64,
}

/// Does the work, under valgrind or not.
pub(crate) fn work(work: Work) -> anyhow::Result<()> {
    let company = Company::of_size(1, APPS, 1, Clock::Fast(1).today());
    let answers = Answers::of(&company)?;
    let mut pipeline = Pipeline::default();
    for _ in 0..work.decode {
        pipeline = Pipeline::default();
        pipeline.take_in(answers.clone())?;
    }
    let mut published = pipeline.publish();
    for _ in 1..work.publish {
        published = black_box(pipeline.publish());
    }
    let body = published.body(false);
    for _ in 0..work.compress {
        black_box(rivals::compress(&body));
    }
    Ok(())
}

/// Counts the parts twice, and gives both.
pub(crate) fn count_twice() -> anyhow::Result<[Counts; 2]> {
    Ok([count()?, count()?])
}

fn count() -> anyhow::Result<Counts> {
    let once = run(ONCE)?;
    let part = |work| Ok::<_, anyhow::Error>(run(work)?.saturating_sub(once));
    Ok(Counts {
        decode: part(Work { decode: 2, ..ONCE })?,
        publish: part(Work { publish: 2, ..ONCE })?,
        compress: part(Work {
            compress: 2,
            ..ONCE
        })?,
    })
}

/// The instructions of a run in all.
fn run(work: Work) -> anyhow::Result<u64> {
    let Work {
        decode,
        publish,
        compress,
    } = work;
    let profile = tempfile::NamedTempFile::new()?;
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.path().display()))
        .arg(std::env::current_exe()?)
        .arg("work")
        .arg(format!("--decode={decode}"))
        .arg(format!("--publish={publish}"))
        .arg(format!("--compress={compress}"))
        // The environment lies on the stack, and would move it.
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .context("valgrind is missing (Debian: apt install valgrind)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {said}");
    let collected = said.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected : ")?;
        count.trim().parse().ok()
    });
    collected.with_context(|| format!("valgrind tells no count: {said}"))
}

/// The version of valgrind, as it says it.
fn version() -> anyhow::Result<String> {
    let said = Command::new("valgrind").arg("--version").output()?.stdout;
    let said = String::from_utf8(said)?;
    Ok(said.trim().trim_start_matches("valgrind-").to_owned())
}

/// The counts as they stand in the document.
pub(crate) fn markdown(counts: Counts, rustc: &str) -> anyhow::Result<String> {
    let Counts {
        decode,
        publish,
        compress,
    } = counts;
    let valgrind = version()?;
    Ok(format!(
        "| part of a poll of {APPS} apps | instructions |\n|---|---:|\n\
         | decode | {} |\n| publish: both dialects, plain and compressed | {} |\n\
         | of that, to compress once | {} |\n| **decode and publish** | **{}** |\n\n\
         rustc {rustc}, valgrind {valgrind}, {}\n",
        grouped(decode),
        grouped(publish),
        grouped(compress),
        grouped(decode + publish),
        std::env::consts::ARCH,
    ))
}

/// A number with a comma between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Counts twice, and says whether both counts are the same.
pub(crate) fn report(document: Option<&Path>, rustc: &str) -> anyhow::Result<String> {
    let [first, second] = count_twice()?;
    let text = markdown(first, rustc)?;
    ensure!(
        first == second,
        "two runs did not count the same: {first:?}, {second:?}"
    );
    if let Some(document) = document {
        crate::document::put(document, "instructions", &text)?;
    }
    Ok(format!("{text}the same in a second run\n"))
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        let numbers = [0, 999, 1_000, 12_345, 123_456, 1_234_567];
        let texts = ["0", "999", "1,000", "12,345", "123,456", "1,234,567"];
        assert_eq!(numbers.map(grouped), texts);
    }
}
