//! Answers that are understood in part: the good rows are shown, the others counted and told once.

use heroku_sim::{Company, Endpoint, Fault, Times};
use serde_json::{Value, json};

use crate::exporter_log;
use crate::scenario::Scenario;
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::state_file::StateFile;

const LEFT_OUT: &str = "undecodable rows skipped";

/// Puts rows among a company's own that nobody understands: three of invoices, and four of usage of which two are apps.
fn spoil(company: &mut Company) {
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
    apps.push(json!({"app_name": "odd", "dynos": "1.5"}));
    apps.insert(0, json!({"app_name": ["odd"], "dynos": 1.5}));
    team.usage.push(json!({"month": "November", "dynos": 5}));
    team.usage.insert(0, json!(["2026-11", 5]));
}

/// Asserts how many rows were left out, and how often each endpoint said so.
fn assert_left_out(scrape: &Scrape, invoices: f64, usage: f64) {
    assert_eq!(endpoint_value(scrape, SKIPPED_ROWS, "invoices"), invoices);
    assert_eq!(endpoint_value(scrape, SKIPPED_ROWS, "usage"), usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn good_rows_are_shown_and_the_others_counted_and_told_once() {
    let scenario = Scenario::named("one_team");
    let Some((_, good)) = scenario.start_exporter().await else {
        return;
    };
    let good = Scrape::parse(&good.metrics().await);
    assert_left_out(&good, 0.0, 0.0);

    let heroku = scenario.start_simulator().await;
    let mut company = scenario.company();
    spoil(&mut company);
    heroku.set_company(company.clone());
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    let half = exporter.wait_for_scrape("figures", all_up).await;
    assert_eq!(half.billing_metrics(), good.billing_metrics());
    assert_left_out(&half, 3.0, 4.0);

    // Other answers with the same odd rows in them: no news.
    for round in [111.25, 222.25, 333.25] {
        let team = &mut company.teams[0];
        let is_of_november = |row: &&mut Value| row["month"] == "2026-11";
        let november = team.usage.iter_mut().find(is_of_november);
        november.expect("the month is there")["data"] = round.into();
        for invoice in team.invoices.iter_mut().filter(|row| row["total"].is_i64()) {
            invoice["total"] = ((round * 100.0) as i64).into();
        }
        heroku.set_company(company.clone());
        let shown = exporter
            .wait_for_scrape("the new figures", |scrape| {
                let shows =
                    |name, value: &str| scrape.series(name).any(|(_, shown)| shown == value);
                let round = round.to_string();
                shows("heroku_invoice_current_total_usd", &round)
                    && shows("heroku_team_usage_current_usd", &round)
            })
            .await;
        assert_left_out(&shown, 3.0, 4.0);
    }
    for endpoint in ENDPOINTS {
        let endpoint = format!("endpoint={endpoint}");
        let said = exporter_log::lines(&exporter, &["level=warn", LEFT_OUT, &endpoint]);
        assert_eq!(said.len(), 1, "{said:#?}");
    }

    heroku.set_company(scenario.company());
    exporter
        .wait_for_scrape("the end of it", |scrape| {
            ENDPOINTS
                .iter()
                .all(|endpoint| endpoint_value(scrape, SKIPPED_ROWS, endpoint) == 0.0)
        })
        .await;
    heroku.set_company(company);
    exporter
        .wait_for_scrape("its return", |scrape| {
            endpoint_value(scrape, SKIPPED_ROWS, "usage") == 4.0
        })
        .await;
    // It was over, so it is news.
    let usage = ["level=warn", LEFT_OUT, "endpoint=usage"];
    assert_eq!(exporter_log::lines(&exporter, &usage).len(), 2);
}

/// Numbers that are null, or are not there, are no zeros.
#[tokio::test(flavor = "multi_thread")]
async fn nulls_where_numbers_were_are_no_zeros() {
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
    let scrape = exporter.wait_for_scrape("figures", all_up).await;
    let credits = scrape.series("heroku_invoice_current_credits_total_usd");
    assert_eq!(credits.count(), 0);
    let kinds = scrape.label_values("heroku_team_usage_current_usd", "type");
    assert!(!kinds.contains("data") && kinds.len() > 1, "{kinds:?}");
    assert_left_out(&scrape, 0.0, 0.0);
}

/// What a restart takes up from the state file is as half as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_does_not_forget_what_is_left_out() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    let mut company = scenario.company();
    spoil(&mut company);
    heroku.set_company(company);
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
        return;
    };
    let exporter = builder.start().await;
    // Heroku says that its answer still stands, and so does what is odd about it.
    let up = exporter.wait_for_scrape("the answers", all_up).await;
    assert_left_out(&up, 3.0, 4.0);
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 2) else {
        return;
    };
    let exporter = builder.start().await;
    assert_left_out(&Scrape::parse(&exporter.metrics().await), 3.0, 4.0);
}
