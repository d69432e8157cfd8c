//! The bench: how fast the exporter is and how little it takes, as it is released, beside what
//! everyone knows, and whether it reaches its aims. `make bench` runs it; `make instructions` counts.
//!
//! The parts: [`scrapes`], [`poll`], [`memory`], [`start`], [`growth`] and [`requests`] measure;
//! [`exporter`], [`nginx`] and [`wrk`] are the programs that are run, [`pipeline`] is a poll without
//! the network and [`rivals`] what it is held against; [`table`], [`chart`] and [`document`] say how
//! it went; [`instructions`] counts.

mod chart;
mod document;
mod exporter;
mod growth;
mod http;
mod instructions;
mod machine;
mod memory;
mod nginx;
mod pipeline;
mod poll;
mod requests;
mod rivals;
mod scrapes;
mod spent;
mod start;
mod statistics;
mod table;
mod wrk;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::{Parser, Subcommand, ValueEnum};
use heroku_cost_exporter::build;

use poll::Poll;
use table::Row;

/// As the exporter has it, and so what it is held against.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Measures the exporter, and says whether it reaches its aims.
#[derive(Parser, Debug)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Measures everything, or some parts.
    Run(Flags),
    /// Counts the instructions of a poll, twice.
    Instructions {
        /// A document between whose markers to put the counts.
        #[arg(long, value_name = "PATH")]
        document: Option<PathBuf>,
    },
    /// Does the work that is counted.
    #[command(hide = true)]
    Work(instructions::Work),
}

#[derive(clap::Args, Debug, Clone)]
struct Flags {
    /// The exporter to run.
    #[arg(long, value_name = "PATH")]
    exporter: PathBuf,
    /// How many times the exporter and nginx are measured by turns.
    #[arg(long, default_value_t = 7)]
    pairs: u32,
    /// How many seconds each of them is asked.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// How many rounds a poll is measured.
    #[arg(long, default_value_t = 31)]
    rounds: usize,
    /// What to measure, in place of everything.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// A document between whose markers to put the result; the picture goes beside it.
    #[arg(long, value_name = "PATH", conflicts_with = "only")]
    document: Option<PathBuf>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Scrapes,
    Poll,
    Memory,
    Start,
    Growth,
    Requests,
}

/// Apps of a small company and of a large one.
const SMALL: u32 = 50;
const LARGE: u32 = 10_000;

fn main() -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    match Arguments::parse().command {
        Command::Run(flags) => {
            ensure!(
                flags.pairs > 0 && flags.rounds > 0,
                "nothing is to be measured"
            );
            return run(&flags, &mut out);
        }
        Command::Instructions { document } => {
            let text = instructions::report(document.as_deref(), build::RUSTC)?;
            out.write_all(text.as_bytes())?;
        }
        Command::Work(work) => instructions::work(work)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn run(flags: &Flags, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // The exporter and whoever asks it want the processors too.
        .worker_threads(1)
        .enable_all()
        .build()?;
    let wants = |part| flags.only.is_empty() || flags.only.contains(&part);
    let mut rows: Vec<Row> = Vec::new();
    if wants(Part::Scrapes) {
        for apps in [SMALL, LARGE] {
            rows.extend(scrapes::measure(flags, &runtime, apps)?);
        }
    }
    if wants(Part::Poll) {
        rows.extend(Poll::measure((2, LARGE), flags.rounds)?.rows(LARGE));
    }
    if wants(Part::Memory) {
        rows.push(memory::peak(flags, &runtime, LARGE)?);
        rows.push(memory::of_a_day(flags, &runtime, SMALL)?);
    }
    if wants(Part::Start) {
        rows.push(start::first_answer(flags, &runtime)?);
        rows.push(start::size(flags)?);
    }
    let points = if wants(Part::Growth) {
        growth::measure(flags, &runtime)?
    } else {
        Vec::new()
    };
    if wants(Part::Growth) {
        rows.push(growth::row(&points));
    }
    if wants(Part::Requests) {
        rows.push(requests::count(flags, &runtime, 20)?);
        rows.push(requests::unchanged(flags, &runtime, LARGE)?);
    }
    let result = format!("{}\n{}", table::markdown(&rows), machine::facts()?);
    let growth = growth::markdown(&points);
    writeln!(out, "{result}")?;
    if !points.is_empty() {
        writeln!(out, "{growth}")?;
    }
    if let Some(document) = &flags.document {
        document::put(document, "bench", &result)?;
        document::put(document, "growth", &growth)?;
        std::fs::write(document.with_file_name("growth.svg"), chart::svg(&points))?;
    }
    // An aim that is missed is a result, and no failure of the bench.
    let missed = rows.iter().filter(|row| row.holds == Some(false)).count();
    match missed {
        0 => writeln!(out, "all aims are reached")?,
        missed => writeln!(out, "{missed} aims are missed")?,
    }
    Ok(ExitCode::SUCCESS)
}
