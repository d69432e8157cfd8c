//! Alive and ready: the process lives from the start, and is ready once everything was tried, whatever came of it.

use heroku_sim::{Endpoint, Fault, Times};

use crate::exporter::{Exporter, ExporterBuilder, wait_until};
use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::*;

/// Asserts that whoever asks whether it lives is told so.
async fn assert_alive(exporter: &Exporter) {
    for path in ["/health", "/-/healthy"] {
        let answer = exporter.get(path).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "OK"));
    }
}

/// Whether every endpoint of every team was tried.
fn all_tried(scrape: &Scrape) -> bool {
    scrape.series(POLLS).all(|(_, polls)| polls != "0")
}

/// Asks whether it is ready until it is, and asserts each time that it tells the truth; gives how often it was not ready.
async fn ready(exporter: &Exporter) -> usize {
    let mut refusals = 0;
    loop {
        let before = Scrape::parse(&exporter.metrics().await);
        let status = exporter.get("/-/ready").await.status;
        let after = Scrape::parse(&exporter.metrics().await);
        assert_alive(exporter).await;
        match status {
            200 => {
                assert!(all_tried(&after), "ready, and not everything was tried");
                return refusals;
            }
            503 => assert!(!all_tried(&before), "not ready, though all was tried"),
            other => panic!("/-/ready says {other}"),
        }
        refusals += 1;
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
}

/// An endpoint that hangs is tried once it timed out, which takes fifteen seconds.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_an_endpoint_hangs_for_the_first_time() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Usage, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    let refusal = exporter.get("/-/ready").await;
    assert_eq!(refusal.status, 503);
    exporter
        .wait_for_scrape("the invoices", |scrape| {
            TeamCounts::from_scrape(scrape).invoices == 1
        })
        .await;
    assert!(ready(&exporter).await > 0, "{}", exporter.log());
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert!(failures(&scrape, "usage", "timeout") >= 1.0);
    assert_eq!(endpoint_value(&scrape, UP, "usage"), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_once_everything_was_tried_and_failed() {
    let scenario = Scenario::named("several_teams");
    for fault in [Fault::Status(503), Fault::Status(403), Fault::Status(401)] {
        let heroku = scenario.start_simulator().await;
        heroku.inject_fault(Endpoint::Any, fault, Times::Always);
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
            return;
        };
        let exporter = builder.start().await;
        ready(&exporter).await;
        let scrape = Scrape::parse(&exporter.metrics().await);
        assert!(scrape.series(UP).all(|(_, up)| up == "0"));
        assert_eq!(scrape.billing_metrics(), Scrape::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_and_is_ready_where_nobody_listens() {
    let exporter = ExporterBuilder::new(&[])
        .env("HEROKU_API_URL", "http://127.0.0.1:1")
        .env("HEROKU_API_KEY", "HRKU-nobody-will-see-it")
        .env("HEROKU_TEAM_ID", "ops,web")
        .start()
        .await;
    ready(&exporter).await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    let of_network: Vec<_> = scrape
        .series(FAILURES)
        .filter(|(series, _)| series.label("reason") == Some("network"))
        .collect();
    assert_eq!(of_network.len(), 4, "two endpoints of two teams");
    assert!(of_network.iter().all(|(_, count)| *count != "0"));
}

/// Being ready is not taken back, also when nothing can be had any more.
#[tokio::test(flavor = "multi_thread")]
async fn it_stays_ready_through_an_outage() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    ready(&exporter).await;
    exporter.wait_for_scrape("figures", all_up).await;
    heroku.inject_fault(Endpoint::Any, Fault::Status(500), Times::Always);
    exporter
        .wait_for_scrape("the outage", |scrape| {
            scrape.series(UP).all(|(_, up)| up == "0")
        })
        .await;
    heroku.clear_faults();
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let so_far = heroku.requests().len();
    wait_until("polls that hang", || {
        (heroku.requests().len() >= so_far + 2).then_some(())
    })
    .await;
    assert_eq!(exporter.get("/-/ready").await.status, 200);
    assert_alive(&exporter).await;
}
