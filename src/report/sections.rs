//! The budget and invoice sections of the terminal report.

use super::costs::{CostSummary, Report};
use super::format::{cents, sanitize};
use super::grid::{Cell, Column, Grid, GridRow};
use super::percent::Percent;
use super::terminal::Style;
use billing::money::Money;
use comfy_table::CellAlignment::{Left, Right};

/// Creates a cell with a value, or with a dash if the value is unknown.
pub(super) fn value_cell(text: Option<String>, style: Style) -> Cell {
    text.map_or(Cell::new("–", Style::Faint), |text| {
        Cell::new(text, style)
    })
}

/// Lists the budgets of the company, its teams and their apps. Returns `None` if there are none.
pub(super) fn budgets(report: &Report) -> Option<Grid> {
    let several_teams = report.teams.len() > 1;
    let mut rows = Vec::new();
    if several_teams {
        rows.extend(budget("all teams".to_owned(), &report.company));
    }
    for team in &report.teams {
        rows.extend(budget(sanitize(&team.name), &team.costs));
        for app in &team.apps {
            let prefix = if several_teams {
                format!("{} ", team.name)
            } else {
                String::new()
            };
            rows.extend(budget(sanitize(&(prefix + &app.name)), &app.costs));
        }
    }
    let columns = vec![
        Column::new("Budgets", Left, 0),
        Column::new("budget", Right, 17),
        Column::new("used", Right, 1),
        Column::new("at the end", Right, 8),
        Column::new("left", Right, 18),
    ];
    (!rows.is_empty()).then_some(Grid { columns, rows })
}

fn budget(name: String, costs: &CostSummary) -> Option<GridRow> {
    let budget = costs.budget?;
    let left = costs.budget_left();
    let is_over = left.is_some_and(|left| left < Money::ZERO);
    let style = if is_over {
        Style::Increase
    } else {
        Style::Plain
    };
    Some(GridRow::new(vec![
        Cell::new(name, Style::Plain),
        Cell::new(cents(budget), Style::Plain),
        value_cell(costs.budget_used().map(Percent::text), Style::Plain),
        value_cell(costs.budget_forecast().map(Percent::text), style),
        value_cell(left.map(cents), style),
    ]))
}

/// Compares the invoices of both months with usage. Returns `None` if neither is known.
pub(super) fn invoices(report: &Report) -> Option<Grid> {
    let mut rows = Vec::new();
    for team in &report.teams {
        for month in &team.reconciliations {
            if month.invoice.or(month.usage).is_none() {
                continue;
            }
            let amount = |money: Option<Money>| value_cell(money.map(cents), Style::Plain);
            rows.push(GridRow::new(vec![
                Cell::new(sanitize(&team.name), Style::Plain),
                Cell::new(month.month.to_string(), Style::Plain),
                amount(month.invoice),
                amount(month.usage),
                amount(month.unexplained),
                amount(month.dyno_unit_price),
                Cell::new(
                    month.dyno_unit_price_source.unwrap_or_default(),
                    Style::Faint,
                ),
            ]));
        }
    }
    let columns = vec![
        Column::new("Invoices", Left, 0),
        Column::new("month", Left, 1),
        Column::new("invoice", Right, 1),
        Column::new("usage", Right, 17),
        Column::new("unexplained", Right, 8),
        Column::new("dyno unit", Right, 18),
        Column::new("by", Left, 18),
    ];
    (!rows.is_empty()).then_some(Grid { columns, rows })
}
