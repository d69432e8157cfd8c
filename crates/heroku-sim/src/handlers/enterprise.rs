//! Enterprise accounts, their teams and their usage.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

use super::list::{self, EndpointRequest};
use super::{monthly_usage, teams};
use crate::company::{Company, EnterpriseAccount};
use crate::endpoint::Endpoint;
use crate::response::ApiResponse;
use crate::state::SimState;

/// The figures that every row has (schema: `enterprise-account-monthly-usage`).
const FIGURES: [&str; 6] = ["addons", "connect", "data", "dynos", "partner", "space"];

/// Returns a page of the enterprise accounts.
pub(super) fn list_accounts(company: &Company, request: EndpointRequest<'_>) -> ApiResponse {
    let accounts: Vec<Value> = company
        .enterprise_accounts
        .iter()
        .map(account_object)
        .collect();
    list::page(&accounts, &["id", "name"], request)
}

/// Returns the response of an endpoint below `/enterprise-accounts/{identity}`.
pub(super) fn handle_account(
    state: &SimState,
    endpoint: Endpoint,
    identity: &str,
    request: EndpointRequest<'_>,
) -> ApiResponse {
    // Usage accepts the id only (schema:
    // `/enterprise-accounts/{enterprise-account.id}/usage/monthly`).
    let matches_identity = |account: &&EnterpriseAccount| {
        if endpoint == Endpoint::EnterpriseUsage {
            account.id == identity
        } else {
            account.has_identity(identity)
        }
    };
    let company = &state.company;
    let Some(account) = company.enterprise_accounts.iter().find(matches_identity) else {
        return ApiResponse::error(404, "not_found", "Couldn't find that enterprise account.");
    };
    match endpoint {
        Endpoint::EnterpriseAccount => ApiResponse::json(200, &account_object(account)),
        Endpoint::EnterpriseTeams => teams::list_teams(company, company.teams_of(account), request),
        Endpoint::EnterpriseUsage => match &account.usage {
            Some(rows) => monthly_usage::respond(rows, state.today, request.query),
            None => {
                monthly_usage::respond(&summed_usage(company, account), state.today, request.query)
            }
        },
        _ => ApiResponse::unknown_endpoint(),
    }
}

/// Returns an account (schema: `enterprise-account`). Fields that an [`EnterpriseAccount`] does not
/// have are the same for all accounts.
fn account_object(account: &EnterpriseAccount) -> Value {
    json!({
        "id": account.id,
        "created_at": "2018-11-05T08:30:00Z",
        "identity_provider": null,
        "name": account.name,
        "partner_benefits": false,
        "permissions": ["view", "create", "manage", "billing"],
        "trial": false,
        "updated_at": "2024-11-18T16:03:20Z",
    })
}

/// Returns a row for each month, summed from the rows of the account's teams. Rows whose `month` is
/// not a string are skipped.
fn summed_usage(company: &Company, account: &EnterpriseAccount) -> Vec<Value> {
    let mut months: BTreeMap<&str, Vec<Map<String, Value>>> = BTreeMap::new();
    for row in company.teams_of(account).flat_map(|team| &team.usage) {
        let month = row.get("month").and_then(Value::as_str);
        if let (Some(month), Some(team)) = (month, row.as_object()) {
            let mut team = team.clone();
            team.remove("month");
            months.entry(month).or_default().push(team);
        }
    }
    let row = |(month, teams): (&str, Vec<Map<String, Value>>)| {
        let mut row = totals(&teams);
        row.insert("id".to_owned(), json!(account.id));
        row.insert("name".to_owned(), json!(account.name));
        row.insert("month".to_owned(), json!(month));
        row.insert("teams".to_owned(), json!(teams));
        Value::Object(row)
    };
    months.into_iter().map(row).collect()
}

/// Returns the sums of all figures, including undocumented ones. Heroku does not document how the
/// Connect row counts of several teams are combined; the simulator adds them.
fn totals(teams: &[Map<String, Value>]) -> Map<String, Value> {
    // Sums integers, because sums of decimal fractions are not exact.
    let mut sums: BTreeMap<&str, f64> = FIGURES.map(|figure| (figure, 0.0)).into();
    for (name, value) in teams.iter().flatten() {
        if let Some(figure) = value.as_f64() {
            *sums.entry(name).or_default() += (figure * 1e6).round();
        }
    }
    sums.into_iter()
        .map(|(name, millionths)| (name.to_owned(), number(millionths / 1e6)))
        .collect()
}

/// Returns a JSON number, without a fraction if the value is integral, as many serializers write
/// it. Returns `null` for a value that JSON cannot represent.
fn number(figure: f64) -> Value {
    if figure.fract() == 0.0 && figure.abs() < 1e15 {
        json!(figure as i64)
    } else {
        Number::from_f64(figure).map_or(Value::Null, Value::Number)
    }
}
