//! Responses of resource endpoints have exactly the fields and types of Heroku's published
//! hyper-schema, and metered add-ons are marked only with `version=3.sdk`.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

mod client;

use std::collections::BTreeSet;

use client::{get, request_to};
use heroku_sim::{Company, Simulator};
use jiff::civil::date;
use serde_json::Value;

/// The names of fields, each with its JSON types: `a` array, `b` boolean, `i` integer, `n` number, `o`
/// object, `s` string, `?` null.
type Fields = [(&'static str, &'static str)];

/// The fields that the schema's `team-app` and `app` share.
const APP: &Fields = &[
    ("archived_at", "s?"),
    ("base_image_name", "s?"),
    ("build_stack", "o"),
    ("buildpack_provided_description", "s?"),
    ("buildpacks", "a?"),
    ("created_at", "s"),
    ("current_build_architecture", "a"),
    ("generation", "s"),
    ("git_url", "s"),
    ("id", "s"),
    ("internal_routing", "b?"),
    ("maintenance", "b"),
    ("name", "s"),
    ("owner", "o?"),
    ("region", "o"),
    ("released_at", "s?"),
    ("repo_size", "i?"),
    ("slug_size", "i?"),
    ("space", "o?"),
    ("stack", "o"),
    ("team", "o?"),
    ("updated_at", "s"),
    ("web_url", "s?"),
];

const TEAM_APP: &Fields = &[("joined", "b"), ("locked", "b")];

const PERSONAL_APP: &Fields = &[("acm", "b"), ("organization", "o?")];

/// The schema's `formation`.
const FORMATION: &Fields = &[
    ("app", "o"),
    ("command", "s"),
    ("created_at", "s"),
    ("dyno_size", "o"),
    ("id", "s"),
    ("quantity", "i"),
    ("size", "s"),
    ("type", "s"),
    ("updated_at", "s"),
];

/// The schema's `dyno-size`.
const DYNO_SIZE: &Fields = &[
    ("architecture", "s"),
    ("can_autoscale", "b"),
    ("compute", "i"),
    ("cost", "o?"),
    ("dedicated", "b"),
    ("generation", "o"),
    ("id", "s"),
    ("infrastructure_tier", "s"),
    ("memory", "n"),
    ("name", "s"),
    ("precise_dyno_units", "n"),
    ("private_space_only", "b"),
    ("product_dyno_tier", "s"),
];

/// The schema's `add-on`.
const ADDON: &Fields = &[
    ("actions", "a"),
    ("addon_service", "o"),
    ("app", "o"),
    ("billed_price", "o?"),
    ("billing_entity", "o"),
    ("config_vars", "a"),
    ("created_at", "s"),
    ("id", "s"),
    ("name", "s"),
    ("plan", "o"),
    ("provider_id", "s"),
    ("provision_message", "s"),
    ("state", "s"),
    ("updated_at", "s"),
    ("web_url", "s?"),
];

/// The schema's `pipeline-coupling`.
const COUPLING: &Fields = &[
    ("app", "o"),
    ("created_at", "s"),
    ("id", "s"),
    ("pipeline", "o"),
    ("stage", "s"),
    ("updated_at", "s"),
];

/// The schema's `pipeline`.
const PIPELINE: &Fields = &[
    ("created_at", "s"),
    ("generation", "o"),
    ("id", "s"),
    ("name", "s"),
    ("owner", "o?"),
    ("updated_at", "s"),
];

fn check(row: &Value, fields: &[&Fields]) {
    let fields = || fields.iter().copied().flatten();
    let keys: BTreeSet<_> = row.as_object().unwrap().keys().map(|key| &**key).collect();
    assert_eq!(keys, fields().map(|(name, _)| *name).collect());
    for (name, types) in fields() {
        let value = &row[*name];
        let value_type = match value {
            Value::Null => '?',
            Value::Bool(_) => 'b',
            Value::Number(number) if number.is_f64() || types.contains('n') => 'n',
            Value::Number(_) => 'i',
            Value::String(_) => 's',
            Value::Array(_) => 'a',
            Value::Object(_) => 'o',
        };
        assert!(types.contains(value_type), "{name} is {value}");
    }
}

#[tokio::test]
async fn resources_match_schema() {
    let today = date(2026, 8, 14);
    let company = Company::synthetic(1, today);
    let (team, app) = (
        company.teams[0].name.clone(),
        company.teams[0].resources.apps[0]["name"].clone(),
    );
    let heroku = Simulator::builder(company, today).start().await.unwrap();
    let check_list = async |path: &str, fields: &[&Fields]| {
        let list = get(&heroku, path).await.json();
        let rows = list.as_array().unwrap();
        assert!(!rows.is_empty(), "{path}");
        rows.iter().for_each(|row| check(row, fields));
    };
    check_list(&format!("/teams/{team}/apps"), &[APP, TEAM_APP]).await;
    check_list(&format!("/teams/{team}/addons"), &[ADDON]).await;
    check_list(&format!("/teams/{team}/pipeline-couplings"), &[COUPLING]).await;
    let app = app.as_str().unwrap();
    check_list(&format!("/apps/{app}/formation"), &[FORMATION]).await;
    check_list("/users/~/apps", &[APP, PERSONAL_APP]).await;
    check_list("/users/~/addons", &[ADDON]).await;
    check_list("/dyno-sizes", &[DYNO_SIZE]).await;
    check_list("/pipelines", &[PIPELINE]).await;
    let couplings = get(&heroku, "/users/~/pipeline-couplings").await.json();
    assert_eq!(couplings, Value::Array(Vec::new()));
    for unknown in ["/apps/unknown/formation", "/teams/unknown/apps"] {
        assert_eq!(get(&heroku, unknown).await.status, Some(404), "{unknown}");
    }
}

#[tokio::test]
async fn metered_needs_sdk_variant() {
    let today = date(2026, 8, 14);
    let mut company = Company::synthetic(1, today);
    let price = &mut company.teams[0].resources.addons[0]["billed_price"];
    price["metered"] = true.into();
    price["cents"] = 0.into();
    let path = format!("/teams/{}/addons", company.teams[0].id);
    let heroku = Simulator::builder(company, today).start().await.unwrap();
    let prices = async |accept: &str| -> Vec<Value> {
        let request = request_to(&heroku, &path).with_header("Accept", accept);
        let addons = request.send(&heroku).await.json();
        let addons = addons.as_array().unwrap().iter();
        addons.map(|addon| addon["billed_price"].clone()).collect()
    };
    let plain = prices("application/vnd.heroku+json; version=3").await;
    assert!(plain.iter().all(|price| price.get("metered").is_none()));
    let sdk = prices("application/vnd.heroku+json; version=3.sdk").await;
    let metered = sdk.iter().filter(|price| price["metered"] == true);
    assert_eq!(metered.count(), 1);
}
