//! What is not there for a team, told apart from a team that is not there and from a token that is no good.

use heroku_sim::{Company, Endpoint, Simulator};

use crate::exporter::Exporter;
use crate::exporter_log;
use crate::recorded_requests::{requests, wait_for_requests};
use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::*;

/// The scenario's simulator, with a company that is a little different.
async fn heroku(scenario: &Scenario, differently: impl FnOnce(&mut Company)) -> Simulator {
    let mut company = scenario.company();
    differently(&mut company);
    let heroku = Simulator::builder(company, scenario.today);
    heroku.start().await.expect("loopback has a free port")
}

/// The program, polling as often as the rate limit bears.
async fn restless(scenario: &Scenario, heroku: &Simulator, teams: &str) -> Option<Exporter> {
    let builder = scenario.exporter_builder(heroku, teams)?;
    Some(builder.arg("--poll.interval=1s").start().await)
}

/// That `absent` is not available, said once and asked for once, and that `there` goes on.
async fn assert_not_available(heroku: &Simulator, absent: Endpoint, there: Endpoint, teams: &str) {
    let scenario = Scenario::named("one_team");
    let Some(exporter) = restless(&scenario, heroku, teams).await else {
        return;
    };
    let word = |endpoint| match endpoint {
        Endpoint::Usage => "usage",
        _ => "invoices",
    };
    let (absent_word, there_word) = (word(absent), word(there));
    exporter
        .wait_for_scrape("the verdict", |scrape| {
            endpoint_value(scrape, AVAILABLE, absent_word) == 0.0
        })
        .await;
    // Three more polls of what is there.
    wait_for_requests(heroku, there, 3).await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert_eq!(endpoint_value(&scrape, UP, absent_word), 0.0);
    assert_eq!(endpoint_value(&scrape, POLLS, absent_word), 1.0);
    assert_eq!(failures(&scrape, absent_word, "not_available"), 1.0);
    assert_eq!(total_failures(&scrape, absent_word), 1.0);
    assert_eq!(endpoint_value(&scrape, LAST_POLL_SUCCESS, absent_word), 0.0);
    assert!(endpoint_value(&scrape, LAST_POLL, absent_word) > 0.0);
    assert_eq!(requests(heroku, absent).len(), 1);

    assert_eq!(endpoint_value(&scrape, UP, there_word), 1.0);
    assert_eq!(endpoint_value(&scrape, AVAILABLE, there_word), 1.0);
    assert_eq!(total_failures(&scrape, there_word), 0.0);
    let arrived = TeamCounts::from_scrape(&scrape);
    let expected = if absent == Endpoint::Usage {
        (1, 0)
    } else {
        (0, 1)
    };
    assert_eq!((arrived.invoices, arrived.usage), expected);

    let endpoint = format!("endpoint={absent_word}");
    let said = exporter_log::lines(&exporter, &[&endpoint]);
    assert_eq!(said.len(), 1, "{said:#?}");
    for word in ["level=info", "reason=not_available", "team=ops"] {
        assert!(said[0].contains(word), "{word}: {}", said[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_invoices_of_an_enterprise_team_are_not_available() {
    let scenario = Scenario::named("one_team");
    let heroku = heroku(&scenario, |company| company.teams[0].enterprise = true).await;
    assert_not_available(&heroku, Endpoint::Invoices, Endpoint::Usage, "ops").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usage_of_a_card_paying_team_is_not_available() {
    let scenario = Scenario::named("one_team");
    let heroku = heroku(&scenario, |company| {
        company.teams[0].usage_available = false
    })
    .await;
    assert_not_available(&heroku, Endpoint::Usage, Endpoint::Invoices, "ops").await;
}

/// By its id nothing but the refusal tells whether the team is there, so that it has to be asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_is_given_by_its_id_is_asked_for_once_something_is_refused() {
    let scenario = Scenario::named("one_team");
    let heroku = heroku(&scenario, |company| {
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

/// Named twice, once by its name and once by its id, it stands once: twice, its costs would be added up twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_enterprise_team_that_is_named_twice_stands_once() {
    let scenario = Scenario::named("one_team");
    let heroku = heroku(&scenario, |company| company.teams[0].enterprise = true).await;
    let teams = format!("ops,{}", scenario.team_ids());
    let Some(builder) = scenario.exporter_builder(&heroku, &teams) else {
        return;
    };
    let exporter = builder.start().await;
    exporter
        .wait_for_scrape("all verdicts", |scrape| {
            scrape.series(POLLS).all(|(_, polls)| polls != "0")
        })
        .await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    let names = scrape.label_values("heroku_team_usage_current_usd", "team_name");
    assert!(names.iter().eq(["ops"]), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_does_not_exist_is_told_from_an_endpoint_that_does_not() {
    let scenario = Scenario::named("one_team");
    for nobody in ["nobody", "ffffffff-7a1c-4e2b-9d3f-000000000001"] {
        let heroku = scenario.start_simulator().await;
        let Some(builder) = scenario.exporter_builder(&heroku, nobody) else {
            return;
        };
        let exporter = builder.start().await;
        let scrape = exporter
            .wait_for_scrape("both verdicts", |scrape| {
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
            let line = ["level=warn", "reason=team_not_found", &endpoint, nobody];
            exporter_log::wait_for_line(&exporter, &line).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_does_not_exist_costs_the_others_nothing() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.start_simulator().await;
    let teams = format!("nobody,{}", scenario.team_names());
    let Some(builder) = scenario.exporter_builder(&heroku, &teams) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter
        .wait_for_scrape("the others", |scrape| {
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
async fn a_token_that_is_no_good_makes_nothing_unavailable() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.set_token("HRKU-another".to_owned());
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter
        .wait_for_scrape("both verdicts", |scrape| {
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
