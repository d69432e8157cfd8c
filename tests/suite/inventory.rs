//! The inventory: apps, their dynos and add-ons, and what they cost a month.

use heroku_sim::{Company, Endpoint, Fault, Resources, Simulator, Team, Times};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::exporter::{Exporter, ExporterBuilder};
use crate::external_tools;
use crate::recorded_requests::requests;
use crate::scenario::noon;
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::storage_directory::StorageDirectory;

const TODAY: Date = date(2026, 11, 23);

const TEAM_RATE: &str = "heroku_team_run_rate_usd";
const APP_RATE: &str = "heroku_app_run_rate_usd";
const UNPRICED: &str = "heroku_team_unpriced_resources";
const DYNOS: &str = "heroku_app_dynos";
const ADDON_INFO: &str = "heroku_app_addon_info";
const APP_INFO: &str = "heroku_app_info";

fn addon(id: &str, app: &str, plan: &str, billed_price: Value) -> Value {
    let service = plan.split(':').next();
    json!({
        "id": id, "name": id, "app": { "id": app }, "state": "provisioned", "plan": { "name": plan },
        "addon_service": { "name": service }, "billed_price": billed_price,
        "billing_entity": { "id": app, "type": "app" },
    })
}

/// Returns a team that pays by card: a production app with a metered add-on and one that it shares,
/// and a staging app.
fn company() -> Company {
    let price = |cents: u32| json!({ "cents": cents, "unit": "month", "contract": false });
    let metered = json!({ "cents": 0, "unit": "month", "contract": false, "metered": true });
    let mut same_name = addon("db2", "a1", "heroku-postgresql:standard-0", price(100));
    same_name["name"] = json!("db");
    let resources = Resources {
        apps: vec![
            json!({ "id": "a0", "name": "broken" }),
            json!({ "id": "a1", "name": "web", "generation": { "name": "cedar" }, "region": { "name": "eu" } }),
            json!({ "id": "a2", "name": "web-staging", "generation": "fir" }),
            // Nothing guarantees that names are unique.
            json!({ "id": "a3", "name": "web" }),
            json!({ "name": "without id" }),
        ],
        formations: [
            (
                "a1".to_owned(),
                vec![
                    json!({ "type": "web", "quantity": 2, "dyno_size": { "name": "STANDARD-2x" } }),
                    json!({ "type": "release", "quantity": 0, "size": "Eco" }),
                ],
            ),
            (
                "a2".to_owned(),
                vec![json!({ "type": "web", "quantity": 1, "dyno_size": { "name": "Private-S" } })],
            ),
            (
                "a3".to_owned(),
                vec![json!({ "type": "web", "quantity": 1, "size": "Standard-2X" })],
            ),
        ]
        .into(),
        addons: vec![
            addon("db", "a1", "heroku-postgresql:standard-0", price(5000)),
            same_name,
            addon("logs", "a1", "papertrail:fixa", price(800)),
            addon("ai", "a1", "heroku-inference:claude", metered),
            addon("secret", "a2", "sentry:team", Value::Null),
        ],
        pipeline_couplings: vec![
            json!({ "id": "c", "app": { "id": "a2" }, "pipeline": { "id": "p" }, "stage": "staging" }),
        ],
    };
    let team = Team {
        id: "00000001-0000-4000-8000-000000000000".to_owned(),
        name: "ops".to_owned(),
        usage_available: false,
        invoices: vec![json!({ "id": "i", "period_start": "2026-11-01", "total": 100 })],
        resources,
        ..Team::default()
    };
    Company {
        teams: vec![team],
        pipelines: vec![json!({ "id": "p", "name": "shop" })],
        ..Company::default()
    }
}

async fn simulator(company: Company) -> Simulator {
    let heroku = Simulator::builder(company, TODAY).start().await;
    heroku.expect("loopback has a free port")
}

/// Starts an exporter at noon of [`TODAY`]. Returns `None` if there is no `faketime`.
async fn exporter(heroku: &Simulator, team: &str, arguments: &[&str]) -> Option<Exporter> {
    let builder = ExporterBuilder::for_heroku(heroku, team);
    let builder = builder.with_clock_at(noon(TODAY), external_tools::faketime_library()?);
    let arguments = arguments.iter();
    let builder = arguments.fold(builder, |builder, argument| builder.arg(argument));
    Some(builder.start().await)
}

fn sum(scrape: &Scrape, name: &str) -> f64 {
    scrape
        .series(name)
        .map(|(_, value)| value.parse::<f64>().expect("a number"))
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn run_rates_of_a_team_without_usage() {
    let heroku = simulator(company()).await;
    heroku.inject_fault(Endpoint::Formation, Fault::Status(503), Times::Count(1));
    let Some(exporter) = exporter(&heroku, "ops", &["--metrics.resources"]).await else {
        return;
    };
    // The failed request is repeated after an hour, so its app is not read.
    let is_complete = |scrape: &Scrape| {
        scrape.series(DYNOS).count() > 0 && scrape.series(ADDON_INFO).count() == 4
    };
    let scrape = exporter.wait_for_scrape("the inventory", is_complete).await;
    let ops = |more: &[(&'static str, &'static str)]| [&[("team_name", "ops")], more].concat();
    let unpriced = |reason| value(&scrape, UNPRICED, &ops(&[("reason", reason)]));
    assert_eq!(unpriced("metered"), 1.0);
    assert_eq!(unpriced("not_read"), 1.0);
    assert_eq!(unpriced("contract"), 0.0);
    let rate = |category| {
        value(
            &scrape,
            APP_RATE,
            &ops(&[("app_name", "web"), ("category", category)]),
        )
    };
    assert_eq!(
        (rate("dynos"), rate("data"), rate("partner")),
        (150.0, 51.0, 8.0)
    );
    let labels = ops(&[
        ("app_name", "web"),
        ("process_type", "web"),
        ("size", "standard-2x"),
    ]);
    assert_eq!(value(&scrape, DYNOS, &labels), 3.0);
    // The price of Private-S and that of an add-on.
    assert_eq!(unpriced("unknown"), 2.0);
    let labels = ops(&[
        ("app_name", "web-staging"),
        ("pipeline", "shop"),
        ("stage", "staging"),
        ("region", ""),
        ("space", ""),
        ("generation", "fir"),
    ]);
    assert_eq!(value(&scrape, APP_INFO, &labels), 1.0);
    assert_eq!(sum(&scrape, APP_RATE), sum(&scrape, TEAM_RATE));
    assert_eq!(requests(&heroku, Endpoint::Formation).len(), 4);
    // Without this variant, a metered add-on would look free.
    for request in requests(&heroku, Endpoint::Addons) {
        let accept = "application/vnd.heroku+json; version=3.sdk";
        assert_eq!(request.header("accept"), Some(accept));
    }
    // Usage is denied, and nothing of it is made up.
    assert_eq!(scrape.series("heroku_team_cost_usd").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_run_rates() {
    let heroku = simulator(company()).await;
    let directory = StorageDirectory::new();
    let storage = format!("--storage.path={}", directory.path().display());
    let Some(mut first) = exporter(&heroku, "ops", &[&storage]).await else {
        return;
    };
    // All formations are known.
    let is_complete = |scrape: &Scrape| {
        let labels = [("team_name", "ops"), ("reason", "not_read")];
        scrape.series(UNPRICED).count() > 0 && value(scrape, UNPRICED, &labels) == 0.0
    };
    let before = first.wait_for_scrape("the inventory", is_complete).await;
    first.signal("TERM");
    first.wait_for_exit().await;
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    let Some(second) = exporter(&heroku, "ops", &[&storage]).await else {
        return;
    };
    let after = Scrape::parse(&second.metrics().await);
    for name in [TEAM_RATE, APP_RATE, UNPRICED] {
        let rates = |scrape: &Scrape| -> Vec<_> {
            let series = scrape.series(name);
            series
                .map(|(series, value)| (series.clone(), value.to_owned()))
                .collect()
        };
        assert!(!rates(&before).is_empty());
        assert_eq!(rates(&after), rates(&before));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_account_has_its_own_apps_only() {
    let mut company = Company::synthetic(1, TODAY);
    let friends = company
        .personal_resources
        .apps
        .last()
        .expect("an app of another person");
    let id = friends["id"].as_str().expect("an id").to_owned();
    let price = json!({ "cents": 900, "unit": "month", "contract": false });
    company
        .personal_resources
        .addons
        .push(addon("theirs", &id, "heroku-redis:mini", price));
    let heroku = simulator(company).await;
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let exporter = ExporterBuilder::new(&["--heroku.personal-account"])
        .with_clock_at(noon(TODAY), library)
        .env("HEROKU_API_KEY", heroku.token())
        .env("HEROKU_API_URL", &heroku.url())
        .start()
        .await;
    let is_complete = |scrape: &Scrape| {
        let labels = [("team_name", "_personal"), ("reason", "not_read")];
        scrape.series(UNPRICED).count() > 0
            && value(scrape, UNPRICED, &labels) == 0.0
            && scrape.label_values(APP_RATE, "category").contains("data")
    };
    let scrape = exporter.wait_for_scrape("the inventory", is_complete).await;
    let apps = scrape.label_values(APP_RATE, "app_name");
    assert!(
        apps.contains("hobby-blog") && !apps.contains("friends-app"),
        "{apps:?}"
    );
    let labels = [
        ("team_name", "_personal"),
        ("app_name", "hobby-blog"),
        ("category", "data"),
    ];
    assert_eq!(value(&scrape, APP_RATE, &labels), 5.0);
    assert_eq!(sum(&scrape, APP_RATE), sum(&scrape, TEAM_RATE));
}

#[tokio::test(flavor = "multi_thread")]
async fn token_without_access_to_apps_keeps_costs() {
    let heroku = simulator(Company::synthetic(1, TODAY)).await;
    for endpoint in [
        Endpoint::Apps,
        Endpoint::Addons,
        Endpoint::PipelineCouplings,
    ] {
        heroku.inject_fault(endpoint, Fault::Status(403), Times::Always);
    }
    let team = Company::synthetic(1, TODAY).teams[0].name.clone();
    let Some(exporter) = exporter(&heroku, &team, &[]).await else {
        return;
    };
    let denied = |scrape: &Scrape| {
        let labels = [("endpoint", "pipeline_couplings"), ("code", "403")];
        value(scrape, API_REQUESTS, &labels) > 0.0
    };
    let scrape = exporter.wait_for_scrape("the denial", denied).await;
    assert!(scrape.series("heroku_team_cost_usd").count() > 0);
    assert_eq!(
        scrape.series(TEAM_RATE).count() + scrape.series(APP_RATE).count(),
        0
    );
    assert_eq!(endpoint_value(&scrape, UP, "usage"), 1.0);
    let log = exporter.log();
    assert_eq!(log.matches("inventory request failed").count(), 3, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_metrics_do_not_depend_on_resources() {
    let heroku = simulator(Company::synthetic(1, TODAY)).await;
    let team = Company::synthetic(1, TODAY).teams[0].name.clone();
    let flag = "--heroku.resources=false";
    let with = exporter(&heroku, &team, &["--metrics.resources"]).await;
    let without = exporter(&heroku, &team, &[flag]).await;
    let (Some(with), Some(without)) = (with, without) else {
        return;
    };
    let has_rates = |scrape: &Scrape| all_up(scrape) && scrape.series(APP_RATE).count() > 0;
    let with = with.wait_for_scrape("the inventory", has_rates).await;
    let without = without.wait_for_scrape("the polls", all_up).await;
    assert!(without.legacy().samples.len() > 100);
    assert_eq!(with.legacy().samples, without.legacy().samples);
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_can_be_disabled() {
    let heroku = simulator(company()).await;
    let Some(exporter) = exporter(
        &heroku,
        "ops",
        &["--heroku.resources=false", "--metrics.resources"],
    )
    .await
    else {
        return;
    };
    let has_metadata = |scrape: &Scrape| scrape.series("heroku_team_info").count() > 0;
    let scrape = exporter.wait_for_scrape("the metadata", has_metadata).await;
    assert_eq!(scrape.series(TEAM_RATE).count(), 0);
    assert!(
        !scrape
            .label_values(API_REQUESTS, "endpoint")
            .contains("apps")
    );
    assert!(requests(&heroku, Endpoint::Apps).is_empty());
}
