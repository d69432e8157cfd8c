//! The other panels of the page: budgets, invoices, top increases and data freshness.

use std::cmp::Reverse;

use super::apps::cost_change;
use super::chart::{Bar, ColumnChart};
use super::text::{FormattedTime, display_message, display_name};
use crate::report::costs::{CostSummary, Report, TeamApp, TeamReport};
use crate::report::format::{cents, month_name};
use crate::report::freshness::{EndpointFreshness, EndpointState};
use crate::report::invoices::months_back;
use crate::report::percent::Percent;
use crate::report::running_now;
use billing::money::{Money, sum_known};
use billing::month::Month;

/// The number of months before the current one in the chart of invoices.
const CHART_MONTHS: usize = 12;

/// The maximum number of top increases.
const MAX_INCREASES: usize = 6;

/// The smallest increase that is listed.
const MIN_INCREASE: Money = Money::CENT;

/// The maximum number of budgets. Those with the highest use are listed first.
const MAX_BUDGETS: usize = 100;

/// The maximum number of endpoints. Failed ones are listed first.
const MAX_ENDPOINTS: usize = 60;

/// A budget and its use.
#[derive(Debug)]
pub(super) struct BudgetUse {
    pub(super) name: String,
    pub(super) costs: CostSummary,
    /// The absolute difference between the budget and the forecast.
    pub(super) difference: Option<Money>,
    pub(super) is_over: bool,
    pub(super) bar: Bar,
}

/// Returns the budgets of the company, the teams and their apps.
pub(super) fn budgets(
    company: Option<&CostSummary>,
    teams: &[TeamReport],
    apps: &[TeamApp<'_>],
) -> Vec<BudgetUse> {
    let company = company.map(|costs| ("All teams".to_owned(), costs));
    let of_teams = teams
        .iter()
        .map(|team| (display_name(&team.name), &team.costs));
    let of_apps = apps.iter().map(|(team, app)| {
        let app_name = display_name(&app.name);
        let name = match teams {
            [_] => app_name,
            _ => format!("{} / {app_name}", display_name(&team.name)),
        };
        (name, &app.costs)
    });
    let all = company.into_iter().chain(of_teams).chain(of_apps);
    let budgets = all.filter_map(|(name, costs)| {
        let left = costs.budget_left();
        Some(BudgetUse {
            name,
            costs: *costs,
            difference: left.map(|left| left.max(-left)),
            is_over: left.is_some_and(|left| left < Money::ZERO),
            bar: Bar::with_limit(costs, costs.budget?),
        })
    });
    let mut budgets: Vec<_> = budgets.collect();
    budgets.sort_by_key(|BudgetUse { costs, .. }| {
        Reverse(costs.budget_forecast().or(costs.budget_used()))
    });
    budgets.truncate(MAX_BUDGETS);
    budgets
}

/// The maximum number of apps in "Running now".
const MAX_RUNNING: usize = 10;

/// An app and the monthly cost of its running resources.
#[derive(Debug)]
pub(super) struct RunningApp {
    pub(super) name: String,
    /// The team, if there are several.
    pub(super) team: Option<String>,
    pub(super) dynos: Option<Money>,
    pub(super) addons: Option<Money>,
    pub(super) total: Option<Money>,
}

/// Returns the apps whose running resources are most expensive, and the number of others.
pub(super) fn running_apps(teams: &[TeamReport]) -> (Vec<RunningApp>, usize) {
    let all = running_now::apps(teams);
    let apps = all.iter().take(MAX_RUNNING);
    let apps = apps.map(|(team, app)| RunningApp {
        name: display_name(&app.name),
        team: (teams.len() > 1).then(|| display_name(&team.name)),
        dynos: app.rate.dynos,
        addons: sum_known([app.rate.data, app.rate.partner]),
        total: app.rate.total,
    });
    (apps.collect(), all.len().saturating_sub(MAX_RUNNING))
}

/// Returns the monthly cost of all running resources.
pub(super) fn running_total(teams: &[TeamReport]) -> Option<Money> {
    let rates = teams.iter().filter_map(|team| team.run_rate.as_ref());
    rates
        .map(|rate| rate.rate.total)
        .reduce(|a, b| sum_known([a, b]))?
}

/// The chart and table of costs and invoices by month.
#[derive(Debug)]
pub(super) struct InvoicePanel {
    pub(super) chart: ColumnChart,
    pub(super) months: Vec<InvoiceMonth>,
    /// The text alternative of the chart.
    pub(super) summary: String,
    /// What the chart shows.
    pub(super) caption: &'static str,
}

/// The costs and invoices of a month.
#[derive(Debug)]
pub(super) struct InvoiceMonth {
    pub(super) month: Month,
    /// The cost of usage.
    pub(super) usage: Option<Money>,
    /// The total of invoices.
    pub(super) total: Option<Money>,
    /// The payment state, if there is only one team.
    pub(super) state: Option<&'static str>,
    /// Whether this is the current month.
    pub(super) is_open: bool,
    has_usage_chart: bool,
}

impl InvoiceMonth {
    /// Returns the amount in the chart.
    pub(super) fn amount(&self) -> Option<Money> {
        if self.has_usage_chart {
            self.usage
        } else {
            self.total
        }
    }
}

/// Returns the costs and invoices of `teams` up to the month `current`. Returns `None` if there are
/// none. The chart shows the costs of usage if they are known, else invoices.
pub(super) fn invoices(teams: &[TeamReport], current: Month) -> Option<InvoicePanel> {
    let all = || teams.iter().flat_map(|team| &team.invoices);
    let past = || teams.iter().flat_map(|team| &team.months);
    let invoiced = all().filter(|invoice| invoice.total.is_some());
    let used = past().filter(|month| month.cost.is_some());
    let has_usage_chart = used.clone().next().is_some();
    let known = invoiced.map(|invoice| invoice.month);
    let earliest = known.chain(used.map(|month| month.month)).min()?;
    let months = months_back(current, CHART_MONTHS).take_while(|month| *month >= earliest);
    let mut months: Vec<_> = months.collect();
    months.reverse();
    let of_month = |month: Month| {
        let invoices = || all().filter(move |invoice| invoice.month == month);
        let is_open = month == current;
        let usage = if is_open {
            sum_known(teams.iter().map(|team| team.costs.current))
        } else {
            let months = past().filter(|past| past.month == month);
            sum_known(months.map(|past| past.cost))
        };
        let state = invoices().find_map(|invoice| invoice.state);
        InvoiceMonth {
            month,
            usage,
            total: sum_known(invoices().map(|invoice| invoice.total)),
            state: state.filter(|_| teams.len() == 1),
            is_open,
            has_usage_chart,
        }
    };
    let months: Vec<_> = months.into_iter().map(of_month).collect();
    let amounts: Vec<_> = months.iter().map(InvoiceMonth::amount).collect();
    Some(InvoicePanel {
        chart: ColumnChart::new(&amounts),
        summary: summary(&months),
        caption: if has_usage_chart {
            "The chart shows the cost of usage."
        } else {
            "The chart shows invoices."
        },
        months,
    })
}

fn summary(months: &[InvoiceMonth]) -> String {
    let closed = months.iter().filter(|month| !month.is_open);
    let closed: Vec<_> = closed
        .filter_map(|month| Some((month_name(month.month), cents(month.amount()?))))
        .collect();
    match closed.as_slice() {
        [] => "The open month.".to_owned(),
        [(month, amount)] => format!("One month: ${amount} in {month}."),
        [(first, from), .., (last, to)] => format!(
            "Costs by month, from ${from} in {first} to ${to} in {last}. The table below has all months."
        ),
    }
}

/// An app whose cost rises.
#[derive(Debug)]
pub(super) struct TopIncrease {
    pub(super) name: String,
    pub(super) team: Option<String>,
    pub(super) amount: Money,
    pub(super) share: Option<String>,
    pub(super) bar: Bar,
}

/// Returns the apps with the largest increases, largest first.
pub(super) fn top_increases(apps: &[TeamApp<'_>], several_teams: bool) -> Vec<TopIncrease> {
    let increases = apps.iter().filter_map(|app| Some((cost_change(app)?, app)));
    let mut increases: Vec<_> = increases
        .filter(|(increase, _)| *increase >= MIN_INCREASE)
        .collect();
    increases.sort_by_key(|(increase, (team, app))| (Reverse(*increase), &app.name, &team.name));
    let max = increases
        .first()
        .map_or(Money::ZERO, |(increase, _)| *increase);
    let top = increases.into_iter().take(MAX_INCREASES);
    let top = top.map(|(increase, (team, app))| {
        let costs = CostSummary {
            current: Some(increase),
            ..CostSummary::default()
        };
        let share = app.costs.change_share().map(Percent::signed_text);
        TopIncrease {
            name: display_name(&app.name),
            team: several_teams.then(|| display_name(&team.name)),
            amount: increase,
            share: share.or_else(|| team.is_new(app).then(|| "new".to_owned())),
            bar: Bar::new(&costs, None, max),
        }
    });
    top.collect()
}

/// An endpoint and the age of its data.
#[derive(Debug)]
pub(super) struct FreshnessRow {
    /// The name of the target.
    pub(super) target: String,
    pub(super) endpoint: &'static str,
    pub(super) state: &'static str,
    pub(super) is_failed: bool,
    pub(super) data_as_of: Option<FormattedTime>,
    pub(super) changed_at: Option<FormattedTime>,
    /// The message of a data issue.
    pub(super) message: Option<String>,
    /// The advice on the data issue, unless a notice contains it.
    pub(super) advice: Option<&'static str>,
}

/// Returns the freshness of the endpoints of `teams` and of targets that are not teams, and the
/// number of endpoints that are not listed.
pub(super) fn freshness(report: &Report, teams: &[TeamReport]) -> (Vec<FreshnessRow>, usize) {
    let all = report.freshness.iter();
    let mut relevant: Vec<_> = all
        .filter(|endpoint| report.is_relevant(&endpoint.team, teams))
        .collect();
    relevant.sort_by_key(|endpoint| endpoint.state.min(EndpointState::Succeeded));
    let more = relevant.len().saturating_sub(MAX_ENDPOINTS);
    let listed = relevant.into_iter().take(MAX_ENDPOINTS);
    (
        listed
            .map(|endpoint| freshness_row(endpoint, report))
            .collect(),
        more,
    )
}

fn freshness_row(endpoint: &EndpointFreshness, report: &Report) -> FreshnessRow {
    let issue = report
        .issues
        .iter()
        .find(|issue| (&issue.team, issue.endpoint) == (&endpoint.team, endpoint.endpoint));
    let formatted = |at: Option<_>| at.map(|at| FormattedTime::new(at, report.at));
    FreshnessRow {
        target: match endpoint.team.as_str() {
            "*" => "Team discovery".to_owned(),
            team => display_name(team),
        },
        endpoint: endpoint.endpoint,
        state: match endpoint.state {
            EndpointState::NotPolled => "not asked yet",
            EndpointState::Succeeded => "good",
            EndpointState::NotAvailable => "not offered",
            EndpointState::Failed => "failed",
        },
        is_failed: endpoint.state == EndpointState::Failed,
        data_as_of: formatted(endpoint.data_as_of),
        changed_at: formatted(endpoint.changed_at),
        message: issue.map(|issue| display_message(&issue.message)),
        advice: issue
            .filter(|issue| !issue.is_failure)
            .map(|issue| issue.advice),
    }
}
