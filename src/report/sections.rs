//! The sections below the costs: budgets, and invoices in comparison with usage.

use super::figures::{Figures, Report};
use super::format::{cents, sanitize};
use super::grid::{Cell, Column, Grid, Row};
use super::percent::PerCent;
use super::terminal::Style;
use billing::money::Money;
use comfy_table::CellAlignment::{Left, Right};

/// Creates a cell, or the mark of an unknown value.
pub(super) fn known(text: Option<String>, style: Style) -> Cell {
    text.map_or(Cell::new("–", Style::Faint), |text| {
        Cell::new(text, style)
    })
}

/// Lists the budgets of the company, the teams and the apps, if there are any.
pub(super) fn budgets(report: &Report) -> Option<Grid> {
    let has_teams = report.teams.len() > 1;
    let mut rows = Vec::new();
    if has_teams {
        rows.extend(budget("all teams".to_owned(), &report.company));
    }
    for team in &report.teams {
        rows.extend(budget(sanitize(&team.name), &team.figures));
        for app in &team.apps {
            let prefix = if has_teams {
                format!("{} ", team.name)
            } else {
                String::new()
            };
            rows.extend(budget(sanitize(&(prefix + &app.name)), &app.figures));
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

fn budget(name: String, figures: &Figures) -> Option<Row> {
    let budget = figures.budget?;
    let left = figures.budget_left();
    let is_over = left.is_some_and(|left| left < Money::ZERO);
    let style = if is_over {
        Style::Increase
    } else {
        Style::Plain
    };
    Some(Row::new(vec![
        Cell::new(name, Style::Plain),
        Cell::new(cents(budget), Style::Plain),
        known(figures.budget_used().map(PerCent::text), Style::Plain),
        known(figures.budget_forecast().map(PerCent::text), style),
        known(left.map(cents), style),
    ]))
}

/// Compares the invoices of both months with usage, if any is known.
pub(super) fn invoices(report: &Report) -> Option<Grid> {
    let mut rows = Vec::new();
    for team in &report.teams {
        for month in &team.reconciliations {
            if month.invoice.or(month.usage).is_none() {
                continue;
            }
            let amount = |money: Option<Money>| known(money.map(cents), Style::Plain);
            rows.push(Row::new(vec![
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
