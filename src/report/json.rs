//! The report as JSON. Amounts are numbers with all decimals. The schema is
//! `docs/costs.schema.json`.

use jiff::Timestamp;
use serde::Serialize;

use super::costs::{CategoryCosts, CostSummary, ForecastBasis, Report, TeamReport};
use super::data_issues::DataIssue;
use super::format::{display, is_hidden};
use super::freshness::EndpointFreshness;
use billing::month::Month;

/// The version of the schema, raised when a key is removed or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    at: Timestamp,
    source: &'static str,
    #[serde(serialize_with = "display")]
    month: Month,
    #[serde(serialize_with = "display")]
    previous_month: Month,
    currency: &'static str,
    complete: bool,
    company: &'a CostSummary,
    forecast_basis: Option<ForecastBasis>,
    kinds: &'a [CategoryCosts],
    teams: &'a [TeamReport],
    missing: &'a [DataIssue],
    asked: &'a [EndpointFreshness],
    token_expires_at: Option<Timestamp>,
}

/// Formats the report as an indented JSON object with a trailing line break.
///
/// # Errors
///
/// Returns an error if serialization fails. No report is known to cause this.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string_pretty(&Document {
        schema: SCHEMA_VERSION,
        at: report.at,
        source: report.source(),
        month: report.month,
        previous_month: report.month.previous(),
        currency: "USD",
        complete: report.all_attempted && report.is_complete(),
        company: &report.company,
        forecast_basis: report.forecast_basis,
        kinds: &report.categories,
        teams: &report.teams,
        missing: &report.issues,
        asked: &report.freshness,
        token_expires_at: report.token_expires_at,
    })?;
    Ok(escape(&json) + "\n")
}

/// Escapes control and hidden characters, which occur only in strings.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_hidden(c) {
            let mut units = [0; 2];
            let units = c.encode_utf16(&mut units);
            escaped.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(c);
        }
    }
    escaped
}
