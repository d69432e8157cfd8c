//! Responses with undecodable rows and fields: they are skipped, counted and logged once.

use heroku_sim::{Company, Endpoint, Fault, Times};
use serde_json::{Value, json};

use crate::exporter_log;
use crate::scenario::Scenario;
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::storage_directory::StorageDirectory;

const SKIPPED: &str = "undecodable rows skipped";
const SKIPPED_IN_FIELDS: &str = "undecodable fields skipped";

/// Adds two undecodable invoices and four undecodable usage rows, two of which are apps, and an
/// undecodable field to one other row of each.
fn add_undecodable_rows(company: &mut Company) {
    let team = &mut company.teams[0];
    let invoices = [
        json!({"id": "x", "period_start": "2026-10-01", "total": "12 dollars"}),
        Value::Null,
        json!({"id": "y", "period_start": {}, "period_end": []}),
    ];
    for (position, row) in invoices.into_iter().enumerate() {
        team.invoices.insert(position, row);
    }
    let apps = team.usage[0]["apps"]
        .as_array_mut()
        .expect("a list of apps");
    apps.push(json!({"app_name": "invalid", "dynos": "1.5"}));
    apps.insert(0, json!({"app_name": ["invalid"], "dynos": 1.5}));
    team.usage[0]["shield_space"] = "1".into();
    team.usage.push(json!({"month": "November", "dynos": 5}));
    team.usage.insert(0, json!(["2026-11", 5]));
}

/// Asserts the number of skipped rows of each endpoint, and that each has one skipped field if any
/// row is skipped.
fn assert_skipped(scrape: &Scrape, invoices: f64, usage: f64) {
    for (endpoint, rows) in [("invoices", invoices), ("usage", usage)] {
        let fields = endpoint_value(scrape, SKIPPED_FIELDS, endpoint);
        assert_eq!(fields, rows.min(1.0), "{endpoint}");
    }
    assert_eq!(endpoint_value(scrape, SKIPPED_ROWS, "invoices"), invoices);
    assert_eq!(endpoint_value(scrape, SKIPPED_ROWS, "usage"), usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn undecodable_rows_are_counted_and_logged_once() {
    let scenario = Scenario::named("one_team");
    let Some((_heroku, exporter)) = scenario.start_exporter().await else {
        return;
    };
    let expected = Scrape::parse(&exporter.metrics().await);
    assert_skipped(&expected, 0.0, 0.0);

    let heroku = scenario.start_simulator().await;
    let mut company = scenario.company();
    add_undecodable_rows(&mut company);
    heroku.set_company(company.clone());
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    let scrape = exporter.wait_for_scrape("successful polls", all_up).await;
    assert_eq!(scrape.billing_metrics(), expected.billing_metrics());
    assert_skipped(&scrape, 2.0, 4.0);

    // Changed responses with the same undecodable rows are not logged again.
    for amount in [111.25, 222.25, 333.25] {
        let team = &mut company.teams[0];
        let is_november = |row: &&mut Value| row["month"] == "2026-11";
        let november = team.usage.iter_mut().find(is_november);
        november.expect("usage of November")["data"] = amount.into();
        for invoice in team.invoices.iter_mut().filter(|row| row["total"].is_i64()) {
            invoice["total"] = ((amount * 100.0) as i64).into();
        }
        heroku.set_company(company.clone());
        let scrape = exporter
            .wait_for_scrape("the changed amounts", |scrape| {
                let amount = amount.to_string();
                let has = |name| scrape.series(name).any(|(_, value)| value == amount);
                has("heroku_invoice_current_total_usd") && has("heroku_team_usage_current_usd")
            })
            .await;
        assert_skipped(&scrape, 2.0, 4.0);
    }
    for endpoint in ENDPOINTS {
        let endpoint = format!("endpoint={endpoint}");
        for message in [SKIPPED, SKIPPED_IN_FIELDS] {
            let lines = exporter_log::lines(&exporter, &["level=warn", message, &endpoint]);
            assert_eq!(lines.len(), 1, "{lines:#?}");
        }
    }

    heroku.set_company(scenario.company());
    exporter
        .wait_for_scrape("no skipped rows", |scrape| {
            ENDPOINTS
                .iter()
                .all(|endpoint| endpoint_value(scrape, SKIPPED_ROWS, endpoint) == 0.0)
        })
        .await;
    heroku.set_company(company);
    exporter
        .wait_for_scrape("skipped rows again", |scrape| {
            endpoint_value(scrape, SKIPPED_ROWS, "usage") == 4.0
        })
        .await;
    // Rows that are skipped again are logged again.
    let usage = ["level=warn", SKIPPED, "endpoint=usage"];
    assert_eq!(exporter_log::lines(&exporter, &usage).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn null_numbers_are_not_zero() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let mut company = scenario.company();
    for row in &mut company.teams[0].usage {
        row["data"] = Value::Null;
        for app in row["apps"].as_array_mut().expect("a list of apps") {
            app["data"] = Value::Null;
        }
    }
    for row in &mut company.teams[0].invoices {
        row["credits_total"] = Value::Null;
    }
    heroku.set_company(company);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter.wait_for_scrape("successful polls", all_up).await;
    let credits = scrape.series("heroku_invoice_current_credits_total_usd");
    assert_eq!(credits.count(), 0);
    let types = scrape.label_values("heroku_team_usage_current_usd", "type");
    assert!(!types.contains("data") && types.len() > 1, "{types:?}");
    assert_skipped(&scrape, 0.0, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_count_of_skipped_rows() {
    let scenario = Scenario::named("one_team");
    let storage = StorageDirectory::new();
    let heroku = scenario.start_simulator().await;
    let mut company = scenario.company();
    add_undecodable_rows(&mut company);
    heroku.set_company(company);
    if storage.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let Some(builder) = storage.exporter_builder(&scenario, &heroku, 1) else {
        return;
    };
    let exporter = builder.start().await;
    // After 304 Not Modified the count stays the same.
    let up = exporter.wait_for_scrape("successful polls", all_up).await;
    assert_skipped(&up, 2.0, 4.0);
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = storage.exporter_builder(&scenario, &heroku, 2) else {
        return;
    };
    let exporter = builder.start().await;
    assert_skipped(&Scrape::parse(&exporter.metrics().await), 2.0, 4.0);
}

/// Returns the billing metrics of the scenario's company after `change`.
async fn billing_metrics(change: impl FnOnce(&mut Company)) -> Option<Scrape> {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let mut company = scenario.company();
    change(&mut company);
    heroku.set_company(company);
    let builder = scenario.exporter_builder(&heroku, &scenario.team_names())?;
    let exporter = builder.start().await;
    Some(exporter.wait_for_scrape("successful polls", all_up).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_survive_odd_types_of_other_fields() {
    let Some(expected) = billing_metrics(|_| ()).await else {
        return;
    };
    let odd = billing_metrics(|company| {
        for invoice in &mut company.teams[0].invoices {
            let number = invoice["number"].to_string();
            invoice["number"] = number.into();
            invoice["id"] = 7.into();
        }
        for row in &mut company.teams[0].usage {
            row["name"] = json!({"odd": true});
            row["space"] = "0".into();
        }
    });
    let odd = odd.await.expect("the fake clock is available");
    let amounts = |scrape: &Scrape| scrape.filter(|name| name.ends_with("_usd"));
    assert_eq!(amounts(&odd), amounts(&expected));
}
