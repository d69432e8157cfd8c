//! What the program tells of itself: every series from the first scrape on, and each of them true.

use std::time::Duration;

use heroku_sim::{Endpoint, Fault, Simulator, Times};

use crate::asked::{answered, asked_again};
use crate::exporter::Exporter;
use crate::own_series::*;
use crate::scenario::Scenario;
use crate::scrape::Scrape;

/// Every word for a failure. Alerts are written with these words, so they stand here once more.
const REASONS: [&str; 14] = [
    "unauthorized",
    "payment_required",
    "forbidden",
    "not_found",
    "not_available",
    "team_not_found",
    "rate_limited",
    "server_error",
    "unexpected_status",
    "network",
    "timeout",
    "malformed",
    "too_large",
    "token_unreadable",
];

/// Every status that requests to Heroku are counted by.
const CODES: [&str; 19] = [
    "200", "206", "304", "400", "401", "402", "403", "404", "406", "410", "416", "422", "429",
    "500", "502", "503", "504", "other", "none",
];

/// What Heroku is asked for teams that are named: their two bills, and what is rarely asked beside.
const ASKED: [&str; 6] = [
    "team",
    "invoices",
    "usage",
    "delinquency",
    "licenses",
    "authorizations",
];

const HTTP_REQUESTS: &str = "heroku_cost_exporter_http_requests_total";

const DURATION: [&str; 3] = [
    "heroku_api_request_duration_seconds_bucket",
    "heroku_api_request_duration_seconds_sum",
    "heroku_api_request_duration_seconds_count",
];

/// The program on the scenario's day, polling as often as the rate limit bears.
async fn restless(scenario: &Scenario, heroku: &Simulator) -> Option<Exporter> {
    let start = scenario.start(heroku, &scenario.team_names())?;
    Some(start.arg("--poll.interval=1s").start().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_series_is_there_at_zero_before_heroku_has_answered() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.heroku().await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(start) = scenario.start(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = start.start().await;
    let scrape = Scrape::read(&exporter.metrics().await);
    assert_eq!(scrape.figures(), Scrape::default());

    let teams = scenario.company().teams;
    for team in &teams {
        for endpoint in ENDPOINTS {
            let labels = [("team_name", team.name.as_str()), ("endpoint", endpoint)];
            let zeros = [
                UP,
                LAST_POLL_SUCCESS,
                LAST_POLL,
                DATA_CHANGED,
                LAST_POLL_DURATION,
                SKIPPED_ROWS,
                POLLS,
            ];
            for name in zeros {
                assert_eq!(value(&scrape, name, &labels), 0.0, "{name} {labels:?}");
            }
            assert_eq!(value(&scrape, AVAILABLE, &labels), 1.0, "{labels:?}");
            for reason in REASONS {
                let labels = [labels[0], labels[1], ("reason", reason)];
                assert_eq!(value(&scrape, FAILURES, &labels), 0.0, "{labels:?}");
            }
        }
    }
    assert_eq!(
        scrape.of(FAILURES).count(),
        teams.len() * ENDPOINTS.len() * REASONS.len()
    );
    for endpoint in ASKED {
        for code in CODES {
            let labels = [("endpoint", endpoint), ("code", code)];
            assert_eq!(value(&scrape, API_REQUESTS, &labels), 0.0, "{labels:?}");
        }
    }
    assert_eq!(
        scrape.of(API_REQUESTS).count(),
        ASKED.len() * CODES.len(),
        "the list of codes is closed"
    );
    for name in DURATION {
        assert_eq!(scrape.label_values(name, "endpoint").len(), ASKED.len());
        assert!(scrape.of(name).all(|(_, value)| value == "0"), "{name}");
    }
    assert!(value(&scrape, RATE_LIMIT, &[]).is_nan());
    assert_eq!(value(&scrape, "heroku_cost_exporter_build_info", &[]), 1.0);
    assert!(scrape.help[UP].contains("poll"), "{}", scrape.help[UP]);
    if cfg!(target_os = "linux") {
        let process = ["cpu_seconds_total", "open_fds", "max_fds", "threads"];
        let memory = ["virtual_memory_bytes", "resident_memory_bytes"];
        for name in process.iter().chain(&memory).chain(&["start_time_seconds"]) {
            assert!(value(&scrape, &format!("process_{name}"), &[]) >= 0.0);
        }
    }
}

/// An alert on a series that comes only with the failure never fires.
#[tokio::test(flavor = "multi_thread")]
async fn no_series_of_its_own_comes_or_goes_with_what_happens() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Count(2));
    let Some(exporter) = restless(&scenario, &heroku).await else {
        return;
    };
    let first = own_series(&Scrape::read(&exporter.metrics().await));
    let up = exporter.scrape_once("figures", all_up).await;
    assert_eq!(own_series(&up), first);
    let faults = [
        Fault::Status(418),
        Fault::Html { status: 200 },
        Fault::ResetInHeaders,
    ];
    for (fault, reason) in faults
        .into_iter()
        .zip(["unexpected_status", "malformed", "network"])
    {
        heroku.inject_fault(Endpoint::Any, fault, Times::Count(2));
        let failed = exporter
            .scrape_once(reason, |scrape| {
                ENDPOINTS
                    .iter()
                    .any(|endpoint| failures(scrape, endpoint, reason) > 0.0)
            })
            .await;
        assert_eq!(own_series(&failed), first, "{reason}");
    }
}

/// One poll of each endpoint, none of which failed but one.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_and_the_successes_around_it_are_counted_once_each() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    heroku.inject_fault(Endpoint::Usage, Fault::Status(503), Times::Once);
    let Some(start) = scenario.start(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = start.start().await;
    let scrape = exporter.scrape_once("figures", all_up).await;
    for (endpoint, polls) in [("invoices", 1.0), ("usage", 2.0)] {
        assert_eq!(of_endpoint(&scrape, POLLS, endpoint), polls, "{endpoint}");
        assert_eq!(all_failures(&scrape, endpoint), polls - 1.0, "{endpoint}");
        assert!(of_endpoint(&scrape, LAST_POLL_DURATION, endpoint) > 0.0);
        let success = of_endpoint(&scrape, LAST_POLL_SUCCESS, endpoint);
        assert!(success > 0.0);
        assert_eq!(of_endpoint(&scrape, LAST_POLL, endpoint), success);
        assert_eq!(of_endpoint(&scrape, DATA_CHANGED, endpoint), success);
    }
    assert_eq!(failures(&scrape, "usage", "server_error"), 1.0);
    assert_requests(&scrape, "invoices", &[("200", 1.0)]);
    assert_requests(&scrape, "usage", &[("200", 1.0), ("503", 1.0)]);
    let left = value(&scrape, RATE_LIMIT, &[]);
    assert!((4400.0..4500.0).contains(&left), "{left}");
}

/// Asserts how many requests were answered with which code, and that the histogram counts the same.
fn assert_requests(scrape: &Scrape, endpoint: &str, counted: &[(&str, f64)]) {
    for code in CODES {
        let expected = counted.iter().find(|(counted, _)| *counted == code);
        let labels = [("endpoint", endpoint), ("code", code)];
        assert_eq!(
            value(scrape, API_REQUESTS, &labels),
            expected.map_or(0.0, |(_, count)| *count),
            "{labels:?}"
        );
    }
    assert_histogram(scrape, endpoint);
}

/// Asserts that the histogram of an endpoint's requests counts as many as the codes do, and that its buckets add up.
fn assert_histogram(scrape: &Scrape, endpoint: &str) {
    let by_code: f64 = CODES
        .iter()
        .map(|code| {
            value(
                scrape,
                API_REQUESTS,
                &[("endpoint", endpoint), ("code", code)],
            )
        })
        .sum();
    let [bucket, sum, count] = DURATION;
    assert_eq!(of_endpoint(scrape, count, endpoint), by_code, "{endpoint}");
    assert!(of_endpoint(scrape, sum, endpoint) > 0.0, "{endpoint}");
    let mut buckets: Vec<(f64, f64)> = scrape
        .of(bucket)
        .filter(|(series, _)| series.label("endpoint") == Some(endpoint))
        .map(|(series, value)| {
            let bound = series.label("le").expect("a bucket has a bound");
            let bound = bound.parse().expect("a bound is a float");
            (bound, value.parse().expect("a float"))
        })
        .collect();
    buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    assert!(buckets.is_sorted_by_key(|(_, count)| *count), "{buckets:?}");
    assert_eq!(buckets.last(), Some(&(f64::INFINITY, by_code)));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_say_that_nothing_changed_are_counted_as_304() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    let Some(exporter) = restless(&scenario, &heroku).await else {
        return;
    };
    let unchanged = |scrape: &Scrape, endpoint| {
        value(
            scrape,
            API_REQUESTS,
            &[("endpoint", endpoint), ("code", "304")],
        )
    };
    let scrape = exporter
        .scrape_once("unchanged answers", |scrape| {
            ENDPOINTS
                .iter()
                .all(|endpoint| unchanged(scrape, endpoint) >= 2.0)
        })
        .await;
    for endpoint in ENDPOINTS {
        let labels = [("endpoint", endpoint), ("code", "200")];
        assert_eq!(value(&scrape, API_REQUESTS, &labels), 1.0, "{endpoint}");
        assert_histogram(&scrape, endpoint);
        // A poll may have been answered and not be taken in yet.
        let (polls, asked) = (
            of_endpoint(&scrape, POLLS, endpoint),
            1.0 + unchanged(&scrape, endpoint),
        );
        assert!(polls == asked || polls + 1.0 == asked, "{polls} {asked}");
        assert_eq!(all_failures(&scrape, endpoint), 0.0);
    }
    // Who the team is was asked for once, by whichever endpoint came first.
    assert_requests(&scrape, "team", &[("200", 1.0)]);
}

/// While it fails the last success stays where it was and the attempts go on; the other endpoint notices nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_success_stays_while_attempts_go_on() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    let Some(exporter) = restless(&scenario, &heroku).await else {
        return;
    };
    exporter.scrape_once("figures", all_up).await;
    heroku.inject_fault(Endpoint::Usage, Fault::Status(502), Times::Always);
    let is_up = |scrape: &Scrape| of_endpoint(scrape, UP, "usage") == 1.0;
    let down = exporter
        .scrape_once("the failure", |scrape| !is_up(scrape))
        .await;
    let failed = failures(&down, "usage", "server_error");
    assert!(failed >= 1.0);
    assert_eq!(all_failures(&down, "usage"), failed);
    let attempt = of_endpoint(&down, LAST_POLL, "usage");
    let success = of_endpoint(&down, LAST_POLL_SUCCESS, "usage");
    assert!(success > 0.0 && success < attempt, "{success} {attempt}");
    let still_down = exporter
        .scrape_once("another attempt", |scrape| {
            of_endpoint(scrape, LAST_POLL, "usage") > attempt
        })
        .await;
    assert_eq!(
        of_endpoint(&still_down, LAST_POLL_SUCCESS, "usage"),
        success
    );
    assert!(failures(&still_down, "usage", "server_error") > failed);
    assert_eq!(of_endpoint(&still_down, UP, "invoices"), 1.0);
    assert_eq!(all_failures(&still_down, "invoices"), 0.0);
    heroku.clear_faults();
    let back = exporter.scrape_once("recovery", is_up).await;
    assert!(of_endpoint(&back, LAST_POLL_SUCCESS, "usage") > attempt);
}

/// A fresh poll can carry old figures: the time of their last change tells.
#[tokio::test(flavor = "multi_thread")]
async fn the_data_changed_when_the_bills_did_and_not_with_each_poll() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    let Some(exporter) = restless(&scenario, &heroku).await else {
        return;
    };
    let first = exporter.scrape_once("figures", all_up).await;
    let changed = ENDPOINTS.map(|endpoint| of_endpoint(&first, DATA_CHANGED, endpoint));
    for endpoint in [Endpoint::Invoices, Endpoint::Usage] {
        asked_again(&heroku, endpoint, 2).await;
    }
    let success = of_endpoint(&first, LAST_POLL_SUCCESS, "usage");
    let later = exporter
        .scrape_once("a later success", |scrape| {
            of_endpoint(scrape, LAST_POLL_SUCCESS, "usage") > success
        })
        .await;
    for (endpoint, changed) in ENDPOINTS.into_iter().zip(changed) {
        assert_eq!(of_endpoint(&later, DATA_CHANGED, endpoint), changed);
    }
    let mut company = scenario.company();
    company.teams[0].usage[0]["data"] = 777.25.into();
    heroku.set_company(company);
    let renewed = exporter
        .scrape_once("the change", |scrape| {
            of_endpoint(scrape, DATA_CHANGED, "usage") > changed[1]
        })
        .await;
    assert!(renewed.samples.values().any(|value| value == "777.25"));
    assert_eq!(of_endpoint(&renewed, DATA_CHANGED, "invoices"), changed[0]);
    // The invoices' answer is not the reason: it was asked for, and still stands.
    assert_eq!(answered(&heroku, Endpoint::Invoices, 200), 1);
    assert_eq!(answered(&heroku, Endpoint::Usage, 200), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_to_scrapers_and_strangers_are_counted() {
    let scenario = Scenario::named("one_team");
    let Some((_heroku, exporter)) = scenario.played().await else {
        return;
    };
    let count = |scrape: &Scrape, path, code| {
        value(scrape, HTTP_REQUESTS, &[("path", path), ("code", code)])
    };
    // The counts in a scrape can be a second old.
    let renewal = Duration::from_millis(1_100);
    tokio::time::sleep(renewal).await;
    let before = Scrape::read(&exporter.metrics().await);
    for _ in 0..3 {
        exporter.metrics().await;
    }
    for path in ["/nope", "/metrics/", "/api", "/nope?path=/metrics"] {
        assert_eq!(exporter.get(path).await.status, 404, "{path}");
    }
    exporter.get("/health").await;
    let post = exporter.ask(reqwest::Method::POST, "/metrics", &[]).await;
    assert_eq!(post.status, 405);
    tokio::time::sleep(renewal).await;
    let after = Scrape::read(&exporter.metrics().await);
    let counted = [
        // A scrape is counted once it is answered, so the first of them stands in the second.
        ("/metrics", "200", 4.0),
        ("/metrics", "405", 1.0),
        ("/health", "200", 1.0),
        ("other", "404", 4.0),
        ("/-/ready", "200", 0.0),
    ];
    for (path, code, more) in counted {
        let grown = count(&after, path, code) - count(&before, path, code);
        assert_eq!(grown, more, "{path} {code}");
    }
    assert_eq!(own_series(&after), own_series(&before));
}
