//! Metadata: team names, scheduled suspensions and deletions, licenses, and the token's expiry.

use heroku_sim::{
    Company, DEFAULT_TOKEN, Endpoint, EnterpriseAccount, Fault, Simulator, Team, Times,
};
use jiff::SignedDuration;
use jiff::civil::{Date, date};
use serde_json::json;

use crate::exporter::{Exporter, ExporterBuilder, wait_until};
use crate::external_tools;
use crate::recorded_requests::{requests, wait_for_requests};
use crate::scenario::noon;
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::storage_directory::StorageDirectory;

const TODAY: Date = date(2026, 11, 23);

const INFO: &str = "heroku_team_info";
const SUSPENSION: &str = "heroku_team_suspension_scheduled_timestamp_seconds";
const DELETION: &str = "heroku_team_deletion_scheduled_timestamp_seconds";
const QUANTITY: &str = "heroku_team_license_quantity";
const CONSUMED: &str = "heroku_team_license_consumed";
const EXPIRY: &str = "heroku_api_token_expiry_timestamp_seconds";

/// The metadata endpoints of a team.
const TEAM_METADATA: [Endpoint; 3] = [Endpoint::Team, Endpoint::Delinquency, Endpoint::Licenses];

fn company() -> Company {
    let team = Team {
        id: "00000001-0000-4000-8000-000000000000".to_owned(),
        name: "ops".to_owned(),
        enterprise_account: Some("acme".to_owned()),
        invoices: vec![json!({ "id": "i", "period_start": "2026-11-01", "total": 100 })],
        usage: vec![json!({ "name": "ops", "month": "2026-11", "dynos": 1.5, "apps": [] })],
        delinquency: Some(json!({
            "scheduled_suspension_time": "2027-01-01T12:00:00Z", "scheduled_deletion_time": null
        })),
        licenses: Some(vec![
            json!({ "name": "Dyno \"☃\"", "qty": 5, "consumed": 2.0 }),
            json!({ "name": "Dyno \"☃\"", "qty": 1, "consumed": null }),
            json!({ "name": "Invalid", "qty": "many" }),
            json!({ "name": "Credits", "qty": null, "consumed": 7 }),
        ]),
        ..Team::default()
    };
    Company {
        teams: vec![team],
        enterprise_accounts: vec![EnterpriseAccount {
            id: "eeeeeeee-0000-4000-8000-000000000001".to_owned(),
            name: "acme".to_owned(),
            usage: None,
        }],
        token_expires_in: Some(3600 * 24 * 30),
        ..Company::default()
    }
}

async fn start_simulator(company: Company) -> Simulator {
    let heroku = Simulator::builder(company, TODAY).start().await;
    heroku.expect("loopback has a free port")
}

/// Returns a builder of an exporter that starts `hours` after noon and polls every second.
fn exporter_builder(heroku: &Simulator, hours: i64) -> Option<ExporterBuilder> {
    let library = external_tools::faketime_library()?;
    let instant = noon(TODAY) + SignedDuration::from_hours(hours);
    let builder = ExporterBuilder::for_heroku(heroku, "ops").with_clock_at(instant, library);
    Some(builder.arg("--poll.interval=1s"))
}

/// Waits for a response from every metadata endpoint.
async fn wait_for_metadata(heroku: &Simulator) {
    wait_until("the metadata", || {
        let has_response = |endpoint: &Endpoint| {
            let requests = requests(heroku, *endpoint);
            requests.iter().any(|request| request.status.is_some())
        };
        let all = [&TEAM_METADATA[..], &[Endpoint::Authorizations]].concat();
        all.iter().all(has_response).then_some(())
    })
    .await;
}

fn has_metadata(scrape: &Scrape) -> bool {
    [INFO, SUSPENSION, QUANTITY, CONSUMED, EXPIRY]
        .iter()
        .all(|name| scrape.series(name).count() > 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn exposes_metadata() {
    let heroku = start_simulator(company()).await;
    let Some(builder) = exporter_builder(&heroku, 0) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter.wait_for_scrape("the metadata", has_metadata).await;
    let labels = [
        ("team_id", "00000001-0000-4000-8000-000000000000"),
        ("team_name", "ops"),
        ("type", "enterprise"),
        ("enterprise_account", "acme"),
    ];
    assert_eq!(value(&scrape, INFO, &labels), 1.0);
    let ops = [("team_name", "ops")];
    // 2027-01-01T12:00:00Z
    assert_eq!(value(&scrape, SUSPENSION, &ops), 1_798_804_800.0);
    assert_eq!(scrape.series(DELETION).count(), 0);
    let license = |name| [("team_name", "ops"), ("license", name)];
    assert_eq!(value(&scrape, QUANTITY, &license("Dyno \"☃\"")), 6.0);
    assert_eq!(value(&scrape, CONSUMED, &license("Dyno \"☃\"")), 2.0);
    assert_eq!(value(&scrape, CONSUMED, &license("Credits")), 7.0);
    assert_eq!(scrape.series(QUANTITY).count(), 1, "a quantity is unknown");
    let expiry = value(&scrape, EXPIRY, &[]) - noon(TODAY).as_second() as f64;
    let month = 3600.0 * 24.0 * 30.0;
    assert!((month..month + 100.0).contains(&expiry), "{expiry}");
    for endpoint in ["team", "delinquency", "licenses", "authorizations"] {
        let labels = [("endpoint", endpoint), ("code", "200")];
        assert!(value(&scrape, API_REQUESTS, &labels) >= 1.0, "{endpoint}");
    }
    // Metadata endpoints have no heroku_up.
    assert_eq!(scrape.series(UP).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn fetches_metadata_once_and_after_billing_data() {
    let heroku = start_simulator(company()).await;
    heroku.inject_fault(
        Endpoint::Usage,
        Fault::Delay(std::time::Duration::from_secs(1)),
        Times::Once,
    );
    let Some(builder) = exporter_builder(&heroku, 0) else {
        return;
    };
    let exporter = builder.start().await;
    exporter.wait_for_scrape("the metadata", has_metadata).await;
    wait_for_requests(&heroku, Endpoint::Usage, 3).await;
    for endpoint in [
        Endpoint::Delinquency,
        Endpoint::Licenses,
        Endpoint::Authorizations,
    ] {
        assert_eq!(requests(&heroku, endpoint).len(), 1, "{endpoint:?}");
    }
    assert_eq!(
        requests(&heroku, Endpoint::Team).len(),
        1,
        "usage requires the team's id"
    );
    let all = heroku.requests();
    let position = |endpoint| {
        all.iter()
            .position(|request| request.endpoint == Some(endpoint))
    };
    assert!(position(Endpoint::Delinquency) > position(Endpoint::Usage));
    assert!(position(Endpoint::Authorizations) > position(Endpoint::Usage));
}

/// Failures are logged once, at level info, and do not count as failed polls.
#[tokio::test(flavor = "multi_thread")]
async fn metadata_failures_affect_no_polls() {
    let faults = [
        Fault::Status(503),
        Fault::Status(404),
        Fault::Html { status: 200 },
        Fault::ResetInHeaders,
    ];
    for fault in faults {
        let heroku = start_simulator(company()).await;
        for endpoint in [
            Endpoint::Delinquency,
            Endpoint::Licenses,
            Endpoint::Authorizations,
        ] {
            heroku.inject_fault(endpoint, fault.clone(), Times::Always);
        }
        let Some(builder) = exporter_builder(&heroku, 0) else {
            return;
        };
        let exporter = builder.start().await;
        wait_until("all failures", || {
            let failures = exporter.log().matches("metadata request failed").count();
            (failures == 3).then_some(())
        })
        .await;
        wait_for_requests(&heroku, Endpoint::Usage, 2).await;
        let scrape = exporter.wait_for_scrape("successful polls", all_up).await;
        for name in [SUSPENSION, QUANTITY, CONSUMED, EXPIRY] {
            assert_eq!(scrape.series(name).count(), 0, "{name}");
            assert!(!scrape.help.contains_key(name), "{name}");
        }
        assert_eq!(scrape.series(INFO).count(), 1);
        for endpoint in ENDPOINTS {
            assert_eq!(total_failures(&scrape, endpoint), 0.0);
        }
        assert_eq!(requests(&heroku, Endpoint::Delinquency).len(), 1);
        let log = exporter.log();
        assert!(
            !log.contains("level=warn") && !log.contains("level=error"),
            "{log}"
        );
        assert_eq!(log.matches("metadata request failed").count(), 3, "{log}");
    }
}

/// This includes metadata that Heroku does not offer. The token's expiry is not stored, so every
/// start requests it.
#[tokio::test(flavor = "multi_thread")]
async fn restarts_fetch_metadata_once_a_day() {
    let mut company = company();
    company.teams[0].licenses = None;
    let heroku = start_simulator(company).await;
    let storage = StorageDirectory::new();
    for (hours, is_due) in [(0, true), (2, false), (23, false), (26, true), (27, false)] {
        heroku.clear_requests();
        let Some(builder) = exporter_builder(&heroku, hours) else {
            return;
        };
        let mut exporter = storage.configure(builder).start().await;
        if hours > 0 {
            let first = Scrape::parse(&exporter.metrics().await);
            assert_eq!(first.series(SUSPENSION).count(), 1, "{hours}");
        }
        exporter
            .wait_for_scrape("the token's expiry", |scrape| {
                scrape.series(EXPIRY).count() > 0
            })
            .await;
        if is_due {
            wait_for_metadata(&heroku).await;
        }
        wait_for_requests(&heroku, Endpoint::Usage, 3).await;
        for endpoint in TEAM_METADATA {
            assert_eq!(
                requests(&heroku, endpoint).len(),
                usize::from(is_due),
                "{endpoint:?} after {hours} hours"
            );
        }
        wait_until("the database", || {
            let counts = ["team", "delinquency", "licenses"].map(|e| storage.response_count_for(e));
            (counts == [1, 1, 1]).then_some(())
        })
        .await;
        exporter.signal("TERM");
        assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
    }
}

/// Responses about authorizations contain tokens, so they are neither logged nor stored.
#[tokio::test(flavor = "multi_thread")]
async fn never_exposes_tokens_in_responses() {
    let secret = "HRKU-another-0000";
    let bodies = [
        (
            200,
            format!(r#"[{{"access_token":{{"token":"{secret}","expires_in":"{secret}"}}}},7]"#),
        ),
        (200, format!(r#"{{"token":"{secret}"}}"#)),
        (200, format!(r#""{secret}""#)),
        (400, format!(r#"{{"id":"{secret}","message":"{secret}"}}"#)),
    ];
    for (status, body) in bodies {
        let heroku = start_simulator(company()).await;
        let fault = Fault::Response {
            status,
            content_type: "application/json".to_owned(),
            body: body.clone().into_bytes(),
        };
        heroku.inject_fault(Endpoint::Authorizations, fault, Times::Always);
        let storage = StorageDirectory::new();
        let Some(builder) = exporter_builder(&heroku, 0) else {
            return;
        };
        let builder = storage.configure(builder).arg("--log.level=debug");
        let mut exporter = builder.start().await;
        wait_for_metadata(&heroku).await;
        wait_for_requests(&heroku, Endpoint::Usage, 2).await;
        let metrics = exporter.metrics().await;
        assert_eq!(Scrape::parse(&metrics).series(EXPIRY).count(), 0);
        exporter.signal("TERM");
        exporter.wait_for_exit().await;
        for text in [metrics, exporter.full_log()] {
            assert!(!text.contains(secret), "{body}: {text}");
        }
        let file = storage.bytes();
        let file = String::from_utf8_lossy(&file);
        assert!(!file.contains("HRKU"), "{body}");
    }
}

/// Waits until the token expires in `days`.
async fn wait_for_expiry(exporter: &Exporter, what: &str, days: i64) {
    let from = (noon(TODAY) + SignedDuration::from_hours(24 * days)).as_second() as f64;
    exporter
        .wait_for_scrape(what, |scrape| {
            let found: Vec<_> = scrape
                .series(EXPIRY)
                .map(|(_, at)| at.parse::<f64>())
                .collect();
            matches!(found[..], [Ok(at)] if (from..from + 1000.0).contains(&at))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_token_updates_the_expiry() {
    let heroku = start_simulator(company()).await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("token");
    std::fs::write(&file, DEFAULT_TOKEN).expect("the directory is writable");
    let Some(builder) = exporter_builder(&heroku, 0) else {
        return;
    };
    let path = file.to_str().expect("the path is UTF-8");
    let exporter = builder.env("HEROKU_API_KEY_FILE", path).start().await;
    wait_for_expiry(&exporter, "the expiry of the first token", 30).await;
    let mut renewed = company();
    renewed.token_expires_in = Some(3600 * 24 * 365);
    heroku.set_company(renewed);
    wait_for_requests(&heroku, Endpoint::Usage, 2).await;
    wait_for_expiry(&exporter, "the expiry of the first token, unchanged", 30).await;
    let rotated = "HRKU-rotated-0000-0000-0000-000000000000";
    heroku.set_token(rotated.to_owned());
    std::fs::write(&file, rotated).expect("the directory is writable");
    wait_for_expiry(&exporter, "the expiry of the second token", 365).await;
    assert!(!exporter.log().contains("HRKU-"), "{}", exporter.log());
}
