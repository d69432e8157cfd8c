//! A company with many simultaneous problems, so that every alert fires and every panel has data.

use heroku_sim::{Company, Endpoint, Fault, Simulator, Team, Times};
use jiff::civil::{Date, date};
use serde_json::json;

use crate::exporter::{Exporter, ExporterBuilder};
use crate::external_tools;
use crate::scenario::noon;
use crate::scrape::Scrape;
use crate::self_series::{API_REQUESTS, AVAILABLE, FAILURES};

/// The exporter's current date. It is long past, so all of its data is old by the real clock.
const TODAY: Date = date(2024, 5, 23);

/// A team that is over budget and has not paid. Its name needs escaping.
pub(crate) const DELINQUENT_TEAM: &str = r#"late "team" (eu).1\"#;

const DELINQUENT_TEAM_ID: &str = "00000001-0000-4000-8000-000000000000";

/// A team whose endpoints fail. Its name needs escaping, too.
const FAILING_TEAM: &str = r#"down \ "at" (once)"#;

/// Low enough for the rate-limit alert.
const RATE_LIMIT: u32 = 400;

fn app(name: &str, dynos: f64) -> serde_json::Value {
    json!({ "app_name": name, "dynos": dynos, "data": 10, "partner": 5, "addons": 15 })
}

fn company() -> Company {
    let invoice = |number, start, state| {
        json!({
            "id": start, "number": number, "period_start": start, "total": 50_000, "charges_total": 50_000,
            "platform_total": 40_000, "dyno_units": 16.0, "state": state, "payment_status": "Failed",
        })
    };
    let delinquent = Team {
        id: DELINQUENT_TEAM_ID.to_owned(),
        name: DELINQUENT_TEAM.to_owned(),
        invoices: vec![invoice(11, "2024-05-01", 0), invoice(10, "2024-04-01", 2)],
        usage: vec![
            json!({ "name": DELINQUENT_TEAM, "month": "2024-04", "dynos": 6, "data": 20, "partner": 10, "addons": 30, "apps": [app("shop", 4.0), app("api", 2.0)] }),
            json!({ "name": DELINQUENT_TEAM, "month": "2024-05", "dynos": 22, "data": 20, "partner": 10, "addons": 30, "apps": [app("shop", 20.0), app("api", 2.0)] }),
            json!({ "name": DELINQUENT_TEAM, "month": "never" }),
        ],
        delinquency: Some(json!({
            "scheduled_suspension_time": "2024-06-01T00:00:00Z", "scheduled_deletion_time": "2024-07-01T00:00:00Z",
        })),
        licenses: Some(vec![
            json!({ "name": "HerokuDynoUnits1", "qty": 20, "consumed": 19 }),
            json!({ "name": "HerokuPrivateSpaces1", "qty": 1, "consumed": 1 }),
        ]),
        ..Team::default()
    };
    let failing = Team {
        id: "00000002-0000-4000-8000-000000000000".to_owned(),
        name: FAILING_TEAM.to_owned(),
        ..Team::default()
    };
    let denied = Team {
        id: "00000003-0000-4000-8000-000000000000".to_owned(),
        name: "denied".to_owned(),
        enterprise: true,
        usage_available: false,
        ..Team::default()
    };
    Company {
        teams: vec![delinquent, failing, denied],
        token_expires_in: Some(3600 * 24),
        ..Company::default()
    }
}

/// Starts the company's simulated Heroku and an exporter, and waits until the exporter shows all
/// problems. Returns `None` without faketime.
pub(crate) async fn start_exporter() -> Option<(Simulator, Exporter)> {
    let library = external_tools::faketime_library()?;
    let builder = Simulator::builder(company(), TODAY).rate_limit(RATE_LIMIT);
    let heroku = builder.start().await.expect("loopback has a free port");
    for (endpoint, status) in [(Endpoint::Invoices, 401), (Endpoint::Usage, 503)] {
        heroku.inject_fault_for(FAILING_TEAM, endpoint, Fault::Status(status), Times::Always);
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("config.yml");
    let settings = json!({ "teams": [{ "team": DELINQUENT_TEAM_ID, "budget_usd": 450, "app_budget_usd": { "shop": 600 } }] });
    std::fs::write(&file, settings.to_string()).expect("the file is writable");
    let teams = company().teams;
    let ids: Vec<_> = teams.iter().map(|team| team.id.as_str()).collect();
    let builder = ExporterBuilder::for_heroku(&heroku, &ids.join(","))
        .with_clock_at(noon(TODAY), library)
        .env("CONFIG_FILE", file.to_str().expect("the path is UTF-8"))
        // Not a directory, so that the storage fails.
        .env("STORAGE_PATH", "/dev/null/storage");
    let exporter = builder.start().await;
    exporter
        .wait_for_scrape("all problems", shows_all_problems)
        .await;
    Some((heroku, exporter))
}

fn shows_all_problems(scrape: &Scrape) -> bool {
    let has = |name: &str| scrape.series(name).count() > 0;
    let is_counted = |name: &str, label: &str, expected: &str| {
        let mut series = scrape.series(name);
        series.any(|(series, value)| series.label(label) == Some(expected) && value != "0")
    };
    has("heroku_team_suspension_scheduled_timestamp_seconds")
        && has("heroku_team_deletion_scheduled_timestamp_seconds")
        && has("heroku_team_license_consumed")
        && has("heroku_api_token_expiry_timestamp_seconds")
        && has("heroku_team_cost_forecast_usd")
        && has("heroku_invoice_info")
        && is_counted(FAILURES, "reason", "unauthorized")
        && is_counted(FAILURES, "reason", "server_error")
        && is_counted(API_REQUESTS, "endpoint", "licenses")
        && scrape
            .series(AVAILABLE)
            .filter(|(_, value)| *value == "0")
            .count()
            == 2
}
