//! The report as a table in the terminal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::costs::{CostSummary, Report, TeamApp, known_teams};
use super::data_issues::DataIssue;
use super::format::{cents, count, count_is, month_name, sanitize, signed_cents};
use super::grid::{Cell, Column, Grid, GridRow, paragraph};
use super::percent::Percent;
use super::running_now;
use super::sections::{budgets, invoices, value_cell};
use super::terminal::{Style, Terminal};
use billing::money::Money;
use comfy_table::CellAlignment::{Left, Right};

/// Formats the report for `terminal`, with the `top` most expensive apps, or all if `None`.
pub fn table(report: &Report, top: Option<usize>, terminal: Terminal) -> String {
    let grids = [
        Some(costs(report, top, terminal)),
        budgets(report),
        invoices(report),
    ];
    let grids: Vec<_> = grids
        .iter()
        .flatten()
        .map(|grid| grid.render(terminal))
        .collect();
    let mut parts = vec![header(report, terminal)];
    parts.extend(grids);
    parts.push(running_now::section(report, top, terminal));
    parts.push(notes(report, terminal));
    parts.push(data_issues(report, terminal));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// Lists the report's data issues and the settings without effect. Returns an empty string if there
/// are none.
pub fn data_issues(report: &Report, terminal: Terminal) -> String {
    let mut text = String::new();
    if !report.issues.is_empty() {
        text += &paragraph("Missing", 0, Style::Strong, terminal);
        for issue in &report.issues {
            text += &data_issue(issue, terminal);
        }
    }
    if !report.unmatched.is_empty() {
        text += &paragraph("Settings without effect", 0, Style::Strong, terminal);
        for unmatched in &report.unmatched {
            text += &paragraph(&format!("{unmatched}."), 2, Style::Plain, terminal);
        }
    }
    text
}

fn data_issue(issue: &DataIssue, terminal: Terminal) -> String {
    let as_of = issue
        .data_as_of
        .map(|at| format!(" Using data of {}.", minute(at)));
    let text = format!(
        "{}, {}: {}: {}.{}",
        issue.team,
        issue.endpoint,
        issue.reason,
        issue.message.trim_end_matches('.'),
        as_of.unwrap_or_default()
    );
    let style = if issue.is_failure {
        Style::Plain
    } else {
        Style::Faint
    };
    paragraph(&sanitize(&text), 2, style, terminal)
        + &paragraph(issue.advice, 4, Style::Faint, terminal)
}

fn header(report: &Report, terminal: Terminal) -> String {
    let demo = if report.is_demo { " (demo data)" } else { "" };
    let title = format!("Heroku costs, {}{demo}", month_name(report.month));
    let coverage = report.coverage(&report.teams);
    let at = minute(report.at);
    let subtitle = format!("{at}. {coverage}. US dollars before credits and taxes.");
    let mut text = paragraph(&title, 0, Style::Strong, terminal)
        + &paragraph(&subtitle, 0, Style::Faint, terminal);
    let forecast = report.forecast_description(&report.teams);
    if !forecast.is_empty() {
        text += &paragraph(&forecast, 0, Style::Faint, terminal);
    }
    text
}

fn minute(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%-d %B %Y %H:%M UTC")
}

fn notes(report: &Report, terminal: Terminal) -> String {
    let change = "Change is the forecast against last month. The part of an invoice that usage does \
                  not explain is unexplained. See docs/COSTS.md.";
    let rolled_up: usize = report.teams.iter().map(|team| team.rolled_up).sum();
    let mut notes = paragraph(change, 0, Style::Faint, terminal);
    if rolled_up > 0 {
        let apps = count_is(rolled_up, "app", "apps");
        let note = format!("{apps} combined in _other (--apps.max).");
        notes += &paragraph(&note, 0, Style::Faint, terminal);
    }
    notes
}

/// The position of the team column, if there is one.
const TEAM: usize = 1;

fn costs(report: &Report, top: Option<usize>, terminal: Terminal) -> Grid {
    let several_teams = report.teams.len() > 1;
    let grid = cost_grid(report, top, several_teams);
    if several_teams && !grid.is_column_visible(TEAM, terminal) {
        return cost_grid(report, top, false);
    }
    grid
}

fn cost_grid(report: &Report, top: Option<usize>, has_team_column: bool) -> Grid {
    let mut columns = vec![
        Column::new("", Left, 0),
        Column::new("so far", Right, 1),
        Column::new("forecast", Right, 8),
        Column::new("last month", Right, 17),
        Column::new("change", Right, 18),
        Column::new("", Right, 16),
    ];
    if has_team_column {
        columns.insert(TEAM, Column::new("team", Left, 30));
    }
    let no_team = has_team_column.then(String::new);
    let row = |name: &str, style, costs: &CostSummary| {
        cost_row(sanitize(name), style, no_team.clone(), costs)
    };
    let name = match report.teams.as_slice() {
        [team] => team.name.clone(),
        teams => known_teams(teams).unwrap_or_else(|| "all teams".to_owned()),
    };
    let mut rows = vec![row(&name, Style::Strong, &report.company)];
    if report.teams.len() > 1 {
        rows.push(GridRow::heading("By team"));
        let teams = report.teams.iter();
        rows.extend(teams.map(|team| row(&team.name, Style::Plain, &team.costs)));
    }
    let categories = report.categories.iter().filter(|of| !of.costs.is_zero());
    let categories: Vec<_> = categories
        .map(|of| row(of.category.as_str(), Style::Plain, &of.costs))
        .collect();
    if !categories.is_empty() {
        rows.push(GridRow::heading("By resource type"));
        rows.extend(categories);
    }
    let apps = report.apps();
    if apps.is_empty() {
        return Grid { columns, rows };
    }
    let (top, others) = apps.split_at(top.unwrap_or(apps.len()).min(apps.len()));
    rows.push(GridRow::heading(if others.is_empty() {
        "By app".to_owned()
    } else {
        format!("Top {} of {} apps", top.len(), apps.len())
    }));
    rows.extend(app_rows(top, has_team_column));
    if !others.is_empty() {
        let costs = others.iter().map(|(_, app)| app.costs).sum();
        let name = count(others.len(), "other", "others");
        rows.push(row(&name, Style::Faint, &costs));
    }
    let unallocated = Report::unallocated(&report.company, &apps);
    if !unallocated.is_zero() {
        rows.push(row("in no app", Style::Faint, &unallocated));
    }
    Grid { columns, rows }
}

fn app_rows(apps: &[TeamApp<'_>], has_team_column: bool) -> impl Iterator<Item = GridRow> {
    let dollars = |(_, app): &TeamApp<'_>| {
        let cost = app.costs.forecast.or(app.costs.current)?;
        Some(cost.dollars().max(0.0))
    };
    let max = apps.iter().filter_map(dollars).fold(0.0, f64::max);
    let mut name_counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, app) in apps {
        *name_counts.entry(&app.name).or_default() += 1;
    }
    apps.iter().map(move |team_app| {
        let (team, app) = team_app;
        let is_ambiguous = !has_team_column && name_counts[app.name.as_str()] > 1;
        let prefix = if is_ambiguous {
            format!("{} ", team.name)
        } else {
            String::new()
        };
        let name = sanitize(&(prefix + &app.name));
        let team_name = has_team_column.then(|| sanitize(&team.name));
        let mut row = cost_row(name, Style::Plain, team_name, &app.costs);
        row.bar = dollars(team_app)
            .filter(|_| max > 0.0)
            .map(|cost| cost / max);
        if team.is_new(app)
            && let Some(share) = row.cells.last_mut()
        {
            *share = Cell::new("new", Style::Plain);
        }
        row
    })
}

fn cost_row(name: String, style: Style, team: Option<String>, costs: &CostSummary) -> GridRow {
    let share = costs.change_share();
    // Small changes have no colour.
    let is_small = share.is_some_and(Percent::is_below_one);
    let direction = match costs.change() {
        Some(change) if !is_small && change > Money::ZERO => Style::Increase,
        Some(change) if !is_small && change < Money::ZERO => Style::Decrease,
        _ => Style::Plain,
    };
    let strong = if style == Style::Strong {
        style
    } else {
        Style::Plain
    };
    let mut cells = vec![Cell::new(name, style)];
    cells.extend(team.map(|team| Cell::new(team, Style::Faint)));
    for cost in [costs.current, costs.forecast, costs.previous] {
        cells.push(value_cell(cost.map(cents), strong));
    }
    cells.push(value_cell(costs.change().map(signed_cents), direction));
    let share = share.map(Percent::signed_text).unwrap_or_default();
    cells.push(Cell::new(share, direction));
    GridRow::new(cells)
}
