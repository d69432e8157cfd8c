//! Unavailable endpoints, as opposed to unknown teams and invalid tokens.

use std::time::{Duration, Instant};

use heroku_sim::{Company, Endpoint, Simulator};

use crate::exporter::Exporter;
use crate::exporter_log;
use crate::recorded_requests::{requests, wait_for_requests};
use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::*;

/// Starts the scenario's simulated Heroku with a modified company.
async fn start_simulator(scenario: &Scenario, modify: impl FnOnce(&mut Company)) -> Simulator {
    let mut company = scenario.company();
    modify(&mut company);
    let heroku = Simulator::builder(company, scenario.today);
    heroku.start().await.expect("loopback has a free port")
}

/// Starts an exporter that polls every second.
async fn start_with_short_interval(
    scenario: &Scenario,
    heroku: &Simulator,
    teams: &str,
) -> Option<Exporter> {
    let builder = scenario.exporter_builder(heroku, teams)?;
    Some(builder.arg("--poll.interval=1s").start().await)
}

/// Asserts that `absent` is reported once as not available, after three denials in ten seconds, and
/// polled again after each interval, while `present` is polled regularly.
async fn assert_not_available(
    heroku: &Simulator,
    absent: Endpoint,
    present: Endpoint,
    teams: &str,
) {
    let scenario = Scenario::named("one_team");
    let Some(exporter) = start_with_short_interval(&scenario, heroku, teams).await else {
        return;
    };
    let start = Instant::now();
    let label = |endpoint| match endpoint {
        Endpoint::Usage => "usage",
        _ => "invoices",
    };
    let (absent_label, present_label) = (label(absent), label(present));
    exporter
        .wait_for_scrape("the result", |scrape| {
            endpoint_value(scrape, AVAILABLE, absent_label) == 0.0
        })
        .await;
    assert!(start.elapsed() >= Duration::from_secs(10));
    assert!(requests(heroku, absent).len() >= 3);
    wait_for_requests(heroku, absent, 2).await;
    wait_for_requests(heroku, present, 1).await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert_eq!(endpoint_value(&scrape, UP, absent_label), 0.0);
    let unavailable = failures(&scrape, absent_label, "not_available");
    assert!(unavailable >= 2.0, "{unavailable}");
    assert_eq!(total_failures(&scrape, absent_label), unavailable + 2.0);
    assert_eq!(
        endpoint_value(&scrape, LAST_POLL_SUCCESS, absent_label),
        0.0
    );
    assert!(endpoint_value(&scrape, LAST_POLL, absent_label) > 0.0);

    assert_eq!(endpoint_value(&scrape, UP, present_label), 1.0);
    assert_eq!(endpoint_value(&scrape, AVAILABLE, present_label), 1.0);
    assert_eq!(total_failures(&scrape, present_label), 0.0);
    let counts = TeamCounts::from_scrape(&scrape);
    let expected = if absent == Endpoint::Usage {
        (1, 0)
    } else {
        (0, 1)
    };
    assert_eq!((counts.invoices, counts.usage), expected);

    let endpoint = format!("endpoint={absent_label}");
    let lines = exporter_log::lines(&exporter, &[&endpoint]);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for word in ["level=info", "reason=not_available", "team=ops"] {
        assert!(lines[2].contains(word), "{word}: {}", lines[2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_of_enterprise_team_are_not_available() {
    let scenario = Scenario::named("one_team");
    let heroku = start_simulator(&scenario, |company| company.teams[0].enterprise = true).await;
    assert_not_available(&heroku, Endpoint::Invoices, Endpoint::Usage, "ops").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_of_card_paying_team_is_not_available() {
    let scenario = Scenario::named("one_team");
    let heroku = start_simulator(&scenario, |company| {
        company.teams[0].usage_available = false
    })
    .await;
    assert_not_available(&heroku, Endpoint::Usage, Endpoint::Invoices, "ops").await;
}

/// A team set by its id is looked up only after an endpoint has rejected it.
#[tokio::test(flavor = "multi_thread")]
async fn looks_up_team_id_after_rejection() {
    let scenario = Scenario::named("one_team");
    let heroku = start_simulator(&scenario, |company| {
        company.teams[0].usage_available = false
    })
    .await;
    assert_not_available(
        &heroku,
        Endpoint::Usage,
        Endpoint::Invoices,
        &scenario.team_ids(),
    )
    .await;
    assert_eq!(requests(&heroku, Endpoint::Team).len(), 1);
}

/// A team that is set by both name and id is exposed once, so that sums do not count it twice.
#[tokio::test(flavor = "multi_thread")]
async fn deduplicates_team_set_by_name_and_id() {
    let scenario = Scenario::named("one_team");
    let heroku = start_simulator(&scenario, |company| company.teams[0].enterprise = true).await;
    let teams = format!("ops,{}", scenario.team_ids());
    let Some(builder) = scenario.exporter_builder(&heroku, &teams) else {
        return;
    };
    let exporter = builder.start().await;
    exporter
        .wait_for_scrape("the first polls", |scrape| {
            scrape.series(POLLS).all(|(_, polls)| polls != "0")
        })
        .await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    let names = scrape.label_values("heroku_team_usage_current_usd", "team_name");
    assert!(names.iter().eq(["ops"]), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn distinguishes_unknown_team_from_unavailable_endpoint() {
    let scenario = Scenario::named("one_team");
    for team in ["nobody", "ffffffff-7a1c-4e2b-9d3f-000000000001"] {
        let heroku = scenario.start_simulator().await;
        let Some(builder) = scenario.exporter_builder(&heroku, team) else {
            return;
        };
        let exporter = builder.start().await;
        let scrape = exporter
            .wait_for_scrape("both failures", |scrape| {
                ENDPOINTS
                    .iter()
                    .all(|endpoint| failures(scrape, endpoint, "team_not_found") >= 1.0)
            })
            .await;
        for endpoint in ENDPOINTS {
            assert_eq!(failures(&scrape, endpoint, "not_available"), 0.0);
            assert_eq!(
                total_failures(&scrape, endpoint),
                failures(&scrape, endpoint, "team_not_found")
            );
            let endpoint = format!("endpoint={endpoint}");
            let line = ["level=warn", "reason=team_not_found", &endpoint, team];
            exporter_log::wait_for_line(&exporter, &line).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_team_does_not_affect_other_teams() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.start_simulator().await;
    let teams = format!("nobody,{}", scenario.team_names());
    let Some(builder) = scenario.exporter_builder(&heroku, &teams) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter
        .wait_for_scrape("the other teams", |scrape| {
            TeamCounts::from_scrape(scrape) == scenario.expected_counts
                && value(
                    scrape,
                    FAILURES,
                    &[
                        ("team_name", "nobody"),
                        ("endpoint", "usage"),
                        ("reason", "team_not_found"),
                    ],
                ) >= 1.0
        })
        .await;
    for (series, up) in scrape.series(UP) {
        let expected = if series.label("team_name") == Some("nobody") {
            "0"
        } else {
            "1"
        };
        assert_eq!(up, expected, "{series:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_token_makes_no_endpoint_unavailable() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.set_token("HRKU-another".to_owned());
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter
        .wait_for_scrape("both failures", |scrape| {
            ENDPOINTS
                .iter()
                .all(|endpoint| failures(scrape, endpoint, "unauthorized") >= 1.0)
        })
        .await;
    for endpoint in ENDPOINTS {
        assert_eq!(endpoint_value(&scrape, AVAILABLE, endpoint), 1.0);
        assert_eq!(
            total_failures(&scrape, endpoint),
            failures(&scrape, endpoint, "unauthorized")
        );
    }
}
