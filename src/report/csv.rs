//! The report as CSV (RFC 4180), with all apps and exact amounts.
//!
//! Names that a spreadsheet would evaluate as a formula are prefixed with an apostrophe, which
//! marks text, and hidden characters are replaced. The JSON format keeps names unchanged.

use super::costs::{CategoryCosts, CostSummary, Report};
use super::format::{exact, sanitize};
use super::past::PastCategory;
use billing::money::Money;

/// Formats the report's costs as CSV.
///
/// # Errors
///
/// Returns an error if writing fails. Writing to memory is not known to fail.
pub fn csv(report: &Report) -> Result<String, ::csv::Error> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let columns = CostSummary::default().columns().map(|(name, _)| name);
    let header = ["row", "team_name", "app_name", "kind"].into_iter();
    let past = ["month", "cost_usd"];
    writer.write_record(header.chain(columns).chain(["source"]).chain(past))?;
    let (source, none) = (report.source(), CostSummary::default());
    let mut write =
        |row: &str, team: &str, app: &str, costs: &CostSummary, categories: &[CategoryCosts]| {
            writer.write_record(record(row, team, app, "", costs, source))?;
            let category_row = format!("{row}_kind");
            let known = categories.iter().filter(|of| of.costs.is_known());
            known
                .map(|of| {
                    let category = of.category.as_str();
                    record(&category_row, team, app, category, &of.costs, source)
                })
                .try_for_each(|record| writer.write_record(record))
        };
    write("company", "", "", &report.company, &report.categories)?;
    for team in &report.teams {
        write("team", &team.name, "", &team.costs, &team.categories)?;
    }
    for (team, app) in report.apps() {
        write("app", &team.name, &app.name, &app.costs, &app.categories)?;
    }
    for team in &report.teams {
        for month in &team.months {
            let mut write = |row: &str, app: &str, cost, categories: &[PastCategory]| {
                let mut past = |row: &str, category: &str, cost: Option<Money>| {
                    let mut record = record(row, &team.name, app, category, &none, source);
                    record.truncate(record.len() - 2);
                    record.push(month.month.to_string());
                    record.push(cost.map(exact).unwrap_or_default());
                    writer.write_record(record)
                };
                past(row, "", cost)?;
                let categories = categories.iter();
                categories
                    .map(|of| (of.category, of.cost))
                    .try_for_each(|(category, cost)| past(&format!("{row}_kind"), category, cost))
            };
            write("team_month", "", month.cost, &month.categories)?;
            for app in &month.apps {
                write("app_month", &app.name, app.cost, &app.categories)?;
            }
        }
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(
    row: &str,
    team: &str,
    app: &str,
    category: &str,
    costs: &CostSummary,
    source: &str,
) -> Vec<String> {
    let mut record = vec![
        row.to_owned(),
        escape_formula(team),
        escape_formula(app),
        category.to_owned(),
    ];
    let values = costs.columns().map(|(_, value)| value.unwrap_or_default());
    record.extend(values);
    record.push(source.to_owned());
    // The month and its cost, of rows about closed months.
    record.extend([String::new(), String::new()]);
    record
}

/// Sanitizes a name and marks it as text if spreadsheets would evaluate it as a formula.
fn escape_formula(name: &str) -> String {
    // Some spreadsheets treat the fullwidth forms the same way.
    let is_formula = name.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    format!("{}{}", if is_formula { "'" } else { "" }, sanitize(name))
}
