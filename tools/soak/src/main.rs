//! Soak test: runs the exporter for days of an accelerated clock against a simulated Heroku that
//! injects faults and changes data, and scrapes it all the time. Every scrape has to be valid and
//! complete. `make soak` runs it.
//!
//! [`billing_data`] creates versions of what Heroku returns, [`fault_injector`] changes them and
//! injects faults. [`scraper`] scrapes the [`exporter`], [`observation`] groups the samples of a
//! scrape, [`oracle`] checks them, and [`report`] formats the result.

mod args;
mod billing_data;
mod clock;
mod connection;
mod exporter;
mod fault_injector;
mod model;
mod observation;
mod oracle;
mod report;
mod scraper;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Parser;
use heroku_sim::{Endpoint, Fault, Simulator, Times};

use args::Args;
use billing_data::BillingData;
use clock::Clock;
use exporter::Exporter;
use fault_injector::FaultInjector;
use oracle::Oracle;
use report::{Machine, Report};
use scraper::{ScrapeStats, Scraper};

/// The time within which the exporter has to start, and after which a test without polls fails.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// The time between two measurements of the process.
const MEASUREMENT_INTERVAL: Duration = Duration::from_millis(100);

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Leave the processors to the exporter and the scrapers.
        .worker_threads(1)
        .enable_all()
        .build()?;
    let report = runtime.block_on(run(&args))?;
    std::io::stdout().write_all(report.text().as_bytes())?;
    if let Some(document) = &args.document {
        report.put_into(document)?;
    }
    Ok(if report.failures().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn run(args: &Args) -> anyhow::Result<Report> {
    let directory = tempfile::tempdir()?;
    let clock = Clock::start(args.speed);
    let oracle = Arc::new(Oracle::default());
    let mut data = BillingData::new(args.seed, clock.today());
    data.change_all(&oracle);
    let heroku = Simulator::builder(data.company(), clock.today())
        // The simulator's clock is not accelerated, so a rate limit would recover too slowly.
        .rate_limit(u32::MAX)
        .start()
        .await?;
    for team in data.teams().iter().filter(|team| team.configured_by_name) {
        heroku.inject_fault_for(&team.id, Endpoint::Team, Fault::Status(503), Times::Once);
    }

    let started = Instant::now();
    let address = free_address()?;
    let teams = data.team_id_flag();
    let start = || Exporter::start(args, clock, &heroku, &teams, address, directory.path());
    let exporter = start()?;
    let scraper = Arc::new(Scraper::new(address, Arc::clone(&oracle), clock));
    wait_for_blocks(&scraper, &exporter, data.blocks()).await?;

    let stop = Arc::new(AtomicBool::new(false));
    let scrapers: Vec<_> = (0..args.connections)
        .map(|connection| {
            let (scraper, stop) = (Arc::clone(&scraper), Arc::clone(&stop));
            let seed = args.seed.wrapping_mul(1_000).wrapping_add(connection);
            std::thread::spawn(move || scraper.scrape_until(&stop, seed))
        })
        .collect();
    let mut injector = FaultInjector::new(args.seed, clock);
    let mut measurements = vec![(0.0, exporter.stats()?)];
    let mut measured_at = Instant::now();
    let mut last_poll = (Instant::now(), 0);
    loop {
        tokio::time::sleep(fault_injector::TICK).await;
        injector.tick(&heroku, &mut data, &oracle);
        let (scrapes, polls) = (scraper.count(), oracle.polls());
        let progress = (scrapes as f64 / args.scrapes as f64).min(polls as f64 / args.polls as f64);
        if measured_at.elapsed() >= MEASUREMENT_INTERVAL {
            measured_at = Instant::now();
            measurements.push((progress, exporter.stats()?));
        }
        if progress >= 1.0 {
            break;
        }
        if polls > last_poll.1 {
            last_poll = (Instant::now(), polls);
        }
        ensure!(
            last_poll.0.elapsed() < STALL_TIMEOUT,
            "the exporter stopped polling"
        );
    }
    stop.store(true, Ordering::Relaxed);
    let mut scrapes = ScrapeStats::default();
    for scraper in scrapers {
        let stats = scraper.join();
        scrapes.add(stats.map_err(|_| anyhow::anyhow!("a scraper panicked"))?);
    }
    let duration = started.elapsed();

    // The beginning of an outage is the worst time for a restart.
    heroku.clear_faults();
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    let shutdown_duration = exporter.stop()?;
    let exporter = start()?;
    let lost_after_restart = scraper.count_lost_after_restart().await?;
    exporter.stop()?;
    heroku.shutdown().await;
    Ok(Report {
        args: args.clone(),
        duration,
        clock_start: clock.start_time(),
        clock_end: clock.now(),
        polls: oracle.polls(),
        failed_polls: oracle.failed_polls(),
        faults: injector.triggered(),
        changes: injector.changes(),
        scrapes,
        measurements,
        shutdown_duration,
        lost_after_restart,
        machine: Machine::detect(oracle.rustc()),
    })
}

/// Returns a free loopback address. Another process may take it first, and the exporter then fails to
/// start.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// Waits until every block was shown once, because only then can samples be lost.
async fn wait_for_blocks(
    scraper: &Scraper,
    exporter: &Exporter,
    expected: usize,
) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        // Fails if the process has exited.
        exporter.stats()?;
        let blocks = scraper.scrape_and_count_blocks().unwrap_or(0);
        if blocks >= expected {
            return Ok(());
        }
        ensure!(
            started.elapsed() < STALL_TIMEOUT,
            "the exporter showed only {blocks} of {expected} blocks"
        );
    }
}
