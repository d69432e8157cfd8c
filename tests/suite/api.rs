//! `/api/v1/costs`: what its schema says, what the report prints, and the figures of the metrics.

use std::collections::BTreeMap;

use heroku_sim::{Endpoint, Fault, Times};
use serde_json::Value;

use crate::exporter::{BINARY, Exporter, ExporterBuilder};
use crate::scenario::{self, Scenario};
use crate::scrape::Scrape;

const COSTS: &str = "/api/v1/costs";

/// The published schema, which lets keys come, made one that does not, so that no key comes that is
/// not described.
fn strict_schema() -> Value {
    let text = include_str!("../../docs/costs.schema.json");
    let mut schema: Value = serde_json::from_str(text).expect("JSON");
    close(&mut schema, "");
    schema
}

fn close(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(keys) => {
            for (key, value) in keys.iter_mut() {
                close(value, key);
            }
            // What others are made of is closed where they are.
            if keys.get("type") == Some(&Value::from("object")) && name != "costs" {
                keys.insert("unevaluatedProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close(item, "")),
        _ => {}
    }
}

/// Panics where `document` is not what the schema says.
fn judge(document: &Value) {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    let place = "http://localhost/costs.json";
    compiler
        .add_resource(place, strict_schema())
        .expect("a schema");
    let index = compiler.compile(place, &mut schemas).expect("a schema");
    if let Err(wrong) = schemas.validate(document, index) {
        panic!("{wrong:#}\n{document:#}");
    }
}

async fn costs(exporter: &Exporter) -> Value {
    let answer = exporter.get(COSTS).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    serde_json::from_slice(&answer.body).expect("JSON")
}

#[test]
fn the_schema_knows_right_from_wrong() {
    let output = std::process::Command::new(BINARY)
        .args(["report", "--demo", "--date=2026-11-23", "--format=json"])
        .env_clear()
        .output()
        .expect("the binary starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    judge(&document);
    let wrong: [fn(&mut Value); 4] = [
        |document| document["teams"][0]["apps"][0]["surprise"] = 1.into(),
        |document| document["teams"][0]["current_usd"] = "1".into(),
        |document| document["at"] = "today".into(),
        |document| {
            document.as_object_mut().expect("an object").remove("teams");
        },
    ];
    for make_wrong in wrong {
        let mut document = document.clone();
        make_wrong(&mut document);
        let judged = std::panic::catch_unwind(|| judge(&document));
        assert!(judged.is_err(), "{document:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_s_costs_are_as_the_schema_says_and_as_the_metrics_have_them() {
    for scenario in scenario::ALL {
        let Some((_heroku, exporter)) = scenario.start_exporter().await else {
            return;
        };
        let scrape = Scrape::parse(&exporter.metrics().await);
        let document = costs(&exporter).await;
        judge(&document);
        assert_eq!(
            of_document(&document),
            of_scrape(&scrape),
            "{}",
            scenario.name
        );
    }
}

/// The names of a figure: its metric, and the values of its labels.
type Figures = BTreeMap<Vec<String>, String>;

/// The families that the document has every series of, with their labels.
const FAMILIES: [(&str, &[&str]); 7] = [
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
];

fn of_scrape(scrape: &Scrape) -> Figures {
    let families = FAMILIES.iter().flat_map(|(name, labels)| {
        scrape.series(name).map(move |(series, value)| {
            let labels = labels
                .iter()
                .map(|label| series.label(label).expect("the label"));
            let key = [*name].into_iter().chain(labels).map(str::to_owned);
            (
                key.collect(),
                value.parse::<f64>().expect("a number").to_string(),
            )
        })
    });
    families.collect()
}

fn of_document(document: &Value) -> Figures {
    let mut figures = Figures::new();
    let mut add = |key: &[&str], value: &Value| {
        if let Some(value) = value.as_f64() {
            let key = key.iter().map(|part| (*part).to_owned()).collect();
            figures.insert(key, value.to_string());
        }
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let current_month = document["month"].as_str().expect("a month");
    for team in list(&document["teams"]) {
        let of = team["team_name"].as_str().expect("a name");
        add(&["heroku_team_budget_usd", of], &team["budget_usd"]);
        for kind in list(&team["kinds"]) {
            let category = kind["kind"].as_str().expect("a word");
            for period in ["current", "previous"] {
                let key = ["heroku_team_cost_usd", of, period, category];
                add(&key, &kind[format!("{period}_usd")]);
            }
            let key = ["heroku_team_cost_forecast_usd", of, category];
            add(&key, &kind["forecast_usd"]);
        }
        for invoice in list(&team["invoices"]) {
            let month = invoice["month"].as_str().expect("a month");
            // The metric has closed months alone.
            if month != current_month {
                add(
                    &["heroku_invoice_history_usd", of, month],
                    &invoice["total_usd"],
                );
            }
        }
        for app in list(&team["apps"]) {
            let name = app["app_name"].as_str().expect("a name");
            add(
                &["heroku_app_cost_forecast_usd", of, name],
                &app["forecast_usd"],
            );
            add(&["heroku_app_budget_usd", of, name], &app["budget_usd"]);
            for kind in list(&app["kinds"]) {
                let category = kind["kind"].as_str().expect("a word");
                for period in ["current", "previous"] {
                    let key = ["heroku_app_cost_usd", of, name, period, category];
                    add(&key, &kind[format!("{period}_usd")]);
                }
            }
        }
    }
    figures
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_report_s_own_document() {
    let exporter = ExporterBuilder::new(&["demo", "--date=2026-11-23"])
        .start()
        .await;
    let arrived = |scrape: &Scrape| scenario::TeamCounts::from_scrape(scrape).usage == 3;
    exporter.wait_for_scrape("three teams", arrived).await;
    let mut served = costs(&exporter).await;
    let output = std::process::Command::new(BINARY)
        .args(["report", "--demo", "--date=2026-11-23", "--format=json"])
        .env_clear()
        .output()
        .expect("the binary starts");
    let mut printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for document in [&mut served, &mut printed] {
        let keys = document.as_object_mut().expect("an object");
        // When it was asked, and what may not have been asked yet.
        for own in ["at", "asked", "complete", "token_expires_at"] {
            assert!(keys.remove(own).is_some(), "{own}");
        }
    }
    assert_eq!(served, printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_complete_before_all_was_asked() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    let document = costs(&exporter).await;
    judge(&document);
    assert_eq!(document["complete"], false);
    assert_eq!(document["company"]["current_usd"], Value::Null);
    assert_eq!(document["asked"][0]["standing"], "not_asked");
    let page = exporter.get("/").await.text();
    assert!(page.contains("Heroku is being asked"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_compressed_where_that_is_accepted() {
    let Some((_heroku, exporter)) = Scenario::named("hostile_names").start_exporter().await else {
        return;
    };
    for path in [COSTS, "/", "/?sort=app"] {
        let plain = exporter.get(path).await;
        assert_eq!(plain.header("content-encoding"), None);
        let coding = [("accept-encoding", "gzip")];
        let small = exporter.request(reqwest::Method::GET, path, &coding).await;
        assert_eq!(small.header("content-encoding"), Some("gzip"));
        assert!(small.body.len() < plain.body.len(), "{path}");
        for answer in [&plain, &small] {
            assert_eq!(answer.header("vary"), Some("accept-encoding"), "{path}");
        }
        assert_eq!(small.gunzip(), plain.text(), "{path}");
    }
}
