//! Measures the exporter against the goals in `docs/PERFORMANCE.md`. `make bench`, `make bench-build`
//! and `make bench-storage` run it. A missed goal is a result and not an error.
//!
//! [`scrapes`], [`poll`], [`memory`], [`storage`], [`size`] and [`build_time`] measure the rows of
//! the table. [`pipeline`] is the only module that uses the crates of the exporter. [`heroku`] runs the
//! simulator; [`exporter`], [`nginx`] and [`wrk`] run other programs.

mod args;
mod baselines;
mod build_time;
mod cpu_time;
mod document;
mod exporter;
mod heroku;
mod http;
mod machine;
mod memory;
mod nginx;
mod pipeline;
mod poll;
mod process;
mod scrapes;
mod size;
mod statistics;
mod storage;
mod table;
mod wrk;

use std::io::Write;
use std::path::Path;

use clap::Parser;

use args::{Arguments, BuildArgs, Command, Part, RunArgs, StorageArgs};
use memory::ResidentGoal;
use table::Row;

/// The number of apps of a small company.
const SMALL: u32 = 50;

/// The number of apps of a large company.
const LARGE: u32 = 10_000;

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Run(args) => run(&args),
        Command::Build(args) => build(&args),
        Command::Storage(args) => written(&args),
    }
}

/// Returns the runtime of the simulator.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        // Leaves the processors to the measured programs.
        .worker_threads(1)
        .enable_all()
        .build()
}

fn run(args: &RunArgs) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let includes = |part| args.only.is_empty() || args.only.contains(&part);
    let mut rows: Vec<Row> = Vec::new();
    if includes(Part::Scrapes) {
        rows.push(scrapes::measure(args, &runtime, SMALL, 0.7)?);
        rows.push(scrapes::measure(args, &runtime, LARGE, 1.4)?);
    }
    if includes(Part::Poll) {
        rows.push(poll::measure(LARGE, args.rounds)?);
    }
    if includes(Part::Memory) {
        rows.push(memory::peak(&args.exporter, &runtime, LARGE)?);
        let goals = [
            (SMALL, ResidentGoal::Bytes(f64::from(20 << 20))),
            (LARGE, ResidentGoal::Bodies(5.0)),
        ];
        for (apps, goal) in goals {
            rows.push(memory::resident(&args.exporter, &runtime, apps, goal)?);
        }
    }
    if includes(Part::Size) {
        rows.push(size::binary(&args.exporter)?);
        rows.push(size::product_code(Path::new("."))?);
    }
    let versions = format!("nginx {}, wrk {}, ", nginx::version()?, wrk::version()?);
    let environment = machine::describe(&versions)?;
    let result = format!("{}\n{environment}\n", table::markdown(&rows));
    report(&result, "bench", args.document.as_deref())
}

fn build(args: &BuildArgs) -> anyhow::Result<()> {
    let (row, dependencies) = build_time::measure(&args.baseline, args.rounds)?;
    let environment = machine::describe("")?;
    let table = table::markdown(&[row]);
    let result = format!("{table}\n{dependencies}\n{environment}\n");
    report(&result, "build", args.document.as_deref())
}

fn written(args: &StorageArgs) -> anyhow::Result<()> {
    let rows = storage::written(&args.exporter, &runtime()?)?;
    let environment = machine::describe("")?;
    let result = format!("{}\n{environment}\n", table::markdown(&rows));
    report(&result, "storage", args.document.as_deref())
}

/// Prints a result, and writes it into a section of the document, if there is one.
fn report(result: &str, section: &str, document: Option<&Path>) -> anyhow::Result<()> {
    std::io::stdout().write_all(result.as_bytes())?;
    match document {
        Some(document) => document::replace_section(document, section, result),
        None => Ok(()),
    }
}
