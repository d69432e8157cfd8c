//! The report as JSON, whole and exact: money is a number with as many decimals as it has, never a
//! float on its way. `docs/costs.schema.json` is its schema.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::decimal::{exact, exact_per_cent};
use super::text::is_hidden;
use super::{
    AppReport, DataIssue, Figures, Freshness, InvoiceReconciliation, Kind, PastInvoice, PerCent,
    Report, TeamReport,
};
use billing::money::Money;

/// Raised when a key goes or changes its meaning; one that comes does not count.
const SCHEMA: u32 = 1;

/// The report as one JSON object, indented, with a line break at its end.
///
/// # Errors
///
/// None that is known: what is written has no part that JSON cannot say.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = escaped(&serde_json::to_string_pretty(&Whole::of(report))?);
    text.push('\n');
    Ok(text)
}

/// The same JSON with what a terminal would obey or hide as escapes; it can stand in strings alone.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_hidden(c) {
            let mut units = [0; 2];
            let units = c.encode_utf16(&mut units);
            text.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: u32,
    at: String,
    source: &'static str,
    month: String,
    previous_month: String,
    currency: &'static str,
    complete: bool,
    company: Costs,
    kinds: Vec<OfKind>,
    teams: Vec<OfTeam<'a>>,
    missing: Vec<Missing<'a>>,
    asked: Vec<EndpointHealth<'a>>,
    token_expires_at: Option<String>,
}

#[derive(Serialize)]
struct OfTeam<'a> {
    team_name: &'a str,
    team_id: Option<&'a str>,
    /// A share of days: the one float.
    covered_ratio: Option<f64>,
    #[serde(flatten)]
    costs: Costs,
    kinds: Vec<OfKind>,
    bills: Vec<OfBill>,
    invoices: Vec<OfInvoice>,
    suspension_at: Option<String>,
    deletion_at: Option<String>,
    apps_rolled_up: usize,
    apps: Vec<OfApp<'a>>,
}

#[derive(Serialize)]
struct OfApp<'a> {
    app_name: &'a str,
    #[serde(flatten)]
    costs: Costs,
    kinds: Vec<OfKind>,
}

#[derive(Serialize)]
struct OfKind {
    kind: &'static str,
    #[serde(flatten)]
    costs: Costs,
}

#[derive(Serialize)]
struct OfBill {
    period: &'static str,
    month: String,
    invoice_usd: Option<Usd>,
    usage_usd: Option<Usd>,
    unexplained_usd: Option<Usd>,
    dyno_unit_price_usd: Option<Usd>,
    dyno_unit_price_source: Option<&'static str>,
}

#[derive(Serialize)]
struct OfInvoice {
    month: String,
    total_usd: Option<Usd>,
    state: Option<&'static str>,
}

#[derive(Serialize)]
struct Costs {
    current_usd: Option<Usd>,
    forecast_usd: Option<Usd>,
    previous_usd: Option<Usd>,
    change_usd: Option<Usd>,
    change_percent: Option<Share>,
    budget_usd: Option<Usd>,
    budget_used_percent: Option<Share>,
    budget_forecast_percent: Option<Share>,
}

#[derive(Serialize)]
struct Missing<'a> {
    team_name: &'a str,
    endpoint: &'static str,
    reason: &'static str,
    message: &'a str,
    advice: &'static str,
    figures_as_of: Option<String>,
    failed: bool,
}

#[derive(Serialize)]
struct EndpointHealth<'a> {
    team_name: &'a str,
    endpoint: &'static str,
    standing: &'static str,
    figures_as_of: Option<String>,
    changed_at: Option<String>,
    last_attempt: Option<String>,
}

/// Dollars.
struct Usd(Money);

/// A share in per cent.
struct Share(PerCent);

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(exact(self.0), serializer)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(exact_per_cent(self.0), serializer)
    }
}

fn number<S: Serializer>(text: String, serializer: S) -> Result<S::Ok, S::Error> {
    let number = RawValue::from_string(text).map_err(serde::ser::Error::custom)?;
    number.serialize(serializer)
}

impl<'a> Whole<'a> {
    fn of(report: &'a Report) -> Self {
        Self {
            schema: SCHEMA,
            at: report.at.to_string(),
            source: report.source(),
            month: report.month.to_string(),
            previous_month: report.month.previous().to_string(),
            currency: "USD",
            complete: report.all_asked && report.is_whole(),
            company: Costs::of(&report.company),
            kinds: report.kinds.iter().map(OfKind::of).collect(),
            teams: report.teams.iter().map(OfTeam::of).collect(),
            missing: report.gaps.iter().map(Missing::of).collect(),
            asked: report.freshness.iter().map(EndpointHealth::of).collect(),
            token_expires_at: report.token_expires_at.map(|at| at.to_string()),
        }
    }
}

impl<'a> OfTeam<'a> {
    fn of(team: &'a TeamReport) -> Self {
        Self {
            team_name: &team.name,
            team_id: team.id.as_deref(),
            covered_ratio: team.covered,
            costs: Costs::of(&team.figures),
            kinds: team.kinds.iter().map(OfKind::of).collect(),
            bills: team.bills.iter().map(OfBill::of).collect(),
            invoices: team.invoices.iter().map(OfInvoice::of).collect(),
            suspension_at: team.delinquency.suspension.map(|at| at.to_string()),
            deletion_at: team.delinquency.deletion.map(|at| at.to_string()),
            apps_rolled_up: team.rolled_up,
            apps: team.apps.iter().map(OfApp::of).collect(),
        }
    }
}

impl<'a> OfApp<'a> {
    fn of(app: &'a AppReport) -> Self {
        Self {
            app_name: &app.name,
            costs: Costs::of(&app.figures),
            kinds: app.kinds.iter().map(OfKind::of).collect(),
        }
    }
}

impl OfKind {
    fn of(kind: &Kind) -> Self {
        Self {
            kind: kind.category.as_str(),
            costs: Costs::of(&kind.figures),
        }
    }
}

impl OfBill {
    fn of(bill: &InvoiceReconciliation) -> Self {
        Self {
            period: bill.which.as_str(),
            month: bill.month.to_string(),
            invoice_usd: bill.invoice.map(Usd),
            usage_usd: bill.usage.map(Usd),
            unexplained_usd: bill.unexplained.map(Usd),
            dyno_unit_price_usd: bill.dyno_unit.map(|(price, _)| Usd(price)),
            dyno_unit_price_source: bill.dyno_unit.map(|(_, source)| source.as_str()),
        }
    }
}

impl OfInvoice {
    fn of(invoice: &PastInvoice) -> Self {
        Self {
            month: invoice.month.to_string(),
            total_usd: invoice.total.map(Usd),
            state: invoice.state,
        }
    }
}

impl Costs {
    fn of(figures: &Figures) -> Self {
        Self {
            current_usd: figures.current.map(Usd),
            forecast_usd: figures.forecast.map(Usd),
            previous_usd: figures.previous.map(Usd),
            change_usd: figures.change().map(Usd),
            change_percent: figures.change_share().map(Share),
            budget_usd: figures.budget.map(Usd),
            budget_used_percent: figures.budget_used().map(Share),
            budget_forecast_percent: figures.budget_forecast().map(Share),
        }
    }
}

impl<'a> Missing<'a> {
    fn of(gap: &'a DataIssue) -> Self {
        Self {
            team_name: &gap.team,
            endpoint: gap.endpoint,
            reason: gap.reason,
            message: &gap.message,
            advice: gap.advice,
            figures_as_of: gap.shown_as_of.map(|at| at.to_string()),
            failed: gap.is_failure,
        }
    }
}

impl<'a> EndpointHealth<'a> {
    fn of(asked: &'a Freshness) -> Self {
        let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
        Self {
            team_name: &asked.team,
            endpoint: asked.endpoint,
            standing: asked.standing.as_str(),
            figures_as_of: text(asked.as_of),
            changed_at: text(asked.changed_at),
            last_attempt: text(asked.last_attempt),
        }
    }
}
