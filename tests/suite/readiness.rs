//! Health and readiness: the exporter is healthy from its start, and ready once every endpoint was
//! polled, whatever the result.

use heroku_sim::{Endpoint, Fault, Times};

use crate::exporter::{Exporter, ExporterBuilder, wait_until};
use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::*;

async fn assert_healthy(exporter: &Exporter) {
    for path in ["/health", "/-/healthy"] {
        let response = exporter.get(path).await;
        assert_eq!((response.status, response.text().as_str()), (200, "OK"));
    }
}

/// Returns whether every endpoint of every team was polled.
fn all_polled(scrape: &Scrape) -> bool {
    scrape.series(POLLS).all(|(_, polls)| polls != "0")
}

/// Waits for readiness, checks every status against the metrics, and returns the number of 503
/// responses.
async fn wait_until_ready(exporter: &Exporter) -> usize {
    let mut not_ready = 0;
    loop {
        let before = Scrape::parse(&exporter.metrics().await);
        let status = exporter.get("/-/ready").await.status;
        let after = Scrape::parse(&exporter.metrics().await);
        assert_healthy(exporter).await;
        match status {
            200 => {
                assert!(all_polled(&after), "ready before all polls");
                return not_ready;
            }
            503 => assert!(!all_polled(&before), "not ready after all polls"),
            other => panic!("/-/ready returned {other}"),
        }
        not_ready += 1;
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
}

/// A poll that hangs ends with its timeout, after fifteen seconds.
#[tokio::test(flavor = "multi_thread")]
async fn not_ready_during_first_poll_that_hangs() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Usage, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    assert_eq!(exporter.get("/-/ready").await.status, 503);
    exporter
        .wait_for_scrape("the invoices", |scrape| {
            TeamCounts::from_scrape(scrape).invoices == 1
        })
        .await;
    assert!(wait_until_ready(&exporter).await > 0, "{}", exporter.log());
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert!(failures(&scrape, "usage", "timeout") >= 1.0);
    assert_eq!(endpoint_value(&scrape, UP, "usage"), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_after_all_polls_failed() {
    let scenario = Scenario::named("several_teams");
    for fault in [Fault::Status(503), Fault::Status(403), Fault::Status(401)] {
        let heroku = scenario.start_simulator().await;
        heroku.inject_fault(Endpoint::Any, fault, Times::Always);
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
            return;
        };
        let exporter = builder.start().await;
        wait_until_ready(&exporter).await;
        let scrape = Scrape::parse(&exporter.metrics().await);
        assert!(scrape.series(UP).all(|(_, up)| up == "0"));
        assert_eq!(scrape.billing_metrics(), Scrape::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_when_heroku_is_unreachable() {
    let exporter = ExporterBuilder::new(&[])
        .env("HEROKU_API_URL", "http://127.0.0.1:1")
        .env("HEROKU_API_KEY", "HRKU-unused")
        .env("HEROKU_TEAM_ID", "ops,web")
        .start()
        .await;
    wait_until_ready(&exporter).await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    let network_failures: Vec<_> = scrape
        .series(FAILURES)
        .filter(|(series, _)| series.label("reason") == Some("network"))
        .collect();
    assert_eq!(network_failures.len(), 4, "two endpoints of two teams");
    assert!(network_failures.iter().all(|(_, count)| *count != "0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn stays_ready_during_outage() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    wait_until_ready(&exporter).await;
    exporter.wait_for_scrape("successful polls", all_up).await;
    heroku.inject_fault(Endpoint::Any, Fault::Status(500), Times::Always);
    exporter
        .wait_for_scrape("the outage", |scrape| {
            scrape.series(UP).all(|(_, up)| up == "0")
        })
        .await;
    heroku.clear_faults();
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let requests = heroku.requests().len();
    wait_until("hanging polls", || {
        (heroku.requests().len() >= requests + 2).then_some(())
    })
    .await;
    assert_eq!(exporter.get("/-/ready").await.status, 200);
    assert_healthy(&exporter).await;
}
