//! The section "Running now" of the terminal report, and what the page needs for its own.

use std::cmp::Reverse;

use comfy_table::CellAlignment::{Left, Right};

use super::costs::{Report, TeamReport};
use super::format::{cents, count, sanitize};
use super::grid::{Cell, Column, Grid, GridRow, paragraph};
use super::run_rate::{AppRunRate, Rate};
use super::sections::value_cell;
use super::terminal::{Style, Terminal};
use billing::money::Money;

/// An app's run rate and its team.
type TeamAppRate<'a> = (&'a TeamReport, &'a AppRunRate);

/// Returns the apps of `teams`, most expensive first.
pub(super) fn apps(teams: &[TeamReport]) -> Vec<TeamAppRate<'_>> {
    let apps = teams.iter().flat_map(|team| {
        let rate = team.run_rate.iter();
        rate.flat_map(move |rate| rate.apps.iter().map(move |app| (team, app)))
    });
    let mut apps: Vec<_> = apps.collect();
    apps.sort_by_key(|(_, app)| Reverse(app.rate.total));
    apps
}

/// Describes how many resources of `teams` have no known price. Returns `None` if all have one.
pub(super) fn unpriced(teams: &[TeamReport]) -> Option<String> {
    let rates = teams.iter().filter_map(|team| team.run_rate.as_ref());
    let unpriced: usize = rates.map(|rate| rate.unpriced.len()).sum();
    let resources = count(unpriced, "resource", "resources");
    (unpriced > 0).then(|| format!("{resources} without a known monthly price not included."))
}

/// Lists the `top` apps whose running resources are most expensive, or all if `None`. Returns an empty
/// string if no team's apps are known.
pub(super) fn section(report: &Report, top: Option<usize>, terminal: Terminal) -> String {
    let apps = apps(&report.teams);
    let shown = top.unwrap_or(apps.len()).min(apps.len());
    let several_teams = report.teams.len() > 1;
    let row = |name: &str, team: &str, rate: &Rate, style: Style| {
        let amount = |money: Option<Money>| value_cell(money.map(cents), style);
        let mut cells = vec![Cell::new(sanitize(name), style)];
        cells.extend(several_teams.then(|| Cell::new(sanitize(team), Style::Faint)));
        cells.extend([rate.dynos, rate.data, rate.partner, rate.total].map(amount));
        GridRow::new(cells)
    };
    let rows = apps[..shown].iter();
    let rows = rows.map(|(team, app)| row(&app.name, &team.name, &app.rate, Style::Plain));
    let teams = report.teams.iter();
    let totals = teams.filter_map(|team| {
        let rate = &team.run_rate.as_ref()?.rate;
        Some(row(&team.name, "", rate, Style::Strong))
    });
    let rows: Vec<_> = rows.chain(totals).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut columns = vec![Column::new("Running now", Left, 0)];
    columns.extend(several_teams.then(|| Column::new("team", Left, 17)));
    columns.extend([
        Column::new("dynos", Right, 8),
        Column::new("data", Right, 8),
        Column::new("partner", Right, 18),
        Column::new("a month", Right, 1),
    ]);
    let notes = unpriced(&report.teams);
    let notes = notes.map(|note| paragraph(&note, 0, Style::Faint, terminal));
    Grid { columns, rows }.render(terminal) + &notes.unwrap_or_default()
}
