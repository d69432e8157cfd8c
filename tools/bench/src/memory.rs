//! Memory usage of the exporter process.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use heroku_sim::CompanySize;
use tokio::runtime::Runtime;

use crate::exporter::Exporter;
use crate::heroku::{Heroku, two_teams};
use crate::http::{ACCEPT_PROMETHEUS, Response, VARIANTS};
use crate::table::{Row, bytes, round};

/// The maximum peak memory as a multiple of the uncompressed body.
const PEAK_GOAL: f64 = 4.0;
const PEAK_POLLS: usize = 10;
const PEAK_SCRAPES: u64 = 1_000;

const RESIDENT_POLLS: usize = 24;

/// The number of months of usage that Heroku has.
const MONTHS: u8 = 13;

/// The maximum resident memory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ResidentGoal {
    /// In bytes.
    Bytes(f64),
    /// As a multiple of the uncompressed body.
    Bodies(f64),
}

/// The interval between polls: about the shortest that Heroku's rate limit allows for two teams.
const POLL_INTERVAL: &str = "4s";

/// Measures peak memory during concurrent scrapes of all variants. Each poll changes all figures.
pub(crate) fn peak(program: &Path, runtime: &Runtime, apps: u32) -> anyhow::Result<Row> {
    let heroku = Heroku::start(runtime, two_teams(apps))?;
    let exporter = Exporter::start(program, &heroku, Some(POLL_INTERVAL), None)?;
    let (stop, scrapes) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let scrapers = VARIANTS.map(|(accept, gzip)| {
            let (exporter, stop, scrapes) = (&exporter, &stop, &scrapes);
            scope.spawn(move || -> anyhow::Result<()> {
                while !stop.load(Ordering::Relaxed) {
                    exporter.scrape(accept, gzip)?;
                    scrapes.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            })
        });
        let mut result = Ok(());
        let mut polls = 1;
        while result.is_ok()
            && scrapers.iter().all(|scraper| !scraper.is_finished())
            && (polls <= PEAK_POLLS || scrapes.load(Ordering::Relaxed) < PEAK_SCRAPES)
        {
            polls += 1;
            heroku.set_version(polls as u64);
            result = heroku.wait_for_polls(polls);
        }
        stop.store(true, Ordering::Relaxed);
        for scraper in scrapers {
            scraper
                .join()
                .map_err(|_| anyhow::anyhow!("a scraper panicked"))??;
        }
        result
    })?;
    let peak = exporter.memory("VmHWM")? as f64;
    let body = scrape_figures(&exporter, apps)?.body.len() as f64;
    exporter.stop()?;
    heroku.stop();
    let ratio = round(peak / body);
    Ok(Row {
        benchmark: format!(
            "peak memory, {apps} apps, {PEAK_POLLS} polls and {PEAK_SCRAPES} scrapes over four connections"
        ),
        baseline: format!("size of the uncompressed body, {}", bytes(body)),
        goal: format!("at most {PEAK_GOAL}×"),
        result: format!("**{ratio:.2}×** ({})", bytes(peak)),
        met: ratio <= PEAK_GOAL,
    })
}

/// Measures resident memory of an exporter with a year of months, after several polls, each followed
/// by a scrape of each variant. Each poll changes all figures.
pub(crate) fn resident(
    program: &Path,
    runtime: &Runtime,
    apps: u32,
    goal: ResidentGoal,
) -> anyhow::Result<Row> {
    let size = CompanySize {
        months: MONTHS,
        ..two_teams(apps)
    };
    let heroku = Heroku::start(runtime, size)?;
    let storage = tempfile::tempdir()?;
    let exporter = Exporter::start(program, &heroku, Some(POLL_INTERVAL), Some(storage.path()))?;
    for poll in 1..=RESIDENT_POLLS {
        heroku.wait_for_polls(poll)?;
        for (accept, gzip) in VARIANTS {
            exporter.scrape(accept, gzip)?;
        }
        heroku.set_version(poll as u64 + 1);
    }
    let body = scrape_figures(&exporter, apps)?.body.len() as f64;
    let resident = exporter.memory("VmRSS")? as f64;
    exporter.stop()?;
    heroku.stop();
    let ratio = round(resident / body);
    let (baseline, goal, result, met) = match goal {
        ResidentGoal::Bytes(goal) => (
            String::new(),
            format!("at most {}", bytes(goal)),
            format!("**{}**", bytes(resident)),
            resident <= goal,
        ),
        ResidentGoal::Bodies(goal) => (
            format!("size of the uncompressed body, {}", bytes(body)),
            format!("at most {goal}×"),
            format!("**{ratio:.2}×** ({})", bytes(resident)),
            ratio <= goal,
        ),
    };
    Ok(Row {
        benchmark: format!(
            "resident memory, {apps} apps with {MONTHS} months, after {RESIDENT_POLLS} polls"
        ),
        baseline,
        goal,
        result,
        met,
    })
}

/// Scrapes the exporter, and checks that it has figures of all apps. Without them, because a poll
/// failed, it would use less memory.
fn scrape_figures(exporter: &Exporter, apps: u32) -> anyhow::Result<Response> {
    let response = exporter.scrape(ACCEPT_PROMETHEUS, false)?;
    let series = response.text()?.lines().count();
    ensure!(
        series > apps as usize,
        "the exporter lacks figures because polls failed; the machine may be overloaded"
    );
    Ok(response)
}
