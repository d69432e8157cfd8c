//! `check`: asks Heroku once and says, for each team and endpoint, what it answered.

use std::io::Write;
use std::process::ExitCode;

use super::logging;
use super::serve::{poller, runtime};
use crate::clock::Clock;
use crate::config::{Config, LogConfig, LogLevel};
use crate::domain::invoice::Invoices;
use crate::domain::month::Month;
use crate::domain::snapshot::{Outcome, Snapshot};
use crate::domain::usage::Usage;

pub(crate) fn run(config: Config) -> anyhow::Result<ExitCode> {
    // What a log would say of the answers is the output itself.
    let level = if config.log.level == LogLevel::Debug {
        LogLevel::Debug
    } else {
        LogLevel::Error
    };
    logging::start(LogConfig {
        level,
        ..config.log
    });
    let api_url = config.heroku.api_url.clone();
    let snapshot = runtime()?.block_on(async {
        let poller = poller(config.heroku, Clock::system())?;
        anyhow::Ok(poller.once().await)
    })?;
    let mut text = format!("Asked {api_url}\n");
    let all_answered = describe(&mut text, &snapshot);
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if all_answered {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Writes what is known, and tells whether every endpoint answered.
fn describe(text: &mut String, snapshot: &Snapshot) -> bool {
    let mut all_answered = true;
    for team in snapshot.teams() {
        let id = team
            .id
            .as_ref()
            .filter(|id| **id != team.name)
            .map(|id| format!(" ({id})"));
        text.push_str(&format!("\n{}{}\n", team.name, id.unwrap_or_default()));
        all_answered &= line(text, "invoices", &team.invoices, invoices);
        all_answered &= line(text, "usage", &team.usage, usage);
    }
    all_answered
}

fn line<T>(text: &mut String, endpoint: &str, outcome: &Outcome<T>, of: fn(&T) -> String) -> bool {
    match (&outcome.failure, outcome.data()) {
        (None, Some(data)) => {
            text.push_str(&format!("  {endpoint:<8}  ok      {}\n", of(data)));
            true
        }
        (Some(failure), _) => {
            let (word, advice) = (failure.reason.word(), failure.reason.advice());
            text.push_str(&format!(
                "  {endpoint:<8}  failed  {word}: {}\n",
                failure.message
            ));
            text.push_str(&format!("  {:<8}          {advice}\n", ""));
            false
        }
        (None, None) => {
            text.push_str(&format!("  {endpoint:<8}  failed  it was not asked\n"));
            false
        }
    }
}

fn invoices(invoices: &Invoices) -> String {
    let month =
        |invoice: &crate::domain::invoice::Invoice| Month::of(invoice.period.start).to_string();
    let mut months = invoices.iter().map(month);
    match (invoices.len(), months.next_back(), months.next()) {
        (count, Some(first), Some(last)) => format!("{count} invoices, {first} to {last}"),
        (_, Some(only), None) => format!("1 invoice, {only}"),
        _ => "no invoices".to_owned(),
    }
}

fn usage(usage: &Usage) -> String {
    if usage.months.is_empty() {
        return "no usage in this month or the last".to_owned();
    }
    let months = usage
        .months
        .iter()
        .map(|(month, usage)| format!("{month} ({} apps)", usage.apps.len()));
    months.collect::<Vec<_>>().join(", ")
}
