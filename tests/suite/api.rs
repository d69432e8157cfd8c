//! `/api/v1/costs` against its schema, the `report` command and the metrics.

use std::collections::{BTreeMap, BTreeSet};

use heroku_sim::{Endpoint, Fault, Times};
use serde_json::Value;

use crate::exporter::{BINARY, Exporter, ExporterBuilder};
use crate::scenario::{self, Scenario, TeamCounts};
use crate::scrape::Scrape;

const COSTS: &str = "/api/v1/costs";

/// Returns the published schema with additional properties forbidden, so that an undocumented key
/// fails validation.
fn strict_schema() -> Value {
    let text = include_str!("../../docs/costs.schema.json");
    let mut schema: Value = serde_json::from_str(text).expect("valid JSON");
    forbid_additional_properties(&mut schema, "");
    schema
}

fn forbid_additional_properties(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(keys) => {
            for (key, value) in keys.iter_mut() {
                forbid_additional_properties(value, key);
            }
            // `costs` is only included in other objects, which are closed themselves.
            if keys.get("type") == Some(&Value::from("object")) && name != "costs" {
                keys.insert("unevaluatedProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| forbid_additional_properties(item, "")),
        _ => {}
    }
}

/// Panics if `document` does not match the schema.
fn validate(document: &Value) {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    let url = "http://localhost/costs.json";
    compiler
        .add_resource(url, strict_schema())
        .expect("a valid schema");
    let index = compiler.compile(url, &mut schemas).expect("a valid schema");
    if let Err(error) = schemas.validate(document, index) {
        panic!("{error:#}\n{document:#}");
    }
}

async fn costs(exporter: &Exporter) -> Value {
    let response = exporter.get(COSTS).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    serde_json::from_slice(&response.body).expect("valid JSON")
}

#[test]
fn schema_rejects_invalid_documents() {
    let output = std::process::Command::new(BINARY)
        .args(["report", "--demo", "--date=2026-11-23", "--format=json"])
        .env_clear()
        .output()
        .expect("the exporter starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("valid JSON");
    validate(&document);
    let invalidations: [fn(&mut Value); 4] = [
        |document| document["teams"][0]["apps"][0]["surprise"] = 1.into(),
        |document| document["teams"][0]["current_usd"] = "1".into(),
        |document| document["at"] = "today".into(),
        |document| {
            document.as_object_mut().expect("an object").remove("teams");
        },
    ];
    for invalidate in invalidations {
        let mut document = document.clone();
        invalidate(&mut document);
        let result = std::panic::catch_unwind(|| validate(&document));
        assert!(result.is_err(), "{document:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_match_schema_and_metrics() {
    for scenario in scenario::ALL {
        let Some((_heroku, exporter)) = scenario.start_exporter().await else {
            return;
        };
        let scrape = Scrape::parse(&exporter.metrics().await);
        let document = costs(&exporter).await;
        validate(&document);
        assert_eq!(
            samples_in_document(&document),
            samples_in_scrape(&scrape),
            "{}",
            scenario.name
        );
    }
}

/// Values by metric name and label values.
type Samples = BTreeMap<Vec<String>, String>;

/// The metrics whose series are all in the document, and their labels.
const FAMILIES: [(&str, &[&str]); 10] = [
    ("heroku_team_cost_usd", &["team_name", "period", "category"]),
    ("heroku_team_cost_forecast_usd", &["team_name", "category"]),
    ("heroku_team_budget_usd", &["team_name"]),
    (
        "heroku_app_cost_usd",
        &["team_name", "app_name", "period", "category"],
    ),
    ("heroku_app_cost_forecast_usd", &["team_name", "app_name"]),
    ("heroku_app_budget_usd", &["team_name", "app_name"]),
    ("heroku_invoice_history_usd", &["team_name", "month"]),
    (
        "heroku_team_month_cost_usd",
        &["team_name", "month", "category"],
    ),
    ("heroku_team_cost_forecast_low_usd", &["team_name"]),
    ("heroku_team_cost_forecast_high_usd", &["team_name"]),
];

fn samples_in_scrape(scrape: &Scrape) -> Samples {
    let families = FAMILIES.iter().flat_map(|(name, labels)| {
        scrape.series(name).map(move |(series, value)| {
            let labels = labels
                .iter()
                .map(|label| series.label(label).expect("the series has the label"));
            let key = [*name].into_iter().chain(labels).map(str::to_owned);
            (
                key.collect(),
                value.parse::<f64>().expect("a number").to_string(),
            )
        })
    });
    families.collect()
}

fn samples_in_document(document: &Value) -> Samples {
    let mut samples = Samples::new();
    let mut add = |key: &[&str], value: &Value| {
        if let Some(value) = value.as_f64() {
            let key = key.iter().map(|part| (*part).to_owned()).collect();
            samples.insert(key, value.to_string());
        }
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let current_month = document["month"].as_str().expect("a month");
    for team in list(&document["teams"]) {
        let team_name = team["team_name"].as_str().expect("a name");
        add(&["heroku_team_budget_usd", team_name], &team["budget_usd"]);
        for kind in list(&team["kinds"]) {
            let category = kind["kind"].as_str().expect("a name");
            for period in ["current", "previous"] {
                let key = ["heroku_team_cost_usd", team_name, period, category];
                add(&key, &kind[format!("{period}_usd")]);
            }
            let key = ["heroku_team_cost_forecast_usd", team_name, category];
            add(&key, &kind["forecast_usd"]);
        }
        for bound in ["low", "high"] {
            let name = format!("heroku_team_cost_forecast_{bound}_usd");
            let value = &team["forecast_basis"][format!("{bound}_usd")];
            add(&[&name, team_name], value);
        }
        let mut months_with_usage = BTreeSet::new();
        for past in list(&team["months"]) {
            let month = past["month"].as_str().expect("a month");
            if !past["cost_usd"].is_null() {
                months_with_usage.insert(month.to_owned());
            }
            for kind in list(&past["kinds"]) {
                let category = kind["kind"].as_str().expect("a name");
                let key = ["heroku_team_month_cost_usd", team_name, month, category];
                add(&key, &kind["cost_usd"]);
            }
        }
        for invoice in list(&team["invoices"]) {
            let month = invoice["month"].as_str().expect("a month");
            // The metric has closed months without usage only.
            if month != current_month && !months_with_usage.contains(month) {
                add(
                    &["heroku_invoice_history_usd", team_name, month],
                    &invoice["total_usd"],
                );
            }
        }
        for app in list(&team["apps"]) {
            let name = app["app_name"].as_str().expect("a name");
            add(
                &["heroku_app_cost_forecast_usd", team_name, name],
                &app["forecast_usd"],
            );
            add(
                &["heroku_app_budget_usd", team_name, name],
                &app["budget_usd"],
            );
            for kind in list(&app["kinds"]) {
                let category = kind["kind"].as_str().expect("a name");
                for period in ["current", "previous"] {
                    let key = ["heroku_app_cost_usd", team_name, name, period, category];
                    add(&key, &kind[format!("{period}_usd")]);
                }
            }
        }
    }
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_equal_the_json_report() {
    let exporter = ExporterBuilder::new(&["demo", "--date=2026-11-23"])
        .start()
        .await;
    let has_usage = |scrape: &Scrape| TeamCounts::from_scrape(scrape).usage == 3;
    exporter
        .wait_for_scrape("the usage of three teams", has_usage)
        .await;
    let mut served = costs(&exporter).await;
    let output = std::process::Command::new(BINARY)
        .args(["report", "--demo", "--date=2026-11-23", "--format=json"])
        .env_clear()
        .output()
        .expect("the exporter starts");
    let mut printed: Value = serde_json::from_slice(&output.stdout).expect("valid JSON");
    for document in [&mut served, &mut printed] {
        let keys = document.as_object_mut().expect("an object");
        // These depend on the time and on polls that may still be pending.
        for key in ["at", "asked", "complete", "token_expires_at"] {
            assert!(keys.remove(key).is_some(), "{key}");
        }
    }
    assert_eq!(served, printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_are_incomplete_before_first_polls_finish() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    let document = costs(&exporter).await;
    validate(&document);
    assert_eq!(document["complete"], false);
    assert_eq!(document["company"]["current_usd"], Value::Null);
    assert_eq!(document["asked"][0]["standing"], "not_asked");
    let page = exporter.get("/").await.text();
    assert!(page.contains("Waiting for Heroku"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_and_page_are_compressed_on_request() {
    let Some((_heroku, exporter)) = Scenario::named("hostile_names").start_exporter().await else {
        return;
    };
    for path in [COSTS, "/", "/?sort=app"] {
        let plain = exporter.get(path).await;
        assert_eq!(plain.header("content-encoding"), None);
        let coding = [("accept-encoding", "gzip")];
        let compressed = exporter.request(reqwest::Method::GET, path, &coding).await;
        assert_eq!(compressed.header("content-encoding"), Some("gzip"));
        assert!(compressed.body.len() < plain.body.len(), "{path}");
        for response in [&plain, &compressed] {
            assert_eq!(response.header("vary"), Some("accept-encoding"), "{path}");
        }
        assert_eq!(compressed.gunzip(), plain.text(), "{path}");
    }
}
