//! Failed polls: they do not affect other endpoints or teams, data is kept, and retries follow
//! within seconds.

use heroku_sim::{Endpoint, Fault, Simulator, Times};

use crate::exporter::{Exporter, wait_until};
use crate::exporter_log;
use crate::faults;
use crate::recorded_requests::response_count;
use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::POLLS;

/// Starts an exporter that polls every second.
async fn start_with_short_interval(scenario: &Scenario, heroku: &Simulator) -> Option<Exporter> {
    let builder = scenario.exporter_builder(heroku, &scenario.team_ids())?;
    Some(builder.arg("--poll.interval=1s").start().await)
}

/// Asserts that the other endpoint has data while `failing` fails, and that `failing` recovers.
/// With the default interval of an hour, only a retry can succeed within the test.
async fn assert_recovers(failing: Endpoint, other: TeamCounts) {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(failing, Fault::Status(503), Times::Count(2));
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    exporter
        .wait_for_scrape("the other endpoint", |scrape| {
            TeamCounts::from_scrape(scrape) == other
        })
        .await;
    let is_complete = |scrape: &Scrape| TeamCounts::from_scrape(scrape) == scenario.expected_counts;
    exporter.wait_for_scrape("recovery", is_complete).await;
    assert_eq!(response_count(&heroku, failing, 503), 2);
    assert_eq!(response_count(&heroku, failing, 200), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_failure_does_not_affect_invoices_and_recovers() {
    let invoices = TeamCounts {
        invoices: 1,
        usage: 0,
    };
    assert_recovers(Endpoint::Usage, invoices).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invoice_failure_does_not_affect_usage_and_recovers() {
    let usage = TeamCounts {
        invoices: 0,
        usage: 1,
    };
    assert_recovers(Endpoint::Invoices, usage).await;
}

/// Injects each kind of failed response and checks the failure reason in the log.
#[tokio::test(flavor = "multi_thread")]
async fn keeps_data_during_every_kind_of_failure() {
    let with_body = |body: &str| Fault::Response {
        status: 200,
        content_type: "application/json".to_owned(),
        body: body.as_bytes().to_vec(),
    };
    let redirect = Fault::Redirect {
        location: "http://127.0.0.1:1/".to_owned(),
        status: 302,
    };
    let table = [
        (Fault::Status(401), "unauthorized"),
        (Fault::Status(402), "payment_required"),
        (Fault::Status(403), "forbidden"),
        (Fault::Status(404), "not_found"),
        (Fault::Status(500), "server_error"),
        (Fault::Status(418), "unexpected_status"),
        (Fault::RateLimited { retry_after: None }, "rate_limited"),
        (Fault::Html { status: 503 }, "server_error"),
        (Fault::Html { status: 200 }, "malformed"),
        (with_body("{}"), "malformed"),
        (with_body("[{"), "malformed"),
        (with_body("[7]"), "malformed"),
        (Fault::NotGzip, "malformed"),
        (redirect, "unexpected_status"),
        (Fault::ResetInHeaders, "network"),
        (Fault::ResetInBody { after: 10 }, "network"),
        (Fault::TruncateBody { after: 10 }, "network"),
        (Fault::HugeBody { bytes: 100 << 20 }, "too_large"),
    ];
    let mut cases = tokio::task::JoinSet::new();
    for (fault, reason) in table {
        cases.spawn(async move {
            let scenario = Scenario::named("one_team");
            let heroku = scenario.start_simulator().await;
            let Some(exporter) = start_with_short_interval(&scenario, &heroku).await else {
                return;
            };
            let before = exporter
                .wait_for_scrape("the first responses", |scrape| {
                    TeamCounts::from_scrape(scrape) == scenario.expected_counts
                })
                .await;
            heroku.inject_fault(Endpoint::Invoices, fault.clone(), Times::Always);
            heroku.inject_fault(Endpoint::Usage, fault, Times::Always);
            let reason = format!("reason={reason} ");
            for endpoint in ["endpoint=invoices", "endpoint=usage"] {
                exporter_log::wait_for_line(&exporter, &["level=warn", endpoint, &reason]).await;
            }
            let during = Scrape::parse(&exporter.metrics().await).billing_metrics();
            assert_eq!(during, before.billing_metrics(), "{reason}");
            assert_eq!(exporter.get("/health").await.text(), "OK");
        });
    }
    cases.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_lists_expose_no_zeros() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Usage, Fault::EmptyList, Times::Always);
    heroku.inject_fault(Endpoint::Invoices, Fault::EmptyList, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    for endpoint in ["endpoint=invoices", "endpoint=usage"] {
        exporter_log::wait_for_line(&exporter, &["level=info", endpoint]).await;
    }
    let metrics = Scrape::parse(&exporter.metrics().await).billing_metrics();
    assert_eq!(metrics, Scrape::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn removes_series_of_deleted_apps() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let Some(exporter) = start_with_short_interval(&scenario, &heroku).await else {
        return;
    };
    let has_shop = |scrape: &Scrape| {
        let names = [
            "heroku_team_usage_current_usd",
            "heroku_team_usage_previous_usd",
        ];
        names
            .iter()
            .any(|name| scrape.label_values(name, "app_name").contains("shop"))
    };
    exporter.wait_for_scrape("the app", has_shop).await;
    let mut company = scenario.company();
    for row in &mut company.teams[0].usage {
        let apps = row["apps"].as_array_mut().expect("a list of apps");
        apps.retain(|app| app["app_name"] != "shop");
    }
    heroku.set_company(company);
    exporter
        .wait_for_scrape("the removal", |scrape| {
            !has_shop(scrape) && TeamCounts::from_scrape(scrape).usage == 1
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_invalid_token_and_recovers() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.set_token("HRKU-another".to_owned());
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    exporter_log::wait_for_line(
        &exporter,
        &["level=warn", "endpoint=usage", "reason=unauthorized"],
    )
    .await;
    exporter_log::wait_for_line(
        &exporter,
        &["level=warn", "endpoint=invoices", "reason=unauthorized"],
    )
    .await;
    let metrics = Scrape::parse(&exporter.metrics().await).billing_metrics();
    assert_eq!(metrics, Scrape::default());
    heroku.set_token(heroku.token().to_owned());
    exporter
        .wait_for_scrape("recovery", |scrape| {
            TeamCounts::from_scrape(scrape) == scenario.expected_counts
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_team_does_not_delay_others() {
    let scenario = Scenario::named("several_teams");
    let company = scenario.company();
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault_for(
        &company.teams[1].id,
        Endpoint::Any,
        Fault::Hang,
        Times::Always,
    );
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    let others = TeamCounts {
        invoices: 2,
        usage: 2,
    };
    let scrape = exporter
        .wait_for_scrape("the other teams", |scrape| {
            TeamCounts::from_scrape(scrape) == others
        })
        .await;
    // The polls of the hanging team are still in progress.
    let in_progress = scrape.series(POLLS).filter(|(_, polls)| *polls == "0");
    assert_eq!(in_progress.count(), 2);
}

/// The endpoint is not polled before `Retry-After`, although the poll interval is one second.
#[tokio::test(flavor = "multi_thread")]
async fn respects_retry_after() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let limited = Fault::RateLimited {
        retry_after: Some(3_000),
    };
    heroku.inject_fault(Endpoint::Usage, limited, Times::Once);
    // This poller has a rate-limit floor of 0. With the default floor the 429, which reports that
    // no request remains, would pause the other endpoint too.
    let poller = faults::poller(&heroku.url(), heroku.token(), &scenario.team_ids());
    let (sender, _published) = tokio::sync::watch::channel(std::sync::Arc::default());
    let polling = tokio::spawn(poller.run(sender, std::future::pending()));
    wait_until("three polls of the other endpoint", || {
        // The first is a 200, the others are not modified.
        (response_count(&heroku, Endpoint::Invoices, 304) >= 2).then_some(())
    })
    .await;
    assert_eq!(response_count(&heroku, Endpoint::Usage, 429), 1);
    assert_eq!(response_count(&heroku, Endpoint::Usage, 200), 0);
    polling.abort();
}

/// An enterprise team has no invoices, and a card-paying team may have no usage.
#[tokio::test(flavor = "multi_thread")]
async fn unavailable_endpoint_does_not_affect_the_other() {
    let scenario = Scenario::named("several_teams");
    let mut company = scenario.company();
    company.teams[0].enterprise = true;
    company.teams[1].usage_available = false;
    let heroku = Simulator::builder(company, scenario.today)
        .start()
        .await
        .expect("loopback has a free port");
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    let expected = TeamCounts {
        invoices: 2,
        usage: 2,
    };
    exporter
        .wait_for_scrape("the available data", |scrape| {
            TeamCounts::from_scrape(scrape) == expected
        })
        .await;
}
