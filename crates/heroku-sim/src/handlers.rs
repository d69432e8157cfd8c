//! Dispatches validated requests to the handlers of their endpoints.

mod authorizations;
mod enterprise;
mod list;
mod monthly_usage;
mod teams;

use serde_json::json;

use crate::endpoint::Endpoint;
use crate::response::ApiResponse;
use crate::state::SimState;

pub(crate) use list::EndpointRequest;

/// The account of the token's owner (schema: `account`).
fn account() -> serde_json::Value {
    json!({
        "acknowledged_msa": false,
        "acknowledged_msa_at": null,
        "allow_tracking": true,
        "beta": false,
        "country_of_residence": null,
        "created_at": "2019-03-04T09:12:44Z",
        "default_organization": null,
        "default_team": null,
        "delinquent_at": null,
        "eco_dynos_enabled": false,
        "eco_dynos_shutdown_at": null,
        "email": "ops@example.com",
        "federated": false,
        "id": crate::hash::uuid(0, "user"),
        "identity_provider": null,
        "italian_customer_terms": null,
        "italian_partner_terms": null,
        "last_login": "2024-11-18T16:03:20Z",
        "mfa_enabled": true,
        "mfa_exemption": false,
        "mfa_exemption_reason": null,
        "mfa_experience": "forced",
        "name": null,
        "pipeline_cost_consent_at": null,
        "sms_number": null,
        "suspended_at": null,
        "two_factor_authentication": false,
        "updated_at": "2024-11-18T16:03:20Z",
        "verified": true,
    })
}

/// Returns the response to a request. `remaining` is the number of remaining request tokens.
pub(crate) fn handle(
    state: &SimState,
    remaining: u32,
    request: EndpointRequest<'_>,
) -> ApiResponse {
    let (company, route) = (&state.company, request.route);
    let Some(endpoint) = route.endpoint else {
        return ApiResponse::unknown_endpoint();
    };
    if let Some(identity) = &route.team {
        return teams::handle_team(state, endpoint, identity, request);
    }
    if let Some(identity) = &route.enterprise_account {
        return enterprise::handle_account(state, endpoint, identity, request);
    }
    match endpoint {
        Endpoint::RateLimits => ApiResponse::json(200, &json!({ "remaining": remaining })),
        Endpoint::Teams => teams::list_teams(company, company.teams.iter(), request),
        Endpoint::EnterpriseAccounts => enterprise::list_accounts(company, request),
        Endpoint::Account => ApiResponse::json(200, &account()),
        Endpoint::AccountInvoices => {
            list::page(&company.personal_invoices, &["id", "number"], request)
        }
        Endpoint::Authorizations => {
            let all = authorizations::all(&state.token, company.token_expires_in);
            list::page(&all, &["id"], request)
        }
        _ => ApiResponse::unknown_endpoint(),
    }
}
