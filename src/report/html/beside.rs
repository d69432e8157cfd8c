//! What stands beside the tables of costs: budgets, the year's invoices, what rose most, and how old
//! the figures are.

use super::apps::{App, rise};
use super::bars::{Bar, Columns};
use super::words::{Amount, Costs, When, line, name, share};
use crate::report::invoices::months_back;
use crate::report::{EndpointFreshness, Figures, Freshness, PastInvoice, Report, TeamReport};
use billing::money::Money;
use billing::month::Month;

/// How many months before the current one have a column.
const MONTHS: usize = 12;

/// How many apps rose most.
const RISEN: usize = 6;

/// What is less is no rise to speak of: a cent.
const LEAST_RISE: Money = Money::CENT;

/// How many budgets are shown, the most used first.
const BUDGETS: usize = 100;

/// How many endpoints are shown, those that are not well first.
const ENDPOINTS: usize = 60;

/// What may be spent, as a filled line.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) name: String,
    pub(super) budget: Amount,
    pub(super) current: Option<Amount>,
    pub(super) used: Option<String>,
    pub(super) at_end: Option<String>,
    /// What will be left, or will have been spent beyond it.
    pub(super) left: Option<Amount>,
    pub(super) is_over: bool,
    pub(super) bar: Bar,
}

/// The budgets of `whole`, of `teams` and of their apps.
pub(super) fn budgets(
    whole: Option<(&str, &Figures)>,
    teams: &[TeamReport],
    apps: &[App<'_>],
) -> Vec<Budget> {
    let several = teams.len() > 1;
    let of_teams = teams.iter().map(|team| (name(&team.name), &team.figures));
    let of_apps = apps.iter().map(|(team, app)| {
        let of = if several {
            format!("{} / {}", name(&team.name), name(&app.name))
        } else {
            name(&app.name)
        };
        (of, &app.figures)
    });
    let whole = whole.map(|(of, figures)| (of.to_owned(), figures));
    let mut all: Vec<_> = whole
        .into_iter()
        .chain(of_teams)
        .chain(of_apps)
        .filter(|(_, figures)| figures.budget.is_some())
        .collect();
    all.sort_by_key(|(_, figures)| {
        std::cmp::Reverse(figures.budget_forecast().or(figures.budget_used()))
    });
    let budgets = all.into_iter().take(BUDGETS);
    budgets
        .filter_map(|(of, figures)| budget(of, figures))
        .collect()
}

fn budget(name: String, figures: &Figures) -> Option<Budget> {
    let budget = figures.budget?;
    let left = figures.budget_left();
    let is_over = left.is_some_and(|left| left < Money::ZERO);
    Some(Budget {
        name,
        budget: Amount::of(budget),
        current: figures.current.map(Amount::of),
        used: figures.budget_used().map(share),
        at_end: figures.budget_forecast().map(share),
        left: left.map(|left| Amount::of(if is_over { Money::ZERO - left } else { left })),
        is_over,
        bar: Bar::limited(figures, budget),
    })
}

/// A year's invoices.
#[derive(Debug)]
pub(super) struct Invoices {
    pub(super) columns: Columns,
    pub(super) months: Vec<InvoiceMonth>,
    /// What the picture shows, in a sentence.
    pub(super) summary: String,
    /// Whether the invoice of the current month is there.
    pub(super) is_open: bool,
}

/// A month's invoice.
#[derive(Debug)]
pub(super) struct InvoiceMonth {
    /// `Nov`.
    pub(super) short: String,
    /// `November 2026`.
    pub(super) long: String,
    /// `2026-11`.
    pub(super) exact: String,
    pub(super) total: Option<Amount>,
    /// Its state; of several teams' none is told.
    pub(super) state: Option<&'static str>,
    /// Whether the month is not over.
    pub(super) is_open: bool,
}

/// The invoices of `teams` by month, up to `current`; nothing where none is known.
pub(super) fn invoices(teams: &[TeamReport], current: Month) -> Option<Invoices> {
    let all = || teams.iter().flat_map(|team| &team.invoices);
    let known = |invoice: &PastInvoice| invoice.total.map(|_| invoice.month);
    let earliest = all().filter_map(known).min()?;
    let mut months: Vec<_> = months_back(current, MONTHS)
        .take_while(|month| *month >= earliest)
        .collect();
    months.reverse();
    let totals: Vec<_> = months.iter().map(|month| total(teams, *month)).collect();
    let of_one = teams.len() == 1;
    let described: Vec<_> = months
        .iter()
        .zip(&totals)
        .map(|(month, total)| {
            let day = month.first_day();
            let invoice = all().find(|invoice| invoice.month == *month);
            InvoiceMonth {
                short: day.strftime("%b").to_string(),
                long: day.strftime("%B %Y").to_string(),
                exact: month.to_string(),
                total: total.map(Amount::of),
                state: invoice.and_then(|invoice| invoice.state).filter(|_| of_one),
                is_open: *month == current,
            }
        })
        .collect();
    let summary = summary(&described);
    Some(Invoices {
        columns: Columns::new(&totals),
        is_open: totals.last().is_some_and(Option::is_some),
        months: described,
        summary,
    })
}

/// The month's invoices added up; of none that is known nothing is known.
fn total(teams: &[TeamReport], month: Month) -> Option<Money> {
    let invoices = teams.iter().flat_map(|team| &team.invoices);
    let totals = invoices.filter(|invoice| invoice.month == month);
    totals
        .filter_map(|invoice| invoice.total)
        .reduce(|a, b| a + b)
}

fn summary(months: &[InvoiceMonth]) -> String {
    let known = months.iter().filter(|month| !month.is_open);
    let known: Vec<_> = known
        .filter_map(|month| Some((&month.long, &month.total.as_ref()?.text)))
        .collect();
    match (known.first(), known.last()) {
        (Some((first, from)), Some((last, to))) if first != last => format!(
            "Invoices by month, from ${from} for {first} to ${to} for {last}. The table below has every month."
        ),
        (Some((month, amount)), _) => format!("One invoice: ${amount} for {month}."),
        _ => "The invoice of a month that is not over.".to_owned(),
    }
}

/// An app that will have cost more than last month.
#[derive(Debug)]
pub(super) struct TopIncreases {
    pub(super) name: String,
    pub(super) beside: Option<String>,
    pub(super) by: Amount,
    pub(super) share: Option<String>,
    pub(super) bar: Bar,
}

/// The apps that rose most, the most first.
pub(super) fn risen(apps: &[App<'_>], has_teams: bool) -> Vec<TopIncreases> {
    let mut risen: Vec<_> = apps
        .iter()
        .filter_map(|app| Some((rise(app)?, app)))
        .filter(|(by, _)| *by >= LEAST_RISE)
        .collect();
    risen.sort_by_key(|(by, (team, app))| (std::cmp::Reverse(*by), &app.name, &team.name));
    let most = risen.first().map_or(Money::ZERO, |(by, _)| *by);
    let shown = risen.into_iter().take(RISEN);
    shown
        .map(|(by, (team, app))| {
            let costs = Costs::of(&app.figures);
            let figures = Figures {
                current: Some(by),
                ..Figures::default()
            };
            TopIncreases {
                name: name(&app.name),
                beside: has_teams.then(|| name(&team.name)),
                by: Amount::of(by),
                share: costs
                    .share
                    .or_else(|| team.is_new(app).then(|| "new".to_owned())),
                bar: Bar::new(&figures, None, most),
            }
        })
        .collect()
}

/// What was asked of Heroku, and how old its answer is.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) whose: String,
    pub(super) endpoint: &'static str,
    pub(super) standing: &'static str,
    pub(super) is_failed: bool,
    pub(super) as_of: Option<When>,
    pub(super) changed: Option<When>,
    /// What is missing.
    pub(super) why: Option<String>,
    /// What to do about it, where that is said nowhere else.
    pub(super) advice: Option<&'static str>,
}

/// The endpoints of `teams` and those that are nobody's, and how many more there are than are shown.
pub(super) fn sources(report: &Report, teams: &[TeamReport]) -> (Vec<Source>, usize) {
    let is_theirs = |asked: &&Freshness| {
        teams.len() == report.teams.len()
            || teams.iter().any(|team| team.name == asked.team)
            || !report.teams.iter().any(|team| team.name == asked.team)
    };
    let mut all: Vec<_> = report.freshness.iter().filter(is_theirs).collect();
    all.sort_by_key(|asked| match asked.standing {
        EndpointFreshness::Failed => 0,
        EndpointFreshness::NotAsked => 1,
        EndpointFreshness::LastSuccess | EndpointFreshness::NotAvailable => 2,
    });
    let more = all.len().saturating_sub(ENDPOINTS);
    let shown = all.into_iter().take(ENDPOINTS);
    (shown.map(|asked| source(asked, report)).collect(), more)
}

fn source(asked: &Freshness, report: &Report) -> Source {
    let gap = report
        .gaps
        .iter()
        .find(|gap| (gap.team.as_str(), gap.endpoint) == (&asked.team, asked.endpoint));
    let when = |at: Option<_>| at.map(|at| When::new(at, report.at));
    let is_list = asked.team == "*";
    Source {
        whose: if is_list {
            "List of teams".to_owned()
        } else {
            name(&asked.team)
        },
        endpoint: asked.endpoint,
        standing: match asked.standing {
            EndpointFreshness::NotAsked => "not asked yet",
            EndpointFreshness::LastSuccess => "good",
            EndpointFreshness::NotAvailable => "not offered",
            EndpointFreshness::Failed => "failed",
        },
        is_failed: asked.standing == EndpointFreshness::Failed,
        as_of: when(asked.as_of),
        changed: when(asked.changed_at),
        why: gap.map(|gap| line(&gap.message)),
        // What failed is told above with what to do.
        advice: gap.filter(|gap| !gap.is_failure).map(|gap| gap.advice),
    }
}
