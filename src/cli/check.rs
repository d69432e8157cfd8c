//! `check`: asks Heroku once and says, for each team and endpoint, what it answered.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::logging;
use super::serve::{poller, runtime};
use crate::clock::Clock;
use crate::config::Config;
use crate::report::format::count;
use crate::snapshot::FailureReason;
use crate::snapshot::{EndpointStatus, Snapshot, Team};
use billing::invoice::Invoices;
use billing::month::Month;
use billing::rules::Rules;
use billing::usage::Usage;
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::Endpoint;
use heroku_api::team::Identity;

pub(crate) fn run(config: Config) -> anyhow::Result<ExitCode> {
    logging::start_beside_output(config.log);
    let mut text = match &config.file {
        Some(path) => file(path, &config.rules),
        None => String::new(),
    };
    let api_url = config.heroku.api_url.clone();
    let snapshot = runtime()?.block_on(async {
        let poller = poller(config.heroku, Clock::system())?;
        anyhow::Ok(poller.once().await)
    })?;
    text.push_str(&format!("Asked {api_url}\n"));
    let all_well = describe(&mut text, &snapshot);
    text.push_str(&nobody(&config.rules, &snapshot));
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What a configuration file and the flags beside it come to.
fn file(path: &Path, rules: &Rules) -> String {
    let Rules {
        team_prices,
        apps,
        budgets,
        ..
    } = rules;
    let mut parts = vec![
        count(
            team_prices.len(),
            "team with prices of its own",
            "teams with prices of their own",
        ),
        count(
            budgets.teams.len(),
            "team with a budget",
            "teams with budgets",
        ),
        count(budgets.apps.len(), "app with a budget", "apps with budgets"),
        count(apps.groups.len(), "group of apps", "groups of apps"),
    ];
    if !apps.filter.allows_all() {
        parts.push("some apps left out".to_owned());
    }
    if let Some(max) = apps.max {
        parts.push(format!("{} a team at most", count(max, "row", "rows")));
    }
    format!("Read {}\n  {}\n", path.display(), parts.join(", "))
}

/// The teams of which the configuration file says something and that are not there: their names may be
/// misspelt.
fn nobody(rules: &Rules, snapshot: &Snapshot) -> String {
    let mut teams = rules.teams();
    for team in snapshot.teams() {
        teams.remove(team.name.as_str());
        teams.remove(team.id.as_deref().unwrap_or_default());
    }
    let line = |team: &str| {
        format!(
            "  {team:?} is none of these teams: what the configuration file says of it changes nothing\n"
        )
    };
    let lines: String = teams.into_iter().map(line).collect();
    if lines.is_empty() {
        lines
    } else {
        format!("\n{lines}")
    }
}

/// Writes what is known, and tells whether all is well: no endpoint failed, and of what was asked for
/// there is each time one that answers. One that Heroku does not offer is no failure.
fn describe(text: &mut String, snapshot: &Snapshot) -> bool {
    let mut all_well = true;
    if let Some(listing) = &snapshot.discovery {
        text.push_str("\nThe teams that the token sees\n");
        all_well &= line(text, "teams", listing, |teams| seen(teams)) == Verdict::Answered;
        if let Some(seen) = listing.data()
            && !seen.is_empty()
            && !snapshot.teams().iter().any(|team| is_among(team, seen))
        {
            text.push_str("            none of them is asked for: no name passes HEROKU_TEAM_INCLUDE and HEROKU_TEAM_EXCLUDE\n");
            all_well = false;
        }
    }
    for account in &snapshot.accounts {
        text.push_str(&format!("\nEnterprise account {}\n", account.name));
        all_well &= line(text, "usage", &account.usage, account_usage) == Verdict::Answered;
    }
    for team in snapshot.teams() {
        let id = team
            .id
            .as_ref()
            .filter(|id| **id != team.name)
            .map(|id| format!(" ({id})"));
        text.push_str(&format!("\n{}{}\n", team.name, id.unwrap_or_default()));
        let mut verdicts = Vec::new();
        if team.polled_endpoints.contains(&Endpoint::Invoices) {
            verdicts.push(line(text, "invoices", &team.invoices, invoices));
        }
        if team.polled_endpoints.contains(&Endpoint::Usage) || team.usage.data().is_some() {
            verdicts.push(line(text, "usage", &team.usage, usage));
        }
        // A team of an enterprise account may have neither invoices nor, as yet, usage.
        let is_told = !team.polled_endpoints.contains(&Endpoint::Usage) && team.id.is_some();
        all_well &= is_told || verdicts.contains(&Verdict::Answered);
        all_well &= !verdicts.contains(&Verdict::Failed);
    }
    all_well
}

fn is_among(team: &Team, seen: &[Identity]) -> bool {
    seen.iter()
        .any(|identity| team.id.as_ref() == Some(&identity.id))
}

fn seen(teams: &[Identity]) -> String {
    count(teams.len(), "team", "teams")
}

fn account_usage(usage: &AccountUsage) -> String {
    if usage.months.is_empty() {
        return "no usage in this month or the last".to_owned();
    }
    let months: Vec<_> = usage.months.iter().map(ToString::to_string).collect();
    let teams = count(usage.teams.len(), "team", "teams");
    format!("{} ({teams})", months.join(", "))
}

/// What came of asking an endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Answered,
    NotAvailable,
    Failed,
}

fn line<T>(
    text: &mut String,
    endpoint: &str,
    outcome: &EndpointStatus<T>,
    of: fn(&T) -> String,
) -> Verdict {
    let Some(failure) = &outcome.failure else {
        let answer = outcome
            .data()
            .map_or_else(|| "it was not asked".to_owned(), of);
        text.push_str(&format!("  {endpoint:<8}  ok      {answer}\n"));
        return Verdict::Answered;
    };
    let (word, advice) = (failure.reason.as_str(), failure.reason.advice());
    let verdict = if failure.reason == FailureReason::NotAvailable {
        Verdict::NotAvailable
    } else {
        Verdict::Failed
    };
    let mark = if verdict == Verdict::Failed {
        "failed"
    } else {
        "none"
    };
    text.push_str(&format!(
        "  {endpoint:<8}  {mark:<6}  {word}: {}\n",
        failure.message
    ));
    text.push_str(&format!("  {:<8}          {advice}\n", ""));
    verdict
}

fn invoices(invoices: &Invoices) -> String {
    let month = |invoice: &billing::invoice::Invoice| Month::of(invoice.period.start).to_string();
    let mut months = invoices.iter().map(month);
    match (invoices.len(), months.next_back(), months.next()) {
        (number, Some(first), Some(last)) => format!("{number} invoices, {first} to {last}"),
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
        .map(|(month, usage)| format!("{month} ({})", count(usage.apps.len(), "app", "apps")));
    months.collect::<Vec<_>>().join(", ")
}
