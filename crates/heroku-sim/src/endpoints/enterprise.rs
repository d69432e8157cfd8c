//! Enterprise accounts, their teams and their usage.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

use super::{Asked, list as page, months, teams, unknown};
use crate::answer::Answer;
use crate::company::{Company, EnterpriseAccount};
use crate::endpoint::Endpoint;
use crate::state::World;

/// The figures that a row has at the least (schema: `enterprise-account-monthly-usage`).
const FIGURES: [&str; 6] = ["addons", "connect", "data", "dynos", "partner", "space"];

/// A page of the enterprise accounts.
pub(super) fn list(company: &Company, asked: Asked<'_>) -> Answer {
    let accounts: Vec<Value> = company.enterprise_accounts.iter().map(object).collect();
    page(&accounts, &["id", "name"], asked)
}

/// What an endpoint says of the enterprise account that a path names.
pub(super) fn of_one(
    world: &World,
    endpoint: Endpoint,
    identity: &str,
    asked: Asked<'_>,
) -> Answer {
    // Usage takes the id alone (schema: `/enterprise-accounts/{enterprise-account.id}/usage/monthly`),
    // the others either.
    let found = |account: &&EnterpriseAccount| {
        if endpoint == Endpoint::EnterpriseUsage {
            account.id == identity
        } else {
            account.is_called(identity)
        }
    };
    let company = &world.company;
    let Some(account) = company.enterprise_accounts.iter().find(found) else {
        return Answer::error(404, "not_found", "Couldn't find that enterprise account.");
    };
    match endpoint {
        Endpoint::EnterpriseAccount => Answer::json(200, &object(account)),
        Endpoint::EnterpriseTeams => teams::list(company, company.teams_of(account), asked),
        Endpoint::EnterpriseUsage => match &account.usage {
            Some(rows) => months::answer(rows, world.today, asked.query),
            None => months::answer(&usage(company, account), world.today, asked.query),
        },
        _ => unknown(),
    }
}

/// An account as the schema's `enterprise-account` has it. What an [`EnterpriseAccount`] does not
/// say is the same for every account.
fn object(account: &EnterpriseAccount) -> Value {
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

/// A row a month, made of the rows of the account's teams. A team's row without a month that can be
/// read has no place in any.
fn usage(company: &Company, account: &EnterpriseAccount) -> Vec<Value> {
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

/// The sums of the figures of some teams, undocumented ones included. Heroku does not say how the
/// most Connect rows of several teams become one number; here they are added like the rest.
fn totals(teams: &[Map<String, Value>]) -> Map<String, Value> {
    // Sums of whole millionths are exact, where sums of decimal fractions are not.
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

/// A whole number has no decimals, as many a JSON writer has it; one that JSON cannot hold is
/// `null`.
fn number(figure: f64) -> Value {
    if figure.fract() == 0.0 && figure.abs() < 1e15 {
        json!(figure as i64)
    } else {
        Number::from_f64(figure).map_or(Value::Null, Value::Number)
    }
}
