//! `report`: asks Heroku once and tells what it costs, as a table, as JSON or as CSV.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use super::serve::{poller, runtime};
use super::{demo, logging};
use crate::clock::Clock;
use crate::config::{Asked, ReportConfig, ReportFormat};
use crate::report::terminal::Terminal;
use crate::report::{Report, csv, json, table};
use crate::snapshot::Snapshot;

pub(crate) fn run(
    config: ReportConfig,
    environment: &BTreeMap<OsString, OsString>,
) -> anyhow::Result<ExitCode> {
    logging::start_beside_output(config.log);
    let (snapshot, clock) = runtime()?.block_on(asked(config.asked))?;
    let report = Report::new(&snapshot, &config.rules, config.max_age, clock.now());
    let text = match config.format {
        ReportFormat::Table => table::table(&report, config.top, terminal(environment)),
        ReportFormat::Json => json::json(&report)?,
        ReportFormat::Csv => {
            // CSV has no place for it.
            let missing = table::data_issues(&report, Terminal::PLAIN);
            let _ = std::io::stderr().write_all(missing.as_bytes());
            csv::csv(&report)?
        }
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if report.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn asked(asked: Asked) -> anyhow::Result<(Snapshot, Clock)> {
    match asked {
        Asked::Heroku(heroku) => {
            let snapshot = poller(*heroku, Clock::system())?.once().await;
            Ok((snapshot, Clock::system()))
        }
        Asked::Demo { seed, date } => {
            let clock = demo::clock_on(date);
            let heroku = demo::heroku(seed, &clock).await?;
            let poller = poller(demo::asked(&heroku, seed, &clock)?, clock.clone())?;
            Ok((poller.once().await, clock))
        }
    }
}

fn terminal(environment: &BTreeMap<OsString, OsString>) -> Terminal {
    let is_terminal = std::io::stdout().is_terminal();
    let size = terminal_size::terminal_size_of(std::io::stdout());
    Terminal::new(is_terminal, size.map(|(width, _)| width.0), environment)
}
