//! Soak test: runs the exporter with an accelerated clock against a simulated Heroku that injects
//! faults and changes its data, and scrapes the exporter continuously. Every scrape must be valid
//! and complete. `make soak` runs it.
//!
//! [`billing_data`] creates the data of the simulated Heroku. [`fault_injector`] changes the data
//! and injects faults. [`scraper`] scrapes the [`exporter`], [`observation`] groups the samples of
//! a scrape, [`oracle`] checks them, and [`report`] formats the results.

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

/// The maximum time until the exporter has started, and between two polls.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// The time between two measurements of the resource usage.
const MEASUREMENT_INTERVAL: Duration = Duration::from_millis(100);

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Leaves the processors to the exporter and the scrapers.
        .worker_threads(1)
        .enable_all()
        .build()?;
    let report = runtime.block_on(run(&args))?;
    std::io::stdout().write_all(report.text().as_bytes())?;
    if let Some(document) = &args.document {
        report.write_into(document)?;
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
        // The simulator's clock is not accelerated, so request tokens would be refilled too slowly.
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

    // Restart at the beginning of an outage, when no data can be fetched.
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
        triggered_faults: injector.triggered(),
        data_changes: injector.data_changes(),
        scrapes,
        measurements,
        shutdown_duration,
        lost_after_restart,
        machine: Machine::detect(oracle.rustc()),
    })
}

/// Returns a free loopback address. If another process binds it first, the exporter fails to start.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// Waits until every block was exposed once. Before that, missing samples are not lost.
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
            "the exporter exposes only {blocks} of {expected} blocks"
        );
    }
}
