//! The report as CSV (RFC 4180), with all apps and exact amounts.
//!
//! Names that a spreadsheet program would run as a formula get an apostrophe, which marks text
//! there, and hidden characters are replaced. The JSON format has the names unchanged.

use super::figures::{CategoryFigures, Figures, Report};
use super::format::sanitize;

/// Formats the report's costs as CSV.
///
/// # Errors
///
/// Returns an error of the CSV writer; none is known for writing to memory.
pub fn csv(report: &Report) -> Result<String, ::csv::Error> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let columns = Figures::default().columns().map(|(name, _)| name);
    let header = ["row", "team_name", "app_name", "kind"].into_iter();
    writer.write_record(header.chain(columns).chain(["source"]))?;
    let mut write = |row: &str, team: &str, app: &str, of: &Figures, by: &[CategoryFigures]| {
        let source = report.source();
        writer.write_record(record(row, team, app, "", of, source))?;
        let kind_row = format!("{row}_kind");
        by.iter()
            .filter(|kind| kind.figures.is_known())
            .map(|kind| {
                record(
                    &kind_row,
                    team,
                    app,
                    kind.category.as_str(),
                    &kind.figures,
                    source,
                )
            })
            .try_for_each(|record| writer.write_record(record))
    };
    write("company", "", "", &report.company, &report.categories)?;
    for team in &report.teams {
        write("team", &team.name, "", &team.figures, &team.categories)?;
    }
    for (team, app) in report.apps() {
        write("app", &team.name, &app.name, &app.figures, &app.categories)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(
    row: &str,
    team: &str,
    app: &str,
    kind: &str,
    figures: &Figures,
    source: &str,
) -> Vec<String> {
    let mut record = vec![row.to_owned(), text(team), text(app), kind.to_owned()];
    let values = figures
        .columns()
        .map(|(_, value)| value.unwrap_or_default());
    record.extend(values);
    record.push(source.to_owned());
    record
}

fn text(name: &str) -> String {
    // With the fullwidth forms, which some programs treat alike.
    let is_formula = name.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    format!("{}{}", if is_formula { "'" } else { "" }, sanitize(name))
}
