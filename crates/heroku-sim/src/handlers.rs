//! Dispatches validated requests to the handlers of their endpoints.

mod account;
mod authorizations;
mod enterprise;
mod list;
mod monthly_usage;
mod resources;
mod teams;

use serde_json::json;

use crate::endpoint::Endpoint;
use crate::response::ApiResponse;
use crate::state::SimState;

pub(crate) use list::EndpointRequest;

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
    if let Some(identity) = &route.app {
        return resources::formation(company, identity, request);
    }
    match endpoint {
        Endpoint::Apps | Endpoint::Addons | Endpoint::PipelineCouplings => {
            resources::list(&company.personal_resources, endpoint, request)
        }
        Endpoint::DynoSizes => resources::dyno_sizes(company, request),
        Endpoint::Pipelines => list::page(&company.pipelines, &["id", "name"], request),
        Endpoint::RateLimits => ApiResponse::json(200, &json!({ "remaining": remaining })),
        Endpoint::Teams => teams::list_teams(company, company.teams.iter(), request),
        Endpoint::EnterpriseAccounts => enterprise::list_accounts(company, request),
        Endpoint::Account => ApiResponse::json(200, &account::account()),
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
