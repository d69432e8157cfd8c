//! `check`: polls Heroku once and prints the answer of each endpoint of each team.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::logging;
use super::serve::{poller, runtime};
use crate::clock::Clock;
use crate::config::{HerokuConfig, ServeConfig};
use crate::report;
use crate::report::format::count;
use crate::snapshot::{EndpointStatus, FailureReason, Snapshot};
use billing::invoice::{Invoice, Invoices};
use billing::month::Month;
use billing::rules::Rules;
use billing::usage::Usage;
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::Endpoint;

const NO_USAGE: &str = "no usage in this month or the last";

pub(crate) fn run((heroku, config): (HerokuConfig, ServeConfig)) -> anyhow::Result<ExitCode> {
    logging::start_beside_output(config.log);
    let api_url = heroku.api_url.clone();
    let poll = async { anyhow::Ok(poller(heroku, Clock::system())?.once().await) };
    let snapshot = runtime()?.block_on(poll)?;
    let mut text = String::new();
    if let Some(path) = &config.file {
        describe_rules(&mut text, path, &config.rules);
    }
    let _ = writeln!(text, "Asked {api_url}");
    let is_healthy = describe(&mut text, &snapshot);
    describe_unknown_teams(&mut text, &config.rules, &snapshot);
    io::Write::write_all(&mut io::stdout(), text.as_bytes())?;
    Ok(ExitCode::from(u8::from(!is_healthy)))
}

/// Summarizes the rules of a configuration file and of the flags that take precedence.
fn describe_rules(text: &mut String, path: &Path, rules: &Rules) {
    let (apps, budgets) = (&rules.apps, &rules.budgets);
    let mut parts = vec![
        format!(
            "{} with own prices",
            count(rules.team_prices.len(), "team", "teams")
        ),
        format!(
            "{} with a budget",
            count(budgets.teams.len(), "team", "teams")
        ),
        format!("{} with a budget", count(budgets.apps.len(), "app", "apps")),
        format!("{} of apps", count(apps.groups.len(), "group", "groups")),
    ];
    if !apps.filter.allows_all() {
        parts.push("some apps left out".to_owned());
    }
    if let Some(max) = apps.max {
        parts.push(format!("{} a team at most", count(max, "row", "rows")));
    }
    let _ = writeln!(text, "Read {}\n  {}", path.display(), parts.join(", "));
}

/// Lists the teams of the configuration file that do not exist. Their names may be misspelt.
fn describe_unknown_teams(text: &mut String, rules: &Rules, snapshot: &Snapshot) {
    let mut unknown = rules.teams();
    for team in snapshot.teams() {
        unknown.remove(team.name.as_str());
        unknown.remove(team.id.as_deref().unwrap_or_default());
    }
    if !unknown.is_empty() {
        text.push('\n');
    }
    for team in unknown {
        let _ = writeln!(
            text,
            "  {team:?} is none of these teams: what the configuration file says of it changes nothing"
        );
    }
}

/// Describes the answers, and returns whether no endpoint failed and each team and account has one
/// that answers. An endpoint that Heroku does not offer is no failure.
fn describe(text: &mut String, snapshot: &Snapshot) -> bool {
    let mut is_healthy = true;
    if let Some(listing) = &snapshot.discovery {
        text.push_str("\nThe teams that the token sees\n");
        let seen = |teams: &Vec<_>| count(teams.len(), "team", "teams");
        is_healthy &= line(text, "teams", listing, seen) == Verdict::Answered;
        let teams = || snapshot.teams().iter();
        let is_polled = |id| teams().any(|team| team.id.as_ref() == Some(id));
        if let Some(seen) = listing.data()
            && !seen.is_empty()
            && !seen.iter().any(|identity| is_polled(&identity.id))
        {
            text.push_str("            none of them is asked for: no name passes HEROKU_TEAM_INCLUDE and HEROKU_TEAM_EXCLUDE\n");
            is_healthy = false;
        }
    }
    for account in &snapshot.accounts {
        let _ = writeln!(text, "\nEnterprise account {}", account.name);
        is_healthy &= line(text, "usage", &account.usage, account_usage) == Verdict::Answered;
    }
    for team in snapshot.teams() {
        let id = team.id.as_ref().filter(|id| **id != team.name);
        let id = id.map(|id| format!(" ({id})")).unwrap_or_default();
        let _ = writeln!(text, "\n{}{id}", team.name);
        let mut verdicts = Vec::new();
        if team.polled_endpoints.contains(&Endpoint::Invoices) {
            verdicts.push(line(text, "invoices", &team.invoices, invoices));
        }
        let polls_usage = team.polled_endpoints.contains(&Endpoint::Usage);
        if polls_usage || team.usage.data().is_some() {
            verdicts.push(line(text, "usage", &team.usage, usage));
        }
        // A team of an enterprise account may have neither invoices nor, as yet, usage.
        let is_of_account = !polls_usage && team.id.is_some();
        is_healthy &= is_of_account || verdicts.contains(&Verdict::Answered);
        is_healthy &= !verdicts.contains(&Verdict::Failed);
    }
    is_healthy
}

/// The result of polling an endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Answered,
    NotAvailable,
    Failed,
}

fn line<T>(
    text: &mut String,
    endpoint: &str,
    status: &EndpointStatus<T>,
    describe: impl Fn(&T) -> String,
) -> Verdict {
    let Some(failure) = &status.failure else {
        let answer = status.data().map(describe);
        let answer = answer.unwrap_or_else(|| "it was not asked".to_owned());
        let _ = writeln!(text, "  {endpoint:<8}  ok      {answer}");
        return Verdict::Answered;
    };
    let (verdict, mark) = match failure.reason {
        FailureReason::NotAvailable => (Verdict::NotAvailable, "none"),
        _ => (Verdict::Failed, "failed"),
    };
    let (reason, message) = (failure.reason.as_str(), &failure.message);
    let advice = report::advice(failure.reason);
    let _ = writeln!(text, "  {endpoint:<8}  {mark:<6}  {reason}: {message}");
    let _ = writeln!(text, "                    {advice}");
    verdict
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
    let months = months
        .map(|(month, usage)| format!("{month} ({})", count(usage.apps.len(), "app", "apps")));
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
