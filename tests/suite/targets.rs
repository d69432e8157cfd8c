//! Targets: named teams, discovered teams, enterprise accounts, the personal account and their
//! combinations.

use std::collections::BTreeSet;

use heroku_sim::{Company, Endpoint, EnterpriseAccount, Fault, Simulator, Team, Times};
use jiff::civil::{Date, date};
use serde_json::json;

use crate::exporter::{Exporter, ExporterBuilder, wait_until};
use crate::external_tools;
use crate::recorded_requests::{past_usage_requests, requests, wait_for_requests};
use crate::scenario::noon;
use crate::scrape::{Scrape, Series};
use crate::self_series::*;
use crate::storage_directory::StorageDirectory;

const TODAY: Date = date(2026, 11, 23);

const ACCOUNT_ID: &str = "eeeeeeee-0000-4000-8000-000000000001";

const USAGE: &str = "heroku_team_usage_current_usd";
const CHARGES: &str = "heroku_invoice_current_charges_total_usd";

/// Returns a team id.
fn id(number: u32) -> String {
    format!("{number:08}-0000-4000-8000-000000000000")
}

/// Returns a team whose invoices and usage have `number` as their amount.
fn team(number: u32, name: &str) -> Team {
    let invoice = json!({ "id": format!("i{number}"), "number": number, "state": 0, "payment_status": "Pending",
        "period_start": "2026-11-01", "period_end": "2026-11-30", "total": 100 * number, "charges_total": 100 * number });
    let usage = json!({ "id": id(number), "name": name, "month": "2026-11", "dynos": 1.5, "data": number, "addons": number,
        "partner": 0, "connect": 0, "apps": [{ "app_name": "shop", "dynos": 1.5, "data": number }] });
    Team {
        id: id(number),
        name: name.to_owned(),
        invoices: vec![invoice],
        usage: vec![usage],
        ..Team::default()
    }
}

/// Returns a team of the enterprise account.
fn enterprise_team(number: u32, name: &str) -> Team {
    Team {
        enterprise: true,
        enterprise_account: Some(ACCOUNT_ID.to_owned()),
        ..team(number, name)
    }
}

/// Returns a company with the teams `ops` and `web`, two teams of the enterprise account `acme`,
/// and a personal account.
fn company() -> Company {
    let personal = json!({ "id": "p", "number": 9, "state": 1, "period_start": "2026-11-01", "period_end": "2026-11-30",
        "total": 1234.5, "charges_total": 1234.5, "credits_total": 0.0 });
    Company {
        teams: vec![
            team(1, "ops"),
            team(2, "web"),
            enterprise_team(3, "core"),
            enterprise_team(4, "data \"\\\n☃"),
        ],
        enterprise_accounts: vec![EnterpriseAccount {
            id: ACCOUNT_ID.to_owned(),
            name: "acme".to_owned(),
            usage: None,
        }],
        personal_invoices: vec![personal],
        ..Company::default()
    }
}

async fn start_simulator(company: Company) -> Simulator {
    let heroku = Simulator::builder(company, TODAY).start().await;
    heroku.expect("loopback has a free port")
}

/// Returns a builder of an exporter that starts at noon, polls every second and has these targets.
fn exporter_builder(heroku: &Simulator, targets: &[(&str, &str)]) -> Option<ExporterBuilder> {
    let library = external_tools::faketime_library()?;
    let builder = ExporterBuilder::new(&["--poll.interval=1s"])
        .env("HEROKU_API_URL", &heroku.url())
        .env("HEROKU_API_KEY", heroku.token())
        .with_clock_at(noon(TODAY), library);
    Some(
        targets
            .iter()
            .fold(builder, |builder, (name, value)| builder.env(name, value)),
    )
}

const ALL_TEAMS: (&str, &str) = ("HEROKU_TEAM_ID", "*");
const ACME: (&str, &str) = ("HEROKU_ENTERPRISE_ACCOUNT", "acme");
const PERSONAL: (&str, &str) = ("HEROKU_PERSONAL_ACCOUNT", "true");

async fn start_exporter(heroku: &Simulator, targets: &[(&str, &str)]) -> Option<Exporter> {
    Some(exporter_builder(heroku, targets)?.start().await)
}

/// Returns the teams and endpoints of `heroku_up`.
fn polled_endpoints(scrape: &Scrape) -> Vec<(String, String)> {
    let label = |name| move |series: &Series| series.label(name).map(str::to_owned);
    scrape
        .series(UP)
        .filter_map(|(series, _)| Some((label("team_name")(series)?, label("endpoint")(series)?)))
        .collect()
}

fn team_names(scrape: &Scrape, metric: &str) -> Vec<String> {
    scrape
        .label_values(metric, "team_name")
        .into_iter()
        .collect()
}

/// Waits until every endpoint was polled and is up or not available.
async fn wait_for_all_polls(exporter: &Exporter) -> Scrape {
    exporter
        .wait_for_scrape("all polls", |scrape| {
            let polled =
                scrape.series(POLLS).count() > 0 && scrape.series(POLLS).all(|(_, n)| n != "0");
            let up = |(series, up): (&Series, &str)| {
                let same = scrape
                    .series(AVAILABLE)
                    .find(|(s, _)| s.labels == series.labels);
                up == "1" || same.is_some_and(|(_, available)| available == "0")
            };
            polled && scrape.series(UP).all(up)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn discovers_all_teams_of_the_token() {
    let heroku = start_simulator(company()).await;
    let Some(exporter) = start_exporter(&heroku, &[ALL_TEAMS]).await else {
        return;
    };
    let first = Scrape::parse(&exporter.metrics().await);
    assert!(polled_endpoints(&first).contains(&("*".to_owned(), "teams".to_owned())));
    let scrape = exporter
        .wait_for_scrape("all teams", |scrape| team_names(scrape, USAGE).len() == 4)
        .await;
    assert_eq!(
        team_names(&scrape, USAGE),
        ["core", "data \"\\\n☃", "ops", "web"]
    );
    let scrape = wait_for_all_polls(&exporter).await;
    assert_eq!(team_names(&scrape, CHARGES), ["ops", "web"]);
    // Two endpoints of each team, and the list of teams.
    assert_eq!(polled_endpoints(&scrape).len(), 9);
    assert_eq!(
        requests(&heroku, Endpoint::Team).len(),
        0,
        "the list has ids and names"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn include_and_exclude_filter_discovered_teams() {
    let heroku = start_simulator(company()).await;
    let targets = [
        ALL_TEAMS,
        ("HEROKU_TEAM_INCLUDE", "ops|web|co.*"),
        ("HEROKU_TEAM_EXCLUDE", "w.*"),
    ];
    let Some(exporter) = start_exporter(&heroku, &targets).await else {
        return;
    };
    let scrape = exporter
        .wait_for_scrape("the teams", |scrape| team_names(scrape, USAGE).len() == 2)
        .await;
    assert_eq!(team_names(&scrape, USAGE), ["core", "ops"]);
    // A team whose new name does not match is removed.
    let mut renamed = company();
    renamed.teams[0] = team(1, "web-2");
    heroku.set_company(renamed);
    let scrape = exporter
        .wait_for_scrape("the remaining team", |scrape| {
            team_names(scrape, USAGE) == ["core"]
        })
        .await;
    assert!(
        !polled_endpoints(&scrape)
            .iter()
            .any(|(name, _)| name == "ops" || name == "web-2")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_follows_added_renamed_and_removed_teams() {
    let before = Company {
        teams: vec![team(1, "ops"), team(2, "web")],
        ..Company::default()
    };
    let heroku = start_simulator(before.clone()).await;
    let Some(exporter) = start_exporter(&heroku, &[ALL_TEAMS]).await else {
        return;
    };
    exporter
        .wait_for_scrape("two teams", |scrape| {
            team_names(scrape, CHARGES) == ["ops", "web"]
        })
        .await;
    wait_for_all_polls(&exporter).await;
    let mut more = before.clone();
    more.teams.push(team(5, "new"));
    heroku.set_company(more.clone());
    exporter
        .wait_for_scrape("a third team", |scrape| {
            team_names(scrape, CHARGES) == ["new", "ops", "web"]
        })
        .await;
    assert_eq!(exporter.get("/-/ready").await.status, 200);
    // A renamed team keeps its data and poll counts.
    let polls = |scrape: &Scrape, name: &str| {
        value(
            scrape,
            POLLS,
            &[("team_name", name), ("endpoint", "invoices")],
        )
    };
    let known = Scrape::parse(&exporter.metrics().await);
    more.teams[0] = team(1, "ops-2");
    heroku.set_company(more);
    let renamed = exporter
        .wait_for_scrape("a new name", |scrape| {
            polled_endpoints(scrape)
                .iter()
                .any(|(name, _)| name == "ops-2")
        })
        .await;
    assert!(polls(&renamed, "ops-2") >= polls(&known, "ops"));
    assert_eq!(team_names(&renamed, CHARGES), ["new", "ops-2", "web"]);
    heroku.set_company(before);
    exporter
        .wait_for_scrape("two teams again", |scrape| {
            team_names(scrape, CHARGES) == ["ops", "web"]
                && team_names(scrape, UP) == ["*", "ops", "web"]
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_or_undecodable_discovery_keeps_known_teams() {
    let heroku = start_simulator(company()).await;
    let Some(exporter) = start_exporter(&heroku, &[ALL_TEAMS]).await else {
        return;
    };
    exporter
        .wait_for_scrape("all teams", |scrape| team_names(scrape, USAGE).len() == 4)
        .await;
    let partly_valid =
        json!([{ "id": id(1), "name": "ops" }, { "id": 7, "name": "web" }, null]).to_string();
    let response = |body: &str| Fault::Response {
        status: 200,
        content_type: "application/json".to_owned(),
        body: body.as_bytes().to_vec(),
    };
    for (fault, up, skipped) in [
        (Fault::Status(503), 0.0, 0.0),
        (response("[7,null]"), 0.0, 0.0),
        (response("{}"), 0.0, 0.0),
        (response(&partly_valid), 1.0, 2.0),
    ] {
        heroku.inject_fault(Endpoint::Teams, fault, Times::Always);
        let labels = [("team_name", "*"), ("endpoint", "teams")];
        let scrape = exporter
            .wait_for_scrape("the fault", |scrape| {
                value(scrape, UP, &labels) == up && value(scrape, SKIPPED_ROWS, &labels) == skipped
            })
            .await;
        assert_eq!(team_names(&scrape, USAGE).len(), 4);
        wait_for_requests(&heroku, Endpoint::Usage, 2).await;
        heroku.clear_faults();
        exporter
            .wait_for_scrape("recovery", |scrape| {
                value(scrape, UP, &labels) == 1.0 && value(scrape, SKIPPED_ROWS, &labels) == 0.0
            })
            .await;
    }
    // An empty list is valid and removes all teams.
    heroku.inject_fault(Endpoint::Teams, response("[]"), Times::Always);
    exporter
        .wait_for_scrape("no team", |scrape| team_names(scrape, UP) == ["*"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enterprise_account_reports_usage_of_all_its_teams() {
    for account in ["acme", ACCOUNT_ID] {
        let heroku = start_simulator(company()).await;
        let Some(exporter) =
            start_exporter(&heroku, &[("HEROKU_ENTERPRISE_ACCOUNT", account)]).await
        else {
            return;
        };
        let first = Scrape::parse(&exporter.metrics().await);
        assert_eq!(
            polled_endpoints(&first),
            [(account.to_owned(), "usage".to_owned())]
        );
        let scrape = exporter
            .wait_for_scrape("its teams", |scrape| team_names(scrape, USAGE).len() == 2)
            .await;
        assert_eq!(team_names(&scrape, USAGE), ["core", "data \"\\\n☃"]);
        assert_eq!(team_names(&scrape, UP), [account]);
        wait_for_requests(&heroku, Endpoint::EnterpriseUsage, 3).await;
        let resolutions = usize::from(account == "acme");
        assert_eq!(
            requests(&heroku, Endpoint::EnterpriseAccount).len(),
            resolutions
        );
        for endpoint in [
            Endpoint::Usage,
            Endpoint::Invoices,
            Endpoint::EnterpriseTeams,
        ] {
            assert_eq!(requests(&heroku, endpoint).len(), 0, "{endpoint:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn past_usage_of_enterprise_account_is_requested_once() {
    let mut company = company();
    for team in &mut company.teams {
        let mut past = team.usage[0].clone();
        past["month"] = json!("2026-03");
        team.usage.insert(0, past);
    }
    let heroku = start_simulator(company).await;
    let storage = StorageDirectory::new();
    let Some(builder) = exporter_builder(&heroku, &[ACME]) else {
        return;
    };
    let exporter = storage.configure(builder).start().await;
    let past_months = |scrape: &Scrape| {
        let series = scrape.series("heroku_team_month_cost_usd");
        let names = series.filter_map(|(series, _)| {
            let is_past = series.label("month") == Some("2026-03");
            is_past.then(|| series.label("team_name").map(str::to_owned))
        });
        names.collect::<BTreeSet<_>>().len()
    };
    exporter
        .wait_for_scrape("past months", |scrape| past_months(scrape) == 2)
        .await;
    wait_for_requests(&heroku, Endpoint::EnterpriseUsage, 3).await;
    let paths: Vec<_> = past_usage_requests(&heroku)
        .into_iter()
        .map(|request| request.path)
        .collect();
    let path = format!("/enterprise-accounts/{ACCOUNT_ID}/usage/monthly?start=2025-11&end=2026-10");
    assert_eq!(paths, [path]);
    assert_eq!(storage.response_count_for("past_usage"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn enterprise_account_outage_keeps_data() {
    let heroku = start_simulator(company()).await;
    let Some(exporter) = start_exporter(&heroku, &[ACME]).await else {
        return;
    };
    let known = exporter
        .wait_for_scrape("its teams", |scrape| team_names(scrape, USAGE).len() == 2)
        .await;
    heroku.inject_fault(Endpoint::EnterpriseUsage, Fault::Status(503), Times::Always);
    let down = exporter
        .wait_for_scrape("the outage", |scrape| {
            failures(scrape, "usage", "server_error") > 0.0
        })
        .await;
    assert_eq!(down.billing_metrics(), known.billing_metrics());
    heroku.clear_faults();
    exporter.wait_for_scrape("recovery", all_up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_unknown_enterprise_account() {
    let heroku = start_simulator(company()).await;
    let Some(exporter) = start_exporter(&heroku, &[("HEROKU_ENTERPRISE_ACCOUNT", "nobody")]).await
    else {
        return;
    };
    exporter
        .wait_for_scrape("the failure", |scrape| {
            failures(scrape, "usage", "not_found") > 0.0
        })
        .await;
    assert!(exporter.log().contains("no such enterprise account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_account_has_only_invoices() {
    let heroku = start_simulator(company()).await;
    let Some(exporter) = start_exporter(&heroku, &[PERSONAL]).await else {
        return;
    };
    let expected = [("_personal".to_owned(), "invoices".to_owned())];
    let first = Scrape::parse(&exporter.metrics().await);
    assert_eq!(polled_endpoints(&first), expected);
    let scrape = exporter.wait_for_scrape("its invoices", all_up).await;
    assert_eq!(polled_endpoints(&scrape), expected);
    // As the only target it has no team_name, like a single team.
    let totals: Vec<_> = scrape.series(CHARGES).collect();
    let [(series, value)] = totals[..] else {
        panic!("{totals:?}");
    };
    assert_eq!((series.label("team_name"), value), (None, "12.345"));
    wait_for_requests(&heroku, Endpoint::AccountInvoices, 2).await;
    for endpoint in [Endpoint::Usage, Endpoint::Invoices, Endpoint::Teams] {
        assert_eq!(requests(&heroku, endpoint).len(), 0, "{endpoint:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn combined_targets_expose_each_team_once() {
    let heroku = start_simulator(company()).await;
    let Some(exporter) = start_exporter(&heroku, &[ALL_TEAMS, ACME, PERSONAL]).await else {
        return;
    };
    let scrape = exporter
        .wait_for_scrape("all data", |scrape| {
            team_names(scrape, USAGE).len() == 4 && team_names(scrape, CHARGES).len() == 3
        })
        .await;
    assert_eq!(
        team_names(&scrape, USAGE),
        ["core", "data \"\\\n☃", "ops", "web"]
    );
    assert_eq!(team_names(&scrape, CHARGES), ["_personal", "ops", "web"]);
    wait_for_all_polls(&exporter).await;
    wait_for_requests(&heroku, Endpoint::EnterpriseUsage, 2).await;
    // Teams of the enterprise account are not polled for usage.
    for request in requests(&heroku, Endpoint::Usage) {
        assert!(
            [id(1), id(2)].map(Some).contains(&request.team),
            "{request:?}"
        );
    }
    let usage_targets: Vec<_> = polled_endpoints(&scrape)
        .into_iter()
        .filter(|(_, endpoint)| endpoint == "usage")
        .map(|(name, _)| name)
        .collect();
    assert_eq!(usage_targets, ["acme", "ops", "web"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn named_team_of_enterprise_account_keeps_its_endpoints() {
    for named in ["core,web", &format!("{},web", id(3))] {
        let heroku = start_simulator(company()).await;
        let Some(exporter) = start_exporter(&heroku, &[("HEROKU_TEAM_ID", named), ACME]).await
        else {
            return;
        };
        exporter
            .wait_for_scrape("all usage", |scrape| team_names(scrape, USAGE).len() == 3)
            .await;
        let scrape = wait_for_all_polls(&exporter).await;
        assert_eq!(team_names(&scrape, USAGE), ["core", "data \"\\\n☃", "web"]);
        let endpoints: Vec<_> = polled_endpoints(&scrape)
            .into_iter()
            .filter(|(name, _)| name == "core")
            .map(|(_, endpoint)| endpoint)
            .collect();
        assert_eq!(endpoints, ENDPOINTS);
        let usage = [("team_name", "core"), ("endpoint", "usage")];
        assert_eq!(value(&scrape, UP, &usage), 1.0);
        for request in requests(&heroku, Endpoint::Usage) {
            assert_eq!(request.team, Some(id(2)), "{request:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn named_team_is_polled_without_enterprise_usage() {
    let heroku = start_simulator(company()).await;
    heroku.inject_fault(Endpoint::EnterpriseUsage, Fault::Status(403), Times::Always);
    let Some(exporter) = start_exporter(&heroku, &[("HEROKU_TEAM_ID", "core"), ACME]).await else {
        return;
    };
    let scrape = exporter
        .wait_for_scrape("its usage", |scrape| team_names(scrape, USAGE) == ["core"])
        .await;
    let account = [("team_name", "acme"), ("endpoint", "usage")];
    assert_eq!(value(&scrape, AVAILABLE, &account), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_after_discovered_teams_were_polled() {
    let heroku = start_simulator(company()).await;
    heroku.inject_fault(
        Endpoint::Teams,
        Fault::Delay(std::time::Duration::from_millis(800)),
        Times::Once,
    );
    heroku.inject_fault_for(
        "web",
        Endpoint::Usage,
        Fault::Delay(std::time::Duration::from_millis(1500)),
        Times::Once,
    );
    let Some(exporter) = start_exporter(&heroku, &[ALL_TEAMS]).await else {
        return;
    };
    assert_eq!(exporter.get("/-/ready").await.status, 503);
    exporter
        .wait_for_scrape("some teams", |scrape| {
            team_names(scrape, CHARGES).len() == 2
        })
        .await;
    let before = Scrape::parse(&exporter.metrics().await);
    let status = exporter.get("/-/ready").await.status;
    if before.series(POLLS).any(|(_, polls)| polls == "0") && status == 200 {
        let after = Scrape::parse(&exporter.metrics().await);
        assert!(after.series(POLLS).all(|(_, polls)| polls != "0"));
    }
    wait_for_all_polls(&exporter).await;
    assert_eq!(exporter.get("/-/ready").await.status, 200);
}

/// If discovery fails, there are no teams to wait for.
#[tokio::test(flavor = "multi_thread")]
async fn ready_after_all_targets_failed() {
    let heroku = start_simulator(company()).await;
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    let Some(exporter) = start_exporter(&heroku, &[ALL_TEAMS, ACME, PERSONAL]).await else {
        return;
    };
    let scrape = exporter
        .wait_for_scrape("all polls", |scrape| {
            scrape.series(POLLS).all(|(_, polls)| polls != "0")
        })
        .await;
    assert_eq!(polled_endpoints(&scrape).len(), 3);
    assert_eq!(exporter.get("/-/ready").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_data_of_every_target() {
    for targets in [
        &[ALL_TEAMS][..],
        &[ACME],
        &[PERSONAL],
        &[ALL_TEAMS, ACME, PERSONAL],
    ] {
        let heroku = start_simulator(company()).await;
        let storage = StorageDirectory::new();
        let Some(builder) = exporter_builder(&heroku, targets) else {
            return;
        };
        let mut exporter = storage.configure(builder).start().await;
        wait_for_all_polls(&exporter).await;
        let known = Scrape::parse(&exporter.metrics().await);
        assert_ne!(known.billing_metrics(), Scrape::default());
        exporter.signal("TERM");
        assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
        heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
        let (Some(builder), Some(library)) = (
            exporter_builder(&heroku, targets),
            external_tools::faketime_library(),
        ) else {
            return;
        };
        let later = noon(TODAY) + jiff::SignedDuration::from_hours(2);
        let builder = builder.with_clock_at(later, library);
        heroku.clear_requests();
        let exporter = storage.configure(builder).start().await;
        let restored = Scrape::parse(&exporter.metrics().await);
        assert_eq!(restored.billing_metrics(), known.billing_metrics());
        assert_eq!(polled_endpoints(&restored), polled_endpoints(&known));
        // The first exporter may have polled again before it exited.
        for (series, at) in known.series(LAST_POLL_SUCCESS) {
            let at: f64 = at.parse().expect("a timestamp");
            let restored: f64 = restored.samples[series].parse().expect("a timestamp");
            assert!(
                (at..at + 60.0).contains(&restored),
                "{series:?}: {at}, {restored}"
            );
        }
        assert_eq!(exporter.get("/-/ready").await.status, 503);
        let request = wait_until("a request", || heroku.requests().pop()).await;
        assert_ne!(
            request.endpoint,
            Some(Endpoint::EnterpriseAccount),
            "the id is stored"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reports_every_target() {
    let heroku = start_simulator(company()).await;
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let output = std::process::Command::new(crate::exporter::BINARY)
        .arg("check")
        .env_clear()
        .env("HEROKU_API_URL", heroku.url())
        .env("HEROKU_API_KEY", heroku.token())
        .envs([ALL_TEAMS, ACME, PERSONAL])
        .env("LD_PRELOAD", library)
        .env("FAKETIME", format!("@{}", noon(TODAY).as_second()))
        .env("FAKETIME_FMT", "%s")
        .output();
    let output = output.expect("the binary starts");
    let text = String::from_utf8(output.stdout).expect("the output is UTF-8");
    for line in [
        "4 teams",
        "Enterprise account acme",
        "(2 teams)",
        "_personal",
        "\nweb (",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(output.status.code(), Some(0), "{text}");
}
