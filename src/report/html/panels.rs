//! The panels beside the tables of costs: budgets, invoices, top increases and data sources.

use std::cmp::Reverse;

use super::apps::increase;
use super::chart::{Bar, Columns};
use super::format::{When, message, name};
use crate::report::figures::{Figures, Report, TeamApp, TeamReport};
use crate::report::format::{cents, month_name};
use crate::report::freshness::{EndpointFreshness, Freshness};
use crate::report::invoices::months_back;
use crate::report::percent::PerCent;
use billing::money::{Money, sum_known};
use billing::month::Month;

/// The number of months before the current one in the chart of invoices.
const MONTHS: usize = 12;

/// The number of top increases.
const INCREASES: usize = 6;

/// The smallest increase shown.
const MIN_INCREASE: Money = Money::CENT;

/// The maximum of budgets shown, the most used first.
const BUDGETS: usize = 100;

/// The maximum of data sources shown, the failed ones first.
const SOURCES: usize = 60;

/// A budget.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) name: String,
    pub(super) figures: Figures,
    /// What remains of the budget or exceeds it at the month's end.
    pub(super) left: Option<Money>,
    pub(super) is_over: bool,
    pub(super) bar: Bar,
}

/// Returns the budgets of the company, the teams and their apps.
pub(super) fn budgets(
    company: Option<&Figures>,
    teams: &[TeamReport],
    apps: &[TeamApp<'_>],
) -> Vec<Budget> {
    let company = company.map(|figures| ("All teams".to_owned(), figures));
    let of_teams = teams.iter().map(|team| (name(&team.name), &team.figures));
    let of_apps = apps.iter().map(|(team, app)| {
        let app_name = name(&app.name);
        let name = match teams {
            [_] => app_name,
            _ => format!("{} / {app_name}", name(&team.name)),
        };
        (name, &app.figures)
    });
    let all = company.into_iter().chain(of_teams).chain(of_apps);
    let budgets = all.filter_map(|(name, figures)| {
        let left = figures.budget_left();
        Some(Budget {
            name,
            figures: *figures,
            left: left.map(|left| left.max(-left)),
            is_over: left.is_some_and(|left| left < Money::ZERO),
            bar: Bar::limited(figures, figures.budget?),
        })
    });
    let mut budgets: Vec<_> = budgets.collect();
    budgets.sort_by_key(|Budget { figures, .. }| {
        Reverse(figures.budget_forecast().or(figures.budget_used()))
    });
    budgets.truncate(BUDGETS);
    budgets
}

/// The chart and table of invoices by month.
#[derive(Debug)]
pub(super) struct Invoices {
    pub(super) columns: Columns,
    pub(super) months: Vec<InvoiceMonth>,
    /// A description of the chart.
    pub(super) summary: String,
    /// Whether there is an invoice of the current month.
    pub(super) is_open: bool,
}

/// A month's invoices.
#[derive(Debug)]
pub(super) struct InvoiceMonth {
    pub(super) month: Month,
    pub(super) total: Option<Money>,
    /// The state, if there is one team.
    pub(super) state: Option<&'static str>,
    /// Whether it is the current month.
    pub(super) is_open: bool,
}

/// Returns the invoices of `teams` up to the month `current`, if any are known.
pub(super) fn invoices(teams: &[TeamReport], current: Month) -> Option<Invoices> {
    let all = || teams.iter().flat_map(|team| &team.invoices);
    let known = all().filter(|invoice| invoice.total.is_some());
    let earliest = known.map(|invoice| invoice.month).min()?;
    let months = months_back(current, MONTHS).take_while(|month| *month >= earliest);
    let mut months: Vec<_> = months.collect();
    months.reverse();
    let of_month = |month| all().filter(move |invoice| invoice.month == month);
    let total = |month: &Month| sum_known(of_month(*month).map(|invoice| invoice.total));
    let totals: Vec<_> = months.iter().map(total).collect();
    let months = months.iter().zip(&totals).map(|(month, total)| {
        let state = of_month(*month).find_map(|invoice| invoice.state);
        InvoiceMonth {
            month: *month,
            total: *total,
            state: state.filter(|_| teams.len() == 1),
            is_open: *month == current,
        }
    });
    let months: Vec<_> = months.collect();
    Some(Invoices {
        columns: Columns::new(&totals),
        is_open: totals.last().is_some_and(Option::is_some),
        summary: summary(&months),
        months,
    })
}

fn summary(months: &[InvoiceMonth]) -> String {
    let closed = months.iter().filter(|month| !month.is_open);
    let closed: Vec<_> = closed
        .filter_map(|month| Some((month_name(month.month), cents(month.total?))))
        .collect();
    match closed.as_slice() {
        [] => "The invoice of a month that is not over.".to_owned(),
        [(month, amount)] => format!("One invoice: ${amount} for {month}."),
        [(first, from), .., (last, to)] => format!(
            "Invoices by month, from ${from} for {first} to ${to} for {last}. The table below has every month."
        ),
    }
}

/// One of the apps whose costs rise most.
#[derive(Debug)]
pub(super) struct TopIncrease {
    pub(super) name: String,
    pub(super) team: Option<String>,
    pub(super) amount: Money,
    pub(super) share: Option<String>,
    pub(super) bar: Bar,
}

/// Returns the apps whose costs rise most, the largest increase first.
pub(super) fn top_increases(apps: &[TeamApp<'_>], has_teams: bool) -> Vec<TopIncrease> {
    let increases = apps.iter().filter_map(|app| Some((increase(app)?, app)));
    let mut increases: Vec<_> = increases.filter(|(by, _)| *by >= MIN_INCREASE).collect();
    increases.sort_by_key(|(by, (team, app))| (Reverse(*by), &app.name, &team.name));
    let max = increases.first().map_or(Money::ZERO, |(by, _)| *by);
    let top = increases.into_iter().take(INCREASES);
    let top = top.map(|(by, (team, app))| {
        let figures = Figures {
            current: Some(by),
            ..Figures::default()
        };
        let share = app.figures.change_share().map(PerCent::signed_text);
        TopIncrease {
            name: name(&app.name),
            team: has_teams.then(|| name(&team.name)),
            amount: by,
            share: share.or_else(|| team.is_new(app).then(|| "new".to_owned())),
            bar: Bar::new(&figures, None, max),
        }
    });
    top.collect()
}

/// An endpoint and the age of its data.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) owner: String,
    pub(super) endpoint: &'static str,
    pub(super) state: &'static str,
    pub(super) is_failed: bool,
    pub(super) as_of: Option<When>,
    pub(super) changed: Option<When>,
    /// What is missing.
    pub(super) message: Option<String>,
    /// What to do about it, if no notice has it.
    pub(super) advice: Option<&'static str>,
}

/// Returns the endpoints of `teams` and those of no team, and how many more there are.
pub(super) fn sources(report: &Report, teams: &[TeamReport]) -> (Vec<Source>, usize) {
    let concerned = report.freshness.iter();
    let mut all: Vec<_> = concerned
        .filter(|source| report.concerns(&source.team, teams))
        .collect();
    all.sort_by_key(|source| source.state.min(EndpointFreshness::LastSuccess));
    let more = all.len().saturating_sub(SOURCES);
    let shown = all.into_iter().take(SOURCES);
    (
        shown.map(|source| self::source(source, report)).collect(),
        more,
    )
}

fn source(source: &Freshness, report: &Report) -> Source {
    let issue = report
        .issues
        .iter()
        .find(|issue| (&issue.team, issue.endpoint) == (&source.team, source.endpoint));
    let when = |at: Option<_>| at.map(|at| When::new(at, report.at));
    Source {
        owner: match source.team.as_str() {
            "*" => "List of teams".to_owned(),
            team => name(team),
        },
        endpoint: source.endpoint,
        state: match source.state {
            EndpointFreshness::NotAsked => "not asked yet",
            EndpointFreshness::LastSuccess => "good",
            EndpointFreshness::NotAvailable => "not offered",
            EndpointFreshness::Failed => "failed",
        },
        is_failed: source.state == EndpointFreshness::Failed,
        as_of: when(source.as_of),
        changed: when(source.changed_at),
        message: issue.map(|issue| message(&issue.message)),
        advice: issue
            .filter(|issue| !issue.is_failure)
            .map(|issue| issue.advice),
    }
}
