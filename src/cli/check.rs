//! `check`: polls Heroku once and prints the result of each endpoint of each target.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use super::serve::{copy_store, poller, runtime};
use super::{logging, write_stdout};
use crate::clock::Clock;
use crate::config::{HerokuConfig, ServeConfig};
use crate::report;
use crate::report::Unmatched;
use crate::report::format::count;
use crate::snapshot::{EndpointStatus, FailureReason, Snapshot};
use crate::store::maintenance;
use billing::invoice::{Invoice, Invoices};
use billing::month::Month;
use billing::rules::Rules;
use billing::usage::Usage;
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::Endpoint;

/// The indentation of a line below the result of an endpoint.
const INDENT: &str = "                    ";

const NO_USAGE: &str = "no usage in the current or previous month";

pub(crate) fn run((heroku, config): (HerokuConfig, ServeConfig)) -> anyhow::Result<ExitCode> {
    logging::init_errors_only(config.log);
    let api_url = heroku.api_url.clone();
    let store = copy_store(&heroku);
    let storage = heroku.storage.clone();
    let poll = async { anyhow::Ok(poller(heroku, store, Clock::system())?.once().await) };
    let snapshot = runtime()?.block_on(poll)?;
    let mut text = String::new();
    if let Some(path) = &config.file {
        write_rules(&mut text, path, &config.rules);
    }
    let _ = writeln!(text, "Polled {api_url}");
    if let Some(directory) = storage {
        write_storage(&mut text, &directory);
    }
    let is_healthy = write_results(&mut text, &snapshot);
    let unmatched = Unmatched::all(&config.rules, &snapshot);
    if !unmatched.is_empty() {
        text.push('\n');
    }
    for unmatched in &unmatched {
        let _ = writeln!(text, "{unmatched}");
    }
    write_stdout(text.as_bytes())?;
    let is_healthy = is_healthy && unmatched.is_empty();
    Ok(ExitCode::from(u8::from(!is_healthy)))
}

/// Writes how far back the storage reaches.
fn write_storage(text: &mut String, directory: &Path) {
    let _ = match maintenance::contents(directory) {
        Ok(contents) => match contents.months {
            Some((first, last)) => {
                let teams = count(contents.teams as usize, "team", "teams");
                writeln!(text, "Storage contains {first} to {last} ({teams})")
            }
            None => writeln!(text, "Storage contains no usage"),
        },
        Err(error) => writeln!(text, "Storage: {error}"),
    };
}

/// Writes a summary of the rules, which are those of the configuration file and of flags.
fn write_rules(text: &mut String, path: &Path, rules: &Rules) {
    let (apps, budgets) = (&rules.apps, &rules.budgets);
    let mut parts = vec![
        format!(
            "{} with prices",
            count(rules.team_prices.len(), "team", "teams")
        ),
        format!(
            "{} with a budget",
            count(budgets.teams.len(), "team", "teams")
        ),
        format!("{} with a budget", count(budgets.apps.len(), "app", "apps")),
        count(apps.groups.len(), "app group", "app groups"),
    ];
    if !apps.filter.allows_all() {
        parts.push("app filter".to_owned());
    }
    if let Some(max) = apps.max {
        parts.push(format!(
            "at most {} per team",
            count(max, "app row", "app rows")
        ));
    }
    let _ = writeln!(
        text,
        "Configuration file {}\n  {}\n",
        path.display(),
        parts.join(", ")
    );
}

/// Writes the result of each endpoint. Returns whether no endpoint failed and each team and account
/// has a successful one. An endpoint that is not available is not a failure.
fn write_results(text: &mut String, snapshot: &Snapshot) -> bool {
    let mut is_healthy = true;
    if let Some(discovery) = &snapshot.discovery {
        text.push_str("\nTeam discovery\n");
        let found = |teams: &Vec<_>| count(teams.len(), "team", "teams");
        is_healthy &= write_result(text, "teams", discovery, found) == PollStatus::Ok;
        let teams = || snapshot.teams().iter();
        let is_polled = |id| teams().any(|team| team.id.as_ref() == Some(id));
        if let Some(found) = discovery.data()
            && !found.is_empty()
            && !found.iter().any(|identity| is_polled(&identity.id))
        {
            let _ = writeln!(
                text,
                "{INDENT}HEROKU_TEAM_INCLUDE and HEROKU_TEAM_EXCLUDE reject all of them."
            );
            is_healthy = false;
        }
    }
    for account in &snapshot.accounts {
        let _ = writeln!(text, "\nEnterprise account {}", account.name);
        let status = write_result(text, "usage", &account.usage, account_usage);
        is_healthy &= status == PollStatus::Ok;
    }
    for team in snapshot.teams() {
        let id = team.id.as_ref().filter(|id| **id != team.name);
        let id = id.map(|id| format!(" ({id})")).unwrap_or_default();
        let _ = writeln!(text, "\n{}{id}", team.name);
        let mut statuses = Vec::new();
        if team.polled_endpoints.contains(&Endpoint::Invoices) {
            statuses.push(write_result(text, "invoices", &team.invoices, invoices));
        }
        let polls_usage = team.polled_endpoints.contains(&Endpoint::Usage);
        if polls_usage || team.usage.data().is_some() {
            statuses.push(write_result(text, "usage", &team.usage, usage));
        }
        // A team of an enterprise account may have neither invoices nor usage yet.
        let is_of_account = !polls_usage && team.id.is_some();
        is_healthy &= is_of_account || statuses.contains(&PollStatus::Ok);
        is_healthy &= !statuses.contains(&PollStatus::Failed);
    }
    is_healthy
}

/// The status of an endpoint after polling it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PollStatus {
    Ok,
    NotAvailable,
    Failed,
}

/// Writes the result of an endpoint, with advice if it failed.
fn write_result<T>(
    text: &mut String,
    endpoint: &str,
    status: &EndpointStatus<T>,
    describe: impl Fn(&T) -> String,
) -> PollStatus {
    let Some(failure) = &status.failure else {
        let data = status.data().map(describe);
        let data = data.unwrap_or_else(|| "not polled".to_owned());
        let _ = writeln!(text, "  {endpoint:<8}  ok      {data}");
        return PollStatus::Ok;
    };
    let (poll_status, mark) = match failure.reason {
        FailureReason::NotAvailable => (PollStatus::NotAvailable, "n/a"),
        _ => (PollStatus::Failed, "failed"),
    };
    let (reason, message) = (failure.reason.as_str(), &failure.message);
    let advice = report::advice(failure.reason);
    let _ = writeln!(text, "  {endpoint:<8}  {mark:<6}  {reason}: {message}");
    let _ = writeln!(text, "{INDENT}{advice}");
    poll_status
}

fn invoices(invoices: &Invoices) -> String {
    let month = |invoice: &Invoice| Month::of(invoice.period.start).to_string();
    let mut months = invoices.iter().map(month);
    let count = count(invoices.len(), "invoice", "invoices");
    match (months.next_back(), months.next()) {
        (Some(first), Some(last)) => format!("{count}, {first} to {last}"),
        (Some(only), None) => format!("{count}, {only}"),
        _ => count,
    }
}

fn usage(usage: &Usage) -> String {
    let months = usage.months.iter();
    let months = months.map(|(month, usage)| {
        format!(
            "{month} ({})",
            count(usage.known_apps().len(), "app", "apps")
        )
    });
    let months: Vec<_> = months.collect();
    if months.is_empty() {
        return NO_USAGE.to_owned();
    }
    months.join(", ")
}

fn account_usage(usage: &AccountUsage) -> String {
    if usage.months.is_empty() {
        return NO_USAGE.to_owned();
    }
    let months: Vec<_> = usage.months.iter().map(ToString::to_string).collect();
    let teams = count(usage.teams.len(), "team", "teams");
    format!("{} ({teams})", months.join(", "))
}
