//! The soak: the exporter as it is released, for days of a compressed clock, against a simulated
//! Heroku in which nothing stays well for long, scraped all the while. Every scrape is judged:
//! whether it is a sound text, whether a sample that was there is lost, and whether each figure is
//! one that Heroku gave. `make soak` runs it.
//!
//! The parts: [`account`] makes up what Heroku bills, and what has to be shown of it; [`ledger`]
//! keeps that, and judges; [`weather`] scripts faults and changes; [`scraper`] scrapes; [`exporter`]
//! is the process under test; [`report`] says how it went.

mod account;
mod clock;
mod exporter;
mod ledger;
mod report;
mod scraper;
mod shown;
mod weather;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use heroku_sim::{Endpoint, Fault, Simulator, Times};

use account::Account;
use clock::Clock;
use exporter::{Exporter, Usage};
use ledger::Ledger;
use report::{Machine, Report};
use scraper::{Scrapes, Scraping};

/// Runs the exporter at a compressed clock against a simulated Heroku full of faults, and judges
/// every scrape.
#[derive(Parser, Debug, Clone)]
struct Flags {
    /// The exporter to run.
    #[arg(long, value_name = "PATH")]
    exporter: PathBuf,
    /// How many scrapes to make at least.
    #[arg(long, default_value_t = 1_000_000)]
    scrapes: u64,
    /// How many polls to see at least.
    #[arg(long, default_value_t = 10_000)]
    polls: u64,
    /// How many seconds pass for the exporter in one. More than 1 takes the library of `faketime`.
    #[arg(long, default_value_t = 300)]
    speed: u32,
    /// Makes the company, the faults and their order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many connections scrape at once.
    #[arg(long, default_value_t = 4)]
    connections: u64,
    /// A document between whose markers to put the result.
    #[arg(long, value_name = "PATH")]
    document: Option<PathBuf>,
}

/// When the soak gives up: the exporter does not come up, or does not go on.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the process under test is measured.
const MEASURED_EVERY: Duration = Duration::from_millis(100);

fn main() -> anyhow::Result<ExitCode> {
    let flags = Flags::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // The exporter and the scrapers want the processors too.
        .worker_threads(1)
        .enable_all()
        .build()?;
    let report = runtime.block_on(run(&flags))?;
    std::io::stdout().write_all(report.text().as_bytes())?;
    if let Some(document) = &flags.document {
        report.put_into(document)?;
    }
    Ok(if report.failures().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let directory = tempfile::tempdir()?;
    let clock = Clock::start(flags.speed);
    let ledger = Arc::new(Ledger::default());
    let mut account = Account::new(flags.seed, clock.today());
    account.note_all(&ledger);
    let heroku = Simulator::builder(account.company(), clock.today())
        // The simulator's clock is not compressed, and would not refill fast enough.
        .rate_limit(u32::MAX)
        .start()
        .await?;
    for team in account.teams().iter().filter(|team| team.asked_by_name) {
        heroku.inject_fault_for(&team.id, Endpoint::Team, Fault::Status(503), Times::Once);
    }

    let started = Instant::now();
    let address = free_address()?;
    let teams = account.asked();
    let start = || Exporter::start(flags, clock, &heroku, &teams, address, directory.path());
    let exporter = start()?;
    let scraping = Arc::new(Scraping::new(address, Arc::clone(&ledger), clock));
    wait_until(&scraping, &exporter, account.blocks()).await?;

    let stop = Arc::new(AtomicBool::new(false));
    let scrapers: Vec<_> = (0..flags.connections)
        .map(|connection| {
            let (scraping, stop) = (Arc::clone(&scraping), Arc::clone(&stop));
            let seed = flags.seed.wrapping_mul(1_000).wrapping_add(connection);
            std::thread::spawn(move || scraping.scrape_until(&stop, seed))
        })
        .collect();
    let mut weather = weather::Weather::new(flags.seed, clock);
    let mut measured = Vec::new();
    let mut last = (Instant::now(), 0);
    loop {
        tokio::time::sleep(weather::TICK).await;
        weather.turn(&heroku, &mut account, &ledger);
        let (scrapes, polls) = (scraping.count(), ledger.polls());
        let progress =
            (scrapes as f64 / flags.scrapes as f64).min(polls as f64 / flags.polls as f64);
        if measured
            .last()
            .is_none_or(|(_, at, _): &(f64, Instant, Usage)| at.elapsed() >= MEASURED_EVERY)
        {
            measured.push((progress, Instant::now(), exporter.usage()?));
        }
        if progress >= 1.0 {
            break;
        }
        if polls > last.1 {
            last = (Instant::now(), polls);
        }
        ensure!(last.0.elapsed() < PATIENCE, "the exporter polls no more");
    }
    stop.store(true, Ordering::Relaxed);
    let mut scrapes = Scrapes::default();
    for scraper in scrapers {
        let one = scraper.join();
        scrapes.add(one.map_err(|_| anyhow::anyhow!("a scraper panicked"))?);
    }
    let took = started.elapsed();

    // The end of an outage is the best time for a restart, and the beginning of one the worst.
    heroku.clear_faults();
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    let stopped_in = exporter.stop()?;
    let exporter = start()?;
    let after_restart = scraping.after_restart().await?;
    exporter.stop()?;
    let build = ledger.rustc();
    heroku.shutdown().await;
    Ok(Report {
        flags: flags.clone(),
        took,
        clock_from: clock.start_of_clock(),
        clock_to: clock.now(),
        polls: ledger.polls(),
        failed_polls: ledger.failed_polls(),
        struck: weather.struck(),
        changes: weather.changes(),
        scrapes,
        measured: measured
            .into_iter()
            .map(|(at, _, usage)| (at, usage))
            .collect(),
        stopped_in,
        after_restart,
        machine: Machine::read(build),
    })
}

/// An address that nobody listens at. Somebody else could take it before the exporter does, which
/// then says so and ends.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// Waits until every figure was shown once: only what was shown can be lost.
async fn wait_until(scraping: &Scraping, exporter: &Exporter, blocks: usize) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        exporter.usage()?;
        let known = scraping.blocks_after_one_scrape().unwrap_or(0);
        if known >= blocks {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            return Err(anyhow::anyhow!("{known} of {blocks} figures were shown"))
                .context("the exporter did not come up");
        }
    }
}
