//! The costs of closed months as a table in the terminal.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::costs::Report;
use super::format::{cents, count, month_name, sanitize};
use super::grid::{Cell, Column, Grid, GridRow, paragraph};
use super::past::{PastCategory, PastMonth, PastMonths};
use super::sections::value_cell;
use super::terminal::{Style, Terminal};
use billing::category::Category;
use billing::money::Money;
use billing::month::Month;
use comfy_table::CellAlignment::{Left, Right};

/// The width of names for which the oldest months are hidden.
const MIN_NAME_WIDTH: u16 = 16;

/// Formats the costs of the months `past` for `terminal`, with the `top` most expensive apps, or all if
/// `None`.
pub fn past_table(
    report: &Report,
    past: &PastMonths<'_>,
    top: Option<usize>,
    terminal: Terminal,
) -> String {
    let months = past.months();
    let title = match months {
        [month] => format!("Heroku costs, {}", month_name(*month)),
        [first, .., last] => format!(
            "Heroku costs, {} to {}",
            month_name(*first),
            month_name(*last)
        ),
        [] => "Heroku costs".to_owned(),
    };
    let demo = if report.is_demo { " (demo data)" } else { "" };
    let mut parts = vec![
        paragraph(&(title + demo), 0, Style::Strong, terminal)
            + &paragraph(
                "US dollars before credits and taxes. Invoices are totals.",
                0,
                Style::Faint,
                terminal,
            ),
        grid(report, months, top).render(terminal),
        super::table::data_issues(report, terminal),
    ];
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// The costs of a row by month.
type ByMonth = BTreeMap<Month, Money>;

fn grid(report: &Report, months: &[Month], top: Option<usize>) -> Grid {
    let mut columns = vec![Column::new("", Left, 0)];
    for (age, month) in months.iter().rev().enumerate() {
        // The latest months have priority in a narrow terminal.
        let age = u16::try_from(age).unwrap_or(u16::MAX);
        let width = if age == 0 { 0 } else { MIN_NAME_WIDTH };
        columns.insert(
            1,
            Column::new(month.to_string(), Right, width.saturating_add(age)),
        );
    }
    let row = |name: &str, style, costs: &ByMonth| {
        let mut cells = vec![Cell::new(sanitize(name), style)];
        let values = months.iter().map(|month| costs.get(month).copied());
        cells.extend(values.map(|cost| value_cell(cost.map(cents), Style::Plain)));
        GridRow::new(cells)
    };
    let all = || report.teams.iter().flat_map(|team| &team.months);
    let total = |month: &PastMonth| month.cost;
    let several_teams = report.teams.len() > 1;
    let name = match report.teams.as_slice() {
        [team] => team.name.as_str(),
        _ => "all teams",
    };
    let mut rows = vec![
        row(name, Style::Strong, &sum(all(), total)),
        row("invoices", Style::Faint, &sum(all(), |month| month.invoice)),
    ];
    if several_teams {
        rows.push(GridRow::heading("By team"));
        for team in &report.teams {
            rows.push(row(&team.name, Style::Plain, &sum(&team.months, total)));
        }
    }
    rows.push(GridRow::heading("By resource type"));
    for category in Category::ALL {
        let of = |month: &PastMonth| cost_of(&month.categories, category);
        let costs = sum(all(), of);
        if costs.values().any(|cost| *cost != Money::ZERO) {
            rows.push(row(category.as_str(), Style::Plain, &costs));
        }
    }
    let mut apps: BTreeMap<(&str, &str), ByMonth> = BTreeMap::new();
    for team in &report.teams {
        for month in &team.months {
            for app in &month.apps {
                let costs = apps.entry((&app.name, &team.name)).or_default();
                costs.extend(app.cost.map(|cost| (month.month, cost)));
            }
        }
    }
    let mut apps: Vec<_> = apps.into_iter().collect();
    apps.sort_by_key(|(_, costs)| Reverse(costs.values().copied().sum::<Money>()));
    let shown = top.unwrap_or(apps.len()).min(apps.len());
    if shown > 0 {
        rows.push(GridRow::heading("By app"));
    }
    for ((app, team), costs) in &apps[..shown] {
        let name = match several_teams {
            true => format!("{team} {app}"),
            false => (*app).to_owned(),
        };
        rows.push(row(&name, Style::Plain, costs));
    }
    if shown < apps.len() {
        let mut others = ByMonth::new();
        for (month, cost) in apps[shown..].iter().flat_map(|(_, costs)| costs) {
            let sum = others.entry(*month).or_default();
            *sum = *sum + *cost;
        }
        let name = count(apps.len() - shown, "other", "others");
        rows.push(row(&name, Style::Faint, &others));
    }
    Grid { columns, rows }
}

fn sum<'a>(
    months: impl IntoIterator<Item = &'a PastMonth>,
    cost: impl Fn(&PastMonth) -> Option<Money>,
) -> ByMonth {
    let mut sums = ByMonth::new();
    for month in months {
        if let Some(cost) = cost(month) {
            let sum = sums.entry(month.month).or_default();
            *sum = *sum + cost;
        }
    }
    sums
}

fn cost_of(categories: &[PastCategory], category: Category) -> Option<Money> {
    let mut categories = categories.iter();
    categories
        .find(|of| of.category == category.as_str())
        .and_then(|of| of.cost)
}
