//! Apps, their formations and add-ons, dyno sizes and pipelines.

use serde_json::Value;

use super::list::{self, EndpointRequest};
use crate::company::{Company, Resources};
use crate::dyno_sizes;
use crate::endpoint::Endpoint;
use crate::response::ApiResponse;

/// Returns a page of the apps, add-ons or pipeline couplings of a team or a person.
pub(super) fn list(
    resources: &Resources,
    endpoint: Endpoint,
    request: EndpointRequest<'_>,
) -> ApiResponse {
    match endpoint {
        Endpoint::Apps => list::page(&resources.apps, &["id", "name"], request),
        Endpoint::PipelineCouplings => list::page(&resources.pipeline_couplings, &["id"], request),
        _ if request.is_sdk => list::page(&resources.addons, &["id", "name"], request),
        _ => {
            let addons: Vec<_> = resources.addons.iter().map(without_metered).collect();
            list::page(&addons, &["id", "name"], request)
        }
    }
}

/// Returns an add-on as in `version=3`, in which a metered add-on looks free.
fn without_metered(addon: &Value) -> Value {
    let mut addon = addon.clone();
    if let Some(Value::Object(price)) = addon.get_mut("billed_price") {
        price.remove("metered");
    }
    addon
}

/// Returns a page of an app's formation.
pub(super) fn formation(
    company: &Company,
    identity: &str,
    request: EndpointRequest<'_>,
) -> ApiResponse {
    let teams = company.teams.iter().map(|team| &team.resources);
    for resources in teams.chain([&company.personal_resources]) {
        let is_app = |app: &&Value| app["id"] == *identity || app["name"] == *identity;
        if let Some(app) = resources.apps.iter().find(is_app) {
            let id = app["id"].as_str().unwrap_or_default();
            let formation = resources.formations.get(id);
            let rows = formation.map_or(&[][..], Vec::as_slice);
            return list::page(rows, &["id", "type"], request);
        }
    }
    ApiResponse::error(404, "not_found", "Couldn't find that app.")
}

/// Returns a page of the dyno sizes.
pub(super) fn dyno_sizes(company: &Company, request: EndpointRequest<'_>) -> ApiResponse {
    let properties = ["id", "name"];
    match &company.dyno_sizes {
        Some(sizes) => list::page(sizes, &properties, request),
        None => list::page(&dyno_sizes::all(), &properties, request),
    }
}
