//! `report`: polls Heroku once and prints the costs as a table, JSON or CSV.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

#[cfg(feature = "demo")]
use super::demo;
use super::serve::{poller, runtime};
use super::{logging, write_stdout};
use crate::clock::Clock;
use crate::config::{DataSource, ReportConfig, ReportFormat};
use crate::report::terminal::Terminal;
use crate::report::{Report, csv, json, table};
use crate::snapshot::Snapshot;

pub(crate) fn run(
    config: ReportConfig,
    environment: &BTreeMap<OsString, OsString>,
) -> anyhow::Result<ExitCode> {
    logging::init_errors_only(config.log);
    let is_demo = !matches!(config.source, DataSource::Heroku(_));
    let (snapshot, clock) = runtime()?.block_on(snapshot(config.source))?;
    let mut report = Report::new(&snapshot, &config.rules, config.max_age, clock.now());
    report.is_demo = is_demo;
    let text = match config.format {
        ReportFormat::Table => {
            let size = terminal_size::terminal_size_of(std::io::stdout());
            let columns = size.map(|(width, _)| width.0);
            let terminal = Terminal::new(std::io::stdout().is_terminal(), columns, environment);
            table::table(&report, config.top, terminal)
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

/// Polls once. Returns the snapshot and the clock of its source.
async fn snapshot(source: DataSource) -> anyhow::Result<(Snapshot, Clock)> {
    match source {
        DataSource::Heroku(heroku) => {
            let snapshot = poller(*heroku, Clock::system())?.once().await;
            Ok((snapshot, Clock::system()))
        }
        #[cfg(feature = "demo")]
        DataSource::Demo(config) => {
            let clock = demo::clock_on(config.date);
            let simulator = demo::simulator(config.seed, &clock).await?;
            let heroku = demo::heroku_config(&simulator, config, &clock)?;
            let poller = poller(heroku, clock.clone())?;
            Ok((poller.once().await, clock))
        }
    }
}
