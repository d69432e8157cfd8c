//! The report's costs as CSV (RFC 4180), one line for each figure's owner: all apps, exact.
//!
//! A name that a spreadsheet program would take for a formula gets an apostrophe before it, which
//! such programs take for "this is text", and control characters are shown as in the table. Heroku's
//! own names have neither; a row that somebody named in a configuration could. The JSON has the
//! names as they are.

use super::decimal::{exact, exact_per_cent};
use super::text::visible;
use super::{Figures, Kind, Report};

const HEADER: [&str; 13] = [
    "row",
    "team_name",
    "app_name",
    "kind",
    "current_usd",
    "forecast_usd",
    "previous_usd",
    "change_usd",
    "change_percent",
    "budget_usd",
    "budget_used_percent",
    "budget_forecast_percent",
    "source",
];

/// The report's costs as CSV.
///
/// # Errors
///
/// None that is known: memory takes every line.
pub fn csv(report: &Report) -> Result<String, ::csv::Error> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    let mut lines = vec![line("company", "", "", "", &report.company)];
    lines.extend(kinds("company_kind", "", "", &report.kinds));
    for team in &report.teams {
        lines.push(line("team", &team.name, "", "", &team.figures));
        lines.extend(kinds("team_kind", &team.name, "", &team.kinds));
    }
    for (team, app) in report.apps() {
        lines.push(line("app", &team.name, &app.name, "", &app.figures));
        lines.extend(kinds("app_kind", &team.name, &app.name, &app.kinds));
    }
    for line in &lines {
        let line = line.iter().map(String::as_str);
        writer.write_record(line.chain([report.source()]))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The kinds of which something is known.
fn kinds<'a>(
    row: &'a str,
    team: &'a str,
    app: &'a str,
    kinds: &'a [Kind],
) -> impl Iterator<Item = [String; 12]> + 'a {
    let known = kinds.iter().filter(|kind| kind.figures.is_known());
    known.map(move |kind| line(row, team, app, kind.category.as_str(), &kind.figures))
}

fn line(row: &str, team: &str, app: &str, kind: &str, figures: &Figures) -> [String; 12] {
    let usd = |money: Option<_>| money.map(exact).unwrap_or_default();
    let share = |share: Option<_>| share.map(exact_per_cent).unwrap_or_default();
    [
        row.to_owned(),
        text(team),
        text(app),
        kind.to_owned(),
        usd(figures.current),
        usd(figures.forecast),
        usd(figures.previous),
        usd(figures.change()),
        share(figures.change_share()),
        usd(figures.budget),
        share(figures.budget_used()),
        share(figures.budget_forecast()),
    ]
}

/// A name as text that is no formula.
fn text(name: &str) -> String {
    let is_formula = name.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    let mark = if is_formula { "'" } else { "" };
    format!("{mark}{}", visible(name))
}
