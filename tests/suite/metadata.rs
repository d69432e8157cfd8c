//! What is asked beside the figures, rarely: who teams are, what is scheduled for them, their licences, and when the token expires.

use heroku_sim::{
    Company, DEFAULT_TOKEN, Endpoint, EnterpriseAccount, Fault, Simulator, Team, Times,
};
use jiff::SignedDuration;
use jiff::civil::{Date, date};
use serde_json::json;

use crate::asked::{asked_again, requests};
use crate::exporter::{Exporter, Start, until};
use crate::kept::Kept;
use crate::own_series::*;
use crate::scenario::noon;
use crate::scrape::Scrape;
use crate::tools;

const TODAY: Date = date(2026, 11, 23);

const INFO: &str = "heroku_team_info";
const SUSPENSION: &str = "heroku_team_suspension_scheduled_timestamp_seconds";
const DELETION: &str = "heroku_team_deletion_scheduled_timestamp_seconds";
const QUANTITY: &str = "heroku_team_license_quantity";
const CONSUMED: &str = "heroku_team_license_consumed";
const EXPIRY: &str = "heroku_api_token_expiry_timestamp_seconds";

/// What is asked of a team beside its figures.
const BESIDE: [Endpoint; 3] = [Endpoint::Team, Endpoint::Delinquency, Endpoint::Licenses];

fn company() -> Company {
    let team = Team {
        id: "00000001-0000-4000-8000-000000000000".to_owned(),
        name: "ops".to_owned(),
        enterprise_account: Some("acme".to_owned()),
        invoices: vec![json!({ "id": "i", "period_start": "2026-11-01", "total": 100 })],
        usage: vec![json!({ "name": "ops", "month": "2026-11", "dynos": 1.5 })],
        delinquency: Some(json!({
            "scheduled_suspension_time": "2027-01-01T12:00:00Z", "scheduled_deletion_time": null
        })),
        licenses: Some(vec![
            json!({ "name": "Dyno \"☃\"", "qty": 5, "consumed": 2.0 }),
            json!({ "name": "Dyno \"☃\"", "qty": 1, "consumed": null }),
            json!({ "name": "Odd", "qty": "many" }),
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

async fn heroku(company: Company) -> Simulator {
    let heroku = Simulator::builder(company, TODAY).start().await;
    heroku.expect("loopback has a free port")
}

/// The program so many hours after noon, polling as often as the rate limit bears.
fn start(heroku: &Simulator, hours: i64) -> Option<Start> {
    let library = tools::fake_clock_library()?;
    let instant = noon(TODAY) + SignedDuration::from_hours(hours);
    let start = Start::against(heroku, "ops").at(instant, library);
    Some(start.arg("--poll.interval=1s"))
}

/// Waits until all that is asked beside the figures was answered.
async fn all_asked(heroku: &Simulator) {
    until("what is asked beside", || {
        let answered = |endpoint: &Endpoint| {
            let asked = requests(heroku, *endpoint);
            asked.iter().any(|request| request.status.is_some())
        };
        let all = [&BESIDE[..], &[Endpoint::Authorizations]].concat();
        all.iter().all(answered).then_some(())
    })
    .await;
}

fn has_all(scrape: &Scrape) -> bool {
    [INFO, SUSPENSION, QUANTITY, CONSUMED, EXPIRY]
        .iter()
        .all(|name| scrape.of(name).count() > 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_heroku_says_is_shown() {
    let heroku = heroku(company()).await;
    let Some(start) = start(&heroku, 0) else {
        return;
    };
    let exporter = start.start().await;
    let scrape = exporter.scrape_once("all metadata", has_all).await;
    let who = [
        ("team_id", "00000001-0000-4000-8000-000000000000"),
        ("team_name", "ops"),
        ("type", "enterprise"),
        ("enterprise_account", "acme"),
    ];
    assert_eq!(value(&scrape, INFO, &who), 1.0);
    let ops = [("team_name", "ops")];
    // 2027-01-01T12:00:00Z
    assert_eq!(value(&scrape, SUSPENSION, &ops), 1_798_804_800.0);
    assert_eq!(scrape.of(DELETION).count(), 0);
    let license = |name| [("team_name", "ops"), ("license", name)];
    assert_eq!(value(&scrape, QUANTITY, &license("Dyno \"☃\"")), 6.0);
    assert_eq!(value(&scrape, CONSUMED, &license("Dyno \"☃\"")), 2.0);
    assert_eq!(value(&scrape, CONSUMED, &license("Credits")), 7.0);
    assert_eq!(scrape.of(QUANTITY).count(), 1, "unknown is not zero");
    let expiry = value(&scrape, EXPIRY, &[]) - noon(TODAY).as_second() as f64;
    let month = 3600.0 * 24.0 * 30.0;
    assert!((month..month + 100.0).contains(&expiry), "{expiry}");
    for endpoint in ["team", "delinquency", "licenses", "authorizations"] {
        let labels = [("endpoint", endpoint), ("code", "200")];
        assert!(value(&scrape, API_REQUESTS, &labels) >= 1.0, "{endpoint}");
    }
    // They are no endpoints that are polled.
    assert_eq!(scrape.of(UP).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_asked_after_the_figures_and_not_with_each_poll() {
    let heroku = heroku(company()).await;
    heroku.inject_fault(
        Endpoint::Usage,
        Fault::Delay(std::time::Duration::from_secs(1)),
        Times::Once,
    );
    let Some(start) = start(&heroku, 0) else {
        return;
    };
    let exporter = start.start().await;
    exporter.scrape_once("all metadata", has_all).await;
    asked_again(&heroku, Endpoint::Usage, 3).await;
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
        "usage needs its id"
    );
    let all = heroku.requests();
    let position = |wanted| {
        all.iter()
            .position(|request| request.endpoint == Some(wanted))
    };
    assert!(position(Endpoint::Delinquency) > position(Endpoint::Usage));
    assert!(position(Endpoint::Authorizations) > position(Endpoint::Usage));
}

/// What fails here is said once, at info, and is no failure of an endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn failures_touch_no_figures_and_no_row() {
    let faults = [
        Fault::Status(503),
        Fault::Status(404),
        Fault::Html { status: 200 },
        Fault::ResetInHeaders,
    ];
    for fault in faults {
        let heroku = heroku(company()).await;
        for endpoint in [
            Endpoint::Delinquency,
            Endpoint::Licenses,
            Endpoint::Authorizations,
        ] {
            heroku.inject_fault(endpoint, fault.clone(), Times::Always);
        }
        let Some(start) = start(&heroku, 0) else {
            return;
        };
        let exporter = start.start().await;
        until("all failures", || {
            let said = exporter.log().matches("metadata request failed").count();
            (said == 3).then_some(())
        })
        .await;
        asked_again(&heroku, Endpoint::Usage, 2).await;
        let scrape = exporter.scrape_once("the figures", all_up).await;
        for name in [SUSPENSION, QUANTITY, CONSUMED, EXPIRY] {
            assert_eq!(scrape.of(name).count(), 0, "{name}");
            assert!(!scrape.help.contains_key(name), "{name}");
        }
        assert_eq!(scrape.of(INFO).count(), 1);
        for endpoint in ENDPOINTS {
            assert_eq!(all_failures(&scrape, endpoint), 0.0);
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

/// Restarts ask for them once a day, also for what Heroku does not offer; for the token's age each time, for that is not kept.
#[tokio::test(flavor = "multi_thread")]
async fn restarts_ask_once_a_day() {
    let mut company = company();
    company.teams[0].licenses = None;
    let heroku = heroku(company).await;
    let kept = Kept::none();
    for (hours, asks) in [(0, true), (2, false), (23, false), (26, true), (27, false)] {
        heroku.clear_requests();
        let Some(start) = start(&heroku, hours) else {
            return;
        };
        let mut exporter = kept.of(start).start().await;
        if hours > 0 {
            let first = Scrape::read(&exporter.metrics().await);
            assert_eq!(first.of(SUSPENSION).count(), 1, "{hours}");
        }
        exporter
            .scrape_once("the token's age", |scrape| scrape.of(EXPIRY).count() > 0)
            .await;
        if asks {
            all_asked(&heroku).await;
        }
        asked_again(&heroku, Endpoint::Usage, 3).await;
        for endpoint in BESIDE {
            assert_eq!(
                requests(&heroku, endpoint).len(),
                usize::from(asks),
                "{endpoint:?} after {hours} hours"
            );
        }
        until("the state file", || {
            let counts = ["team", "delinquency", "licenses"].map(|e| kept.answers_of(e));
            (counts == [1, 1, 1]).then_some(())
        })
        .await;
        exporter.signal("TERM");
        assert_eq!(exporter.ended().await.code(), Some(0));
    }
}

/// Nothing of the answer that holds tokens is logged or kept, and a failure of it is told without a word of it.
#[tokio::test(flavor = "multi_thread")]
async fn other_tokens_show_nowhere() {
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
        let heroku = heroku(company()).await;
        let fault = Fault::Response {
            status,
            content_type: "application/json".to_owned(),
            body: body.clone().into_bytes(),
        };
        heroku.inject_fault(Endpoint::Authorizations, fault, Times::Always);
        let kept = Kept::none();
        let Some(start) = start(&heroku, 0) else {
            return;
        };
        let start = kept.of(start).arg("--log.level=debug");
        let mut exporter = start.start().await;
        all_asked(&heroku).await;
        asked_again(&heroku, Endpoint::Usage, 2).await;
        let metrics = exporter.metrics().await;
        assert_eq!(Scrape::read(&metrics).of(EXPIRY).count(), 0);
        exporter.signal("TERM");
        exporter.ended().await;
        for text in [metrics, exporter.whole_log()] {
            assert!(!text.contains(secret), "{body}: {text}");
        }
        let file = String::from_utf8(kept.bytes()).expect("a text");
        assert!(!file.contains("HRKU"), "{body}");
    }
}

async fn expiry_is(exporter: &Exporter, what: &str, days: i64) {
    let from = (noon(TODAY) + SignedDuration::from_hours(24 * days)).as_second() as f64;
    exporter
        .scrape_once(what, |scrape| {
            let found: Vec<_> = scrape.of(EXPIRY).map(|(_, at)| at.parse::<f64>()).collect();
            matches!(found[..], [Ok(at)] if (from..from + 1000.0).contains(&at))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_token_is_asked_for_anew() {
    let heroku = heroku(company()).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("token");
    std::fs::write(&file, DEFAULT_TOKEN).expect("it can be written");
    let Some(start) = start(&heroku, 0) else {
        return;
    };
    let path = file.to_str().expect("a path that is text");
    let exporter = start.env("HEROKU_API_KEY_FILE", path).start().await;
    expiry_is(&exporter, "the first token's age", 30).await;
    let mut renewed = company();
    renewed.token_expires_in = Some(3600 * 24 * 365);
    heroku.set_company(renewed);
    asked_again(&heroku, Endpoint::Usage, 2).await;
    expiry_is(&exporter, "the first token's age, still", 30).await;
    let rotated = "HRKU-rotated-0000-0000-0000-000000000000";
    heroku.set_token(rotated.to_owned());
    std::fs::write(&file, rotated).expect("it can be written");
    expiry_is(&exporter, "the second token's age", 365).await;
    assert!(!exporter.log().contains("HRKU-"), "{}", exporter.log());
}
