//! The teams, and what is told about one of them.

use serde_json::{Value, json};

use super::{Asked, list as page, months, unknown};
use crate::answer::Answer;
use crate::company::{Company, Team};
use crate::endpoint::Endpoint;
use crate::state::World;

/// A page of some of the company's teams.
pub(super) fn list<'a>(
    company: &Company,
    teams: impl Iterator<Item = &'a Team>,
    asked: Asked<'_>,
) -> Answer {
    let teams: Vec<Value> = teams.map(|team| object(company, team)).collect();
    page(&teams, &["id", "name"], asked)
}

/// What an endpoint says of the team that a path names.
pub(super) fn of_one(
    world: &World,
    endpoint: Endpoint,
    identity: &str,
    asked: Asked<'_>,
) -> Answer {
    // Usage takes the id alone (schema: `/teams/{team.id}/usage/monthly`), the others either.
    let found = |team: &&Team| {
        if endpoint == Endpoint::Usage {
            team.id == identity
        } else {
            team.is_called(identity)
        }
    };
    let Some(team) = world.company.teams.iter().find(found) else {
        return Answer::error(404, "not_found", "Couldn't find that team.");
    };
    match endpoint {
        Endpoint::Team => Answer::json(200, &object(&world.company, team)),
        Endpoint::Invoices if team.enterprise => Answer::documented(403),
        Endpoint::Invoices => page(&team.invoices, &["id", "number"], asked),
        Endpoint::Usage if !team.usage_available => Answer::documented(403),
        Endpoint::Usage => months::answer(&team.usage, world.today, asked.query),
        Endpoint::Delinquency => delinquency(team),
        Endpoint::Licenses => match &team.licenses {
            // A licence has no id: the list keeps the order that it has, page by page.
            Some(licenses) => page(licenses, &["id", "name"], asked),
            None => Answer::documented(404),
        },
        _ => unknown(),
    }
}

/// A team as the schema's `team` has it. What a [`Team`] does not say is the same for every team.
fn object(company: &Company, team: &Team) -> Value {
    let account = company
        .account_of(team)
        .map(|account| json!({ "id": account.id, "name": account.name }));
    let enterprise = team.is_enterprise();
    json!({
        "id": team.id,
        "created_at": "2019-03-04T09:12:44Z",
        "credit_card_collections": !enterprise,
        "default": false,
        "enterprise_account": account,
        "identity_provider": null,
        "membership_limit": if enterprise { Value::Null } else { json!(25) },
        "name": team.name,
        "pipeline_cost_consent_at": null,
        "pipeline_cost_consent_user_email": null,
        "provisioned_licenses": enterprise,
        "role": "admin",
        "type": if enterprise { "enterprise" } else { "team" },
        "updated_at": "2024-11-18T16:03:20Z",
    })
}

/// What happens to a team that does not pay, as the schema's `team-delinquency` has it.
fn delinquency(team: &Team) -> Answer {
    let nothing = json!({ "scheduled_suspension_time": null, "scheduled_deletion_time": null });
    Answer::json(200, team.delinquency.as_ref().unwrap_or(&nothing))
}
