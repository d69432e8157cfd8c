//! `report`: polls Heroku once and prints the costs as a table, JSON or CSV.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::ensure;

#[cfg(feature = "demo")]
use super::demo;
use super::serve::{copy_store, poller, runtime};
use super::{logging, write_stdout};
use crate::clock::Clock;
use crate::collector::{Poller, RATE_LIMIT_REFILL};
use crate::config::{DataSource, PastRange, ReportConfig, ReportFormat};
use crate::report::terminal::Terminal;
use crate::report::{PastMonths, Report, csv, json, past_table, table};
use crate::snapshot::Snapshot;
use crate::store::History;
use billing::month::Month;

pub(crate) fn run(
    config: ReportConfig,
    environment: &BTreeMap<OsString, OsString>,
) -> anyhow::Result<ExitCode> {
    logging::init_errors_only(config.log);
    let is_demo = !matches!(config.source, DataSource::Heroku(_));
    let has_past = config.past.is_some();
    let polled = runtime()?.block_on(poll(config.source, has_past))?;
    let Polled {
        snapshot,
        history,
        clock,
    } = polled;
    let (rules, max_age) = (&config.rules, config.max_age);
    let mut report = Report::new(&snapshot, rules, max_age, clock.now());
    report.is_demo = is_demo;
    let current = Month::at(clock.now());
    let past = match config.past {
        Some(range) => PastMonths::of(&history, &closed_months(range, current)?),
        None => PastMonths::last(&history, clock.now()),
    };
    report.add_past_months(&past, &snapshot, rules, max_age);
    let text = match config.format {
        ReportFormat::Table => {
            let size = terminal_size::terminal_size_of(std::io::stdout());
            let columns = size.map(|(width, _)| width.0);
            let terminal = Terminal::new(std::io::stdout().is_terminal(), columns, environment);
            if has_past {
                past_table::past_table(&report, &past, config.top, terminal)
            } else {
                table::table(&report, config.top, terminal)
            }
        }
        ReportFormat::Json => json::json(&report)?,
        ReportFormat::Csv => csv::csv(&report)?,
    };
    if config.format != ReportFormat::Table {
        // CSV has no place for data issues, and neither format for settings without effect.
        let issues = table::data_issues(&report, Terminal::PLAIN);
        let _ = std::io::stderr().write_all(issues.as_bytes());
    }
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::from(u8::from(!report.is_complete())))
}

/// Returns the months of `range`, all of which must be over.
fn closed_months(
    range: PastRange,
    current: Month,
) -> anyhow::Result<std::ops::RangeInclusive<Month>> {
    let to = range.to.unwrap_or_else(|| current.previous());
    ensure!(
        to < current,
        "{to} is not over, expected a month before {current}; without --month, --from and --to, \
         report shows the current month"
    );
    ensure!(range.from <= to, "{} is after {to}", range.from);
    Ok(range.from..=to)
}

/// The results of a poll.
struct Polled {
    snapshot: Snapshot,
    history: History,
    clock: Clock,
}

/// Polls once, and requests the usage of past months if it `has_past` and the store does not have it.
async fn poll(source: DataSource, has_past: bool) -> anyhow::Result<Polled> {
    let once = async |poller: Poller, clock, has_past| {
        let history = poller.history();
        let snapshot = match has_past {
            true => poller.once_with_past_usage(RATE_LIMIT_REFILL).await,
            false => poller.once().await,
        };
        Polled {
            snapshot,
            history,
            clock,
        }
    };
    match source {
        DataSource::Heroku(heroku) => {
            let store = copy_store(&heroku);
            let poller = poller(*heroku, store, Clock::system())?;
            Ok(once(poller, Clock::system(), has_past).await)
        }
        #[cfg(feature = "demo")]
        DataSource::Demo(config) => {
            let clock = demo::clock_on(config.date);
            let simulator = demo::simulator(config.seed, &clock).await?;
            let heroku = demo::heroku_config(&simulator, config, &clock)?;
            let store = demo::store(&simulator, config, &clock).await?;
            let poller = poller(heroku, store, clock.clone())?;
            Ok(once(poller, clock, false).await)
        }
    }
}
