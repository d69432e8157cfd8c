//! Teams and their sub-resources.

use serde_json::{Value, json};

use super::list::{self, EndpointRequest};
use super::monthly_usage;
use super::resources;
use crate::company::{Company, Team};
use crate::endpoint::Endpoint;
use crate::response::ApiResponse;
use crate::state::SimState;

/// Returns a page of teams.
pub(super) fn list_teams<'a>(
    company: &Company,
    teams: impl Iterator<Item = &'a Team>,
    request: EndpointRequest<'_>,
) -> ApiResponse {
    let teams: Vec<Value> = teams.map(|team| team_object(company, team)).collect();
    list::page(&teams, &["id", "name"], request)
}

/// Returns the response of an endpoint below `/teams/{identity}`.
pub(super) fn handle_team(
    state: &SimState,
    endpoint: Endpoint,
    identity: &str,
    request: EndpointRequest<'_>,
) -> ApiResponse {
    // Usage accepts the id only (schema: `/teams/{team.id}/usage/monthly`).
    let matches_identity = |team: &&Team| {
        if endpoint == Endpoint::Usage {
            team.id == identity
        } else {
            team.has_identity(identity)
        }
    };
    let Some(team) = state.company.teams.iter().find(matches_identity) else {
        return ApiResponse::error(404, "not_found", "Couldn't find that team.");
    };
    match endpoint {
        Endpoint::Team => ApiResponse::json(200, &team_object(&state.company, team)),
        Endpoint::Invoices if team.enterprise => ApiResponse::error_for_status(403),
        Endpoint::Invoices => list::page(&team.invoices, &["id", "number"], request),
        Endpoint::Invoice if team.enterprise => ApiResponse::error_for_status(403),
        Endpoint::Invoice => invoice(team, request.route.invoice.as_deref().unwrap_or_default()),
        Endpoint::Usage if !team.usage_available => ApiResponse::error_for_status(403),
        Endpoint::Usage => monthly_usage::respond(&team.usage, state.today, request.query),
        Endpoint::Delinquency => delinquency(team),
        Endpoint::Licenses => match &team.licenses {
            // Licences have no id, so the list keeps its order.
            Some(licenses) => list::page(licenses, &["id", "name"], request),
            None => ApiResponse::error_for_status(404),
        },
        Endpoint::Apps | Endpoint::Addons | Endpoint::PipelineCouplings => {
            resources::list(&team.resources, endpoint, request)
        }
        _ => ApiResponse::unknown_endpoint(),
    }
}

/// Returns a team (schema: `team`). Fields that a [`Team`] does not have are the same for all
/// teams.
fn team_object(company: &Company, team: &Team) -> Value {
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

/// Returns the invoice with this id or number (schema: `team-invoice.identity`).
fn invoice(team: &Team, identity: &str) -> ApiResponse {
    let is_requested = |invoice: &&Value| {
        let number = invoice.get("number").and_then(Value::as_u64);
        let id = invoice.get("id").and_then(Value::as_str);
        id == Some(identity) || number.is_some_and(|number| number.to_string() == identity)
    };
    match team.invoices.iter().find(is_requested) {
        Some(invoice) => ApiResponse::json(200, invoice),
        None => ApiResponse::error(404, "not_found", "Couldn't find that invoice."),
    }
}

/// Returns a team's delinquency (schema: `team-delinquency`).
fn delinquency(team: &Team) -> ApiResponse {
    let not_delinquent =
        json!({ "scheduled_suspension_time": null, "scheduled_deletion_time": null });
    ApiResponse::json(200, team.delinquency.as_ref().unwrap_or(&not_delinquent))
}
