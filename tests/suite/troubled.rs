//! A company for which much goes wrong at once, so that whatever warns has something to warn of.

use heroku_sim::{Company, Endpoint, Fault, Simulator, Team, Times};
use jiff::civil::{Date, date};
use serde_json::json;

use crate::exporter::{Exporter, Start};
use crate::own_series::{API_REQUESTS, FAILURES};
use crate::scenario::noon;
use crate::scrape::Scrape;
use crate::tools;

/// The day that it is for the exporter: long ago, so that what it says is old by any other clock.
const TODAY: Date = date(2024, 5, 23);

/// A team that does not pay, spends too much, and has a name that is hard to quote.
pub(crate) const LATE: &str = r#"late "team" (eu).1\"#;

const LATE_ID: &str = "00000001-0000-4000-8000-000000000000";

/// A team whose endpoints fail, of another such name.
const DOWN: &str = r#"down \ "at" (once)"#;

/// A request to Heroku is one too many below this.
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
    let late = Team {
        id: LATE_ID.to_owned(),
        name: LATE.to_owned(),
        invoices: vec![invoice(11, "2024-05-01", 0), invoice(10, "2024-04-01", 2)],
        usage: vec![
            json!({ "name": LATE, "month": "2024-04", "dynos": 6, "data": 20, "partner": 10, "addons": 30, "apps": [app("shop", 4.0), app("api", 2.0)] }),
            json!({ "name": LATE, "month": "2024-05", "dynos": 22, "data": 20, "partner": 10, "addons": 30, "apps": [app("shop", 20.0), app("api", 2.0)] }),
            json!({ "name": LATE, "month": "never" }),
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
    let down = Team {
        id: "00000002-0000-4000-8000-000000000000".to_owned(),
        name: DOWN.to_owned(),
        ..Team::default()
    };
    Company {
        teams: vec![late, down],
        token_expires_in: Some(3600 * 24),
        ..Company::default()
    }
}

/// The company's Heroku, and an exporter that has learnt of all its troubles; `None` without the tools for it.
pub(crate) async fn exporter() -> Option<(Simulator, Exporter)> {
    let library = tools::fake_clock_library()?;
    let builder = Simulator::builder(company(), TODAY).rate_limit(RATE_LIMIT);
    let heroku = builder.start().await.expect("loopback has a free port");
    for (endpoint, status) in [(Endpoint::Invoices, 401), (Endpoint::Usage, 503)] {
        heroku.inject_fault_for(DOWN, endpoint, Fault::Status(status), Times::Always);
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.yml");
    let settings = json!({ "teams": [{ "team": LATE_ID, "budget_usd": 450, "app_budget_usd": { "shop": 600 } }] });
    std::fs::write(&file, settings.to_string()).expect("it can be written");
    let teams = company().teams;
    let ids: Vec<_> = teams.iter().map(|team| team.id.as_str()).collect();
    let start = Start::against(&heroku, &ids.join(","))
        .at(noon(TODAY), library)
        .env("CONFIG_FILE", file.to_str().expect("a path that is text"));
    let exporter = start.start().await;
    exporter.scrape_once("all troubles", is_troubled).await;
    Some((heroku, exporter))
}

fn is_troubled(scrape: &Scrape) -> bool {
    let has = |name: &str| scrape.of(name).count() > 0;
    let counted = |name: &str, label: &str, wanted: &str| {
        let mut series = scrape.of(name);
        series.any(|(series, value)| series.label(label) == Some(wanted) && value != "0")
    };
    has("heroku_team_suspension_scheduled_timestamp_seconds")
        && has("heroku_team_deletion_scheduled_timestamp_seconds")
        && has("heroku_team_license_consumed")
        && has("heroku_api_token_expiry_timestamp_seconds")
        && has("heroku_team_cost_forecast_usd")
        && has("heroku_invoice_info")
        && counted(FAILURES, "reason", "unauthorized")
        && counted(FAILURES, "reason", "server_error")
        && counted(API_REQUESTS, "endpoint", "licenses")
}
