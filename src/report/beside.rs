//! What stands beside the costs in a table: budgets, and invoices against usage.

use super::decimal::{cents, per_cent};
use super::grid::{Cell, Column, Grid, Line, Style};
use super::table::NOTHING;
use super::text::visible;
use super::{Figures, Report};
use billing::money::Money;

/// What may be spent, where somebody has said so.
pub(super) fn budgets(report: &Report) -> Option<Grid> {
    let column = |title, names_first| Column {
        title,
        is_text: false,
        names_first,
    };
    let mut grid = Grid {
        columns: vec![
            column("budget", 18),
            column("used", 1),
            column("at the end", 8),
            column("left", 18),
        ],
        by_worth: vec![1, 2, 0, 3],
        lines: vec![Line::Heading("Budgets".into())],
    };
    let several = report.teams.len() > 1;
    if several {
        grid.lines
            .extend(budget("all teams".into(), &report.company));
    }
    for team in &report.teams {
        grid.lines
            .extend(budget(visible(&team.name), &team.figures));
        for app in &team.apps {
            let name = if several {
                format!("{} {}", team.name, app.name)
            } else {
                app.name.clone()
            };
            grid.lines.extend(budget(visible(&name), &app.figures));
        }
    }
    (grid.lines.len() > 1).then_some(grid)
}

fn budget(name: String, figures: &Figures) -> Option<Line> {
    let budget = figures.budget?;
    let left = figures.budget_left();
    let is_over = left.is_some_and(|left| left < Money::ZERO);
    let style = if is_over {
        Style::Increase
    } else {
        Style::Plain
    };
    let share = |share: Option<_>, style| match share {
        Some(share) => Cell::new(per_cent(share), style),
        None => Cell::new(NOTHING, Style::Faint),
    };
    let left = left.map_or(Cell::new(NOTHING, Style::Faint), |left| {
        Cell::new(cents(left), style)
    });
    Some(Line::Row {
        name: Cell::new(name, Style::Plain),
        cells: vec![
            Cell::new(cents(budget), Style::Plain),
            share(figures.budget_used(), Style::Plain),
            share(figures.budget_forecast(), style),
            left,
        ],
        bar: None,
    })
}

/// The invoices against what usage explains of them.
pub(super) fn bills(report: &Report) -> Option<Grid> {
    let column = |title, is_text, names_first| Column {
        title,
        is_text,
        names_first,
    };
    let mut grid = Grid {
        columns: vec![
            column("month", true, 1),
            column("invoice", false, 1),
            column("usage", false, 18),
            column("unexplained", false, 8),
            column("dyno unit", false, 18),
            column("by", true, 18),
        ],
        by_worth: vec![0, 1, 3, 2, 4, 5],
        lines: vec![Line::Heading("Invoices".into())],
    };
    for team in &report.teams {
        let known = team
            .bills
            .iter()
            .filter(|bill| bill.invoice.or(bill.usage).is_some());
        for bill in known {
            let figure = |money: Option<Money>| match money {
                Some(money) => Cell::new(cents(money), Style::Plain),
                None => Cell::new(NOTHING, Style::Faint),
            };
            let source = bill.dyno_unit.map(|(_, source)| source.as_str());
            grid.lines.push(Line::Row {
                name: Cell::new(visible(&team.name), Style::Plain),
                cells: vec![
                    Cell::new(bill.month.to_string(), Style::Plain),
                    figure(bill.invoice),
                    figure(bill.usage),
                    figure(bill.unexplained),
                    figure(bill.dyno_unit.map(|(price, _)| price)),
                    Cell::new(source.unwrap_or_default(), Style::Faint),
                ],
                bar: None,
            });
        }
    }
    (grid.lines.len() > 1).then_some(grid)
}
