//! The memory of the exporter's process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::Flags;
use crate::exporter::{Clock, Exporter, Heroku};
use crate::http::{FORMS, PROMETHEUS};
use crate::table::{Row, bytes, shown};

/// The most memory at 10,000 apps, in bodies.
const BODIES: f64 = 3.0;
const POLLS: usize = 10;
const SCRAPES: u64 = 1_000;

/// The most memory of a small company after a day, in bytes.
const SMALL: f64 = (10 << 20) as f64;
const POLLS_OF_A_DAY: usize = 24;

/// How many seconds pass in one, for a large company and for a small one: a timeout of the
/// exporter's must not become shorter than an answer takes.
const SPEEDS: [u32; 2] = [30, 60];

/// The most that was ever taken, over ten polls of which each brings other figures, and a thousand
/// scrapes, four at once and each of another form.
pub(crate) fn peak(
    flags: &Flags,
    runtime: &tokio::runtime::Runtime,
    apps: u32,
) -> anyhow::Result<Row> {
    let heroku = Heroku::start(runtime, (2, apps), Clock::Fast(SPEEDS[0]))?;
    let exporter = Exporter::ready(&flags.exporter, &heroku)?;
    let (stop, scrapes) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let scrapers: Vec<_> = FORMS
            .map(|(accept, gzip)| {
                let (exporter, stop, scrapes) = (&exporter, &stop, &scrapes);
                scope.spawn(move || -> anyhow::Result<()> {
                    while !stop.load(Ordering::Relaxed) {
                        exporter.scrape(accept, gzip)?;
                        scrapes.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    Ok(())
                })
            })
            .into();
        let mut polled = Ok(());
        let mut poll = 1;
        while polled.is_ok()
            && scrapers.iter().all(|scraper| !scraper.is_finished())
            && (poll <= POLLS || scrapes.load(Ordering::Relaxed) < SCRAPES)
        {
            heroku.change(poll as u64 + 1);
            poll += 1;
            polled = heroku.wait_for_answers(poll * 4);
        }
        stop.store(true, Ordering::Relaxed);
        for scraper in scrapers {
            scraper
                .join()
                .map_err(|_| anyhow::anyhow!("a scraper panicked"))??;
        }
        polled
    })?;
    let (peak, after) = (exporter.memory("VmHWM")?, exporter.memory("VmRSS")?);
    let body = exporter.scrape(PROMETHEUS, false)?.body.len();
    exporter.stop()?;
    heroku.stop();
    let ratio = shown(peak as f64 / body as f64);
    Ok(Row {
        work: format!(
            "peak memory, {apps} apps, over ten polls and a thousand scrapes, four at once"
        ),
        against: format!("the plain body, {}", bytes(body as f64)),
        aim: format!("{BODIES:.0} times or less"),
        measured: format!(
            "**{ratio:.2}** times: {}; resident at the end: {}",
            bytes(peak as f64),
            bytes(after as f64)
        ),
        holds: Some(ratio <= BODIES),
    })
}

/// What a small company takes after as many polls as a day has, scraped after each in every form.
pub(crate) fn of_a_day(
    flags: &Flags,
    runtime: &tokio::runtime::Runtime,
    apps: u32,
) -> anyhow::Result<Row> {
    let its_own = its_own_files(flags, runtime, apps)?;
    let heroku = Heroku::start(runtime, (2, apps), Clock::Fast(SPEEDS[1]))?;
    let exporter = Exporter::ready(&flags.exporter, &heroku)?;
    for poll in 1..=POLLS_OF_A_DAY {
        heroku.wait_for_answers(poll * 4)?;
        for (accept, gzip) in FORMS {
            exporter.scrape(accept, gzip)?;
        }
        heroku.change(poll as u64 + 1);
    }
    let with_clock = exporter.memory("VmRSS")?;
    let files = exporter.resident_files()?.into_iter();
    let of_clock: u64 = files
        .filter_map(|(file, resident)| (!its_own.contains_key(&file)).then_some(resident))
        .sum();
    let resident = with_clock.saturating_sub(of_clock);
    exporter.stop()?;
    heroku.stop();
    Ok(Row {
        work: format!("resident memory, {apps} apps, after {POLLS_OF_A_DAY} polls"),
        against: String::new(),
        aim: bytes(SMALL) + " or less",
        measured: format!(
            "**{}**; with what makes the clock fast {}",
            bytes(resident as f64),
            bytes(with_clock as f64)
        ),
        holds: Some(resident as f64 <= SMALL),
    })
}

/// The files that are mapped without what makes the clock fast.
fn its_own_files(
    flags: &Flags,
    runtime: &tokio::runtime::Runtime,
    apps: u32,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let heroku = Heroku::start(runtime, (2, apps), Clock::Real)?;
    let exporter = Exporter::ready(&flags.exporter, &heroku)?;
    let files = exporter.resident_files()?;
    exporter.stop()?;
    heroku.stop();
    Ok(files)
}
