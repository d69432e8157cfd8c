//! The exporter's own metrics: all series exist from the first scrape and have correct values.

use std::time::Duration;

use heroku_sim::{Endpoint, Fault, Simulator, Times};

use crate::exporter::Exporter;
use crate::recorded_requests::{response_count, wait_for_requests};
use crate::scenario::Scenario;
use crate::scrape::Scrape;
use crate::self_series::*;

/// All failure reasons. They are repeated here because alerts depend on them.
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

/// All values of the label `code` of requests to Heroku.
const CODES: [&str; 19] = [
    "200", "206", "304", "400", "401", "402", "403", "404", "406", "410", "416", "422", "429",
    "500", "502", "503", "504", "other", "none",
];

/// The API endpoints that are requested for named teams.
const API_ENDPOINTS: [&str; 13] = [
    "team",
    "invoices",
    "usage",
    "past_usage",
    "delinquency",
    "licenses",
    "authorizations",
    "apps",
    "addons",
    "pipeline_couplings",
    "formation",
    "dyno_sizes",
    "pipelines",
];

const HTTP_REQUESTS: &str = "heroku_cost_exporter_http_requests_total";

const DURATION: [&str; 3] = [
    "heroku_api_request_duration_seconds_bucket",
    "heroku_api_request_duration_seconds_sum",
    "heroku_api_request_duration_seconds_count",
];

/// Starts an exporter on the scenario's day that polls every second.
async fn start_exporter(scenario: &Scenario, heroku: &Simulator) -> Option<Exporter> {
    let builder = scenario.exporter_builder(heroku, &scenario.team_names())?;
    Some(builder.arg("--poll.interval=1s").start().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_series_exist_before_the_first_response() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert_eq!(scrape.billing_metrics(), Scrape::default());

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
                SKIPPED_FIELDS,
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
        scrape.series(FAILURES).count(),
        teams.len() * ENDPOINTS.len() * REASONS.len()
    );
    for endpoint in API_ENDPOINTS {
        for code in CODES {
            let labels = [("endpoint", endpoint), ("code", code)];
            assert_eq!(value(&scrape, API_REQUESTS, &labels), 0.0, "{labels:?}");
        }
    }
    assert_eq!(
        scrape.series(API_REQUESTS).count(),
        API_ENDPOINTS.len() * CODES.len(),
        "there are no other codes"
    );
    for name in DURATION {
        assert_eq!(
            scrape.label_values(name, "endpoint").len(),
            API_ENDPOINTS.len()
        );
        assert!(scrape.series(name).all(|(_, value)| value == "0"), "{name}");
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

/// An alert on a series that appears only with a failure might never fire.
#[tokio::test(flavor = "multi_thread")]
async fn failures_add_and_remove_no_series() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Count(2));
    let Some(exporter) = start_exporter(&scenario, &heroku).await else {
        return;
    };
    let first = self_series(&Scrape::parse(&exporter.metrics().await));
    let up = exporter.wait_for_scrape("successful polls", all_up).await;
    assert_eq!(self_series(&up), first);
    let faults = [
        Fault::Status(418),
        Fault::Html { status: 200 },
        Fault::ResetInHeaders,
    ];
    for (fault, reason) in faults
        .into_iter()
        .zip(["unexpected_status", "malformed", "network"])
    {
        heroku.inject_fault(Endpoint::Invoices, fault, Times::Count(2));
        let failed = exporter
            .wait_for_scrape(reason, |scrape| {
                ENDPOINTS
                    .iter()
                    .any(|endpoint| failures(scrape, endpoint, reason) > 0.0)
            })
            .await;
        assert_eq!(self_series(&failed), first, "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_each_poll_once() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Usage, Fault::Status(503), Times::Once);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter.wait_for_scrape("successful polls", all_up).await;
    for (endpoint, polls) in [("invoices", 1.0), ("usage", 2.0)] {
        assert_eq!(
            endpoint_value(&scrape, POLLS, endpoint),
            polls,
            "{endpoint}"
        );
        assert_eq!(total_failures(&scrape, endpoint), polls - 1.0, "{endpoint}");
        assert!(endpoint_value(&scrape, LAST_POLL_DURATION, endpoint) > 0.0);
        let success = endpoint_value(&scrape, LAST_POLL_SUCCESS, endpoint);
        assert!(success > 0.0);
        assert_eq!(endpoint_value(&scrape, LAST_POLL, endpoint), success);
        assert_eq!(endpoint_value(&scrape, DATA_CHANGED, endpoint), success);
    }
    assert_eq!(failures(&scrape, "usage", "server_error"), 1.0);
    assert_requests(&scrape, "invoices", &[("200", 1.0)]);
    assert_requests(&scrape, "usage", &[("200", 1.0), ("503", 1.0)]);
    let remaining = value(&scrape, RATE_LIMIT, &[]);
    assert!((4400.0..4500.0).contains(&remaining), "{remaining}");
}

/// Asserts the number of requests by code, and that the histogram agrees.
fn assert_requests(scrape: &Scrape, endpoint: &str, counts: &[(&str, f64)]) {
    for code in CODES {
        let expected = counts.iter().find(|(counted, _)| *counted == code);
        let labels = [("endpoint", endpoint), ("code", code)];
        assert_eq!(
            value(scrape, API_REQUESTS, &labels),
            expected.map_or(0.0, |(_, count)| *count),
            "{labels:?}"
        );
    }
    assert_histogram(scrape, endpoint);
}

/// Asserts that the histogram of an endpoint counts as many requests as all codes together and
/// that its buckets are cumulative.
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
    assert_eq!(
        endpoint_value(scrape, count, endpoint),
        by_code,
        "{endpoint}"
    );
    assert!(endpoint_value(scrape, sum, endpoint) > 0.0, "{endpoint}");
    let mut buckets: Vec<(f64, f64)> = scrape
        .series(bucket)
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
async fn counts_unchanged_responses_as_304() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let Some(exporter) = start_exporter(&scenario, &heroku).await else {
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
        .wait_for_scrape("unchanged responses", |scrape| {
            ENDPOINTS
                .iter()
                .all(|endpoint| unchanged(scrape, endpoint) >= 2.0)
        })
        .await;
    for endpoint in ENDPOINTS {
        let labels = [("endpoint", endpoint), ("code", "200")];
        assert_eq!(value(&scrape, API_REQUESTS, &labels), 1.0, "{endpoint}");
        assert_histogram(&scrape, endpoint);
        // The result of the latest response may not have been recorded yet.
        let polls = endpoint_value(&scrape, POLLS, endpoint);
        let responses = 1.0 + unchanged(&scrape, endpoint);
        assert!(
            polls == responses || polls + 1.0 == responses,
            "{polls} {responses}"
        );
        assert_eq!(total_failures(&scrape, endpoint), 0.0);
    }
    // The team's name was resolved once, by the first endpoint.
    assert_requests(&scrape, "team", &[("200", 1.0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_do_not_change_last_success() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let Some(exporter) = start_exporter(&scenario, &heroku).await else {
        return;
    };
    exporter.wait_for_scrape("successful polls", all_up).await;
    heroku.inject_fault(Endpoint::Usage, Fault::Status(502), Times::Always);
    let is_up = |scrape: &Scrape| endpoint_value(scrape, UP, "usage") == 1.0;
    let down = exporter
        .wait_for_scrape("the failure", |scrape| !is_up(scrape))
        .await;
    let failed = failures(&down, "usage", "server_error");
    assert!(failed >= 1.0);
    assert_eq!(total_failures(&down, "usage"), failed);
    let attempt = endpoint_value(&down, LAST_POLL, "usage");
    let success = endpoint_value(&down, LAST_POLL_SUCCESS, "usage");
    assert!(success > 0.0 && success < attempt, "{success} {attempt}");
    let still_down = exporter
        .wait_for_scrape("another attempt", |scrape| {
            endpoint_value(scrape, LAST_POLL, "usage") > attempt
        })
        .await;
    assert_eq!(
        endpoint_value(&still_down, LAST_POLL_SUCCESS, "usage"),
        success
    );
    assert!(failures(&still_down, "usage", "server_error") > failed);
    assert_eq!(endpoint_value(&still_down, UP, "invoices"), 1.0);
    assert_eq!(total_failures(&still_down, "invoices"), 0.0);
    heroku.clear_faults();
    let recovered = exporter.wait_for_scrape("recovery", is_up).await;
    assert!(endpoint_value(&recovered, LAST_POLL_SUCCESS, "usage") > attempt);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_changed_only_when_billing_data_changes() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let Some(exporter) = start_exporter(&scenario, &heroku).await else {
        return;
    };
    let first = exporter.wait_for_scrape("successful polls", all_up).await;
    let changed = ENDPOINTS.map(|endpoint| endpoint_value(&first, DATA_CHANGED, endpoint));
    for endpoint in [Endpoint::Invoices, Endpoint::Usage] {
        wait_for_requests(&heroku, endpoint, 2).await;
    }
    let success = endpoint_value(&first, LAST_POLL_SUCCESS, "usage");
    let later = exporter
        .wait_for_scrape("a later success", |scrape| {
            endpoint_value(scrape, LAST_POLL_SUCCESS, "usage") > success
        })
        .await;
    for (endpoint, changed) in ENDPOINTS.into_iter().zip(changed) {
        assert_eq!(endpoint_value(&later, DATA_CHANGED, endpoint), changed);
    }
    let mut company = scenario.company();
    company.teams[0].usage[0]["data"] = 777.25.into();
    heroku.set_company(company);
    let renewed = exporter
        .wait_for_scrape("the change", |scrape| {
            endpoint_value(scrape, DATA_CHANGED, "usage") > changed[1]
        })
        .await;
    assert!(renewed.samples.values().any(|value| value == "777.25"));
    assert_eq!(
        endpoint_value(&renewed, DATA_CHANGED, "invoices"),
        changed[0]
    );
    // The invoices were revalidated and had not changed.
    assert_eq!(response_count(&heroku, Endpoint::Invoices, 200), 1);
    assert_eq!(response_count(&heroku, Endpoint::Usage, 200), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_http_responses_by_path_and_code() {
    let scenario = Scenario::named("one_team");
    let Some((_heroku, exporter)) = scenario.start_exporter().await else {
        return;
    };
    let count = |scrape: &Scrape, path, code| {
        value(scrape, HTTP_REQUESTS, &[("path", path), ("code", code)])
    };
    // The counts in a scrape can be a second old.
    let max_age = Duration::from_millis(1_100);
    tokio::time::sleep(max_age).await;
    let before = Scrape::parse(&exporter.metrics().await);
    for _ in 0..3 {
        exporter.metrics().await;
    }
    for path in ["/nope", "/metrics/", "/api", "/nope?path=/metrics"] {
        assert_eq!(exporter.get(path).await.status, 404, "{path}");
    }
    exporter.get("/health").await;
    let post = exporter
        .request(reqwest::Method::POST, "/metrics", &[])
        .await;
    assert_eq!(post.status, 405);
    tokio::time::sleep(max_age).await;
    let after = Scrape::parse(&exporter.metrics().await);
    let increases = [
        // A scrape is counted after its response, so the first one is counted too.
        ("/metrics", "200", 4.0),
        ("/metrics", "405", 1.0),
        ("/health", "200", 1.0),
        ("other", "404", 4.0),
        ("/-/ready", "200", 0.0),
    ];
    for (path, code, expected) in increases {
        let increase = count(&after, path, code) - count(&before, path, code);
        assert_eq!(increase, expected, "{path} {code}");
    }
    assert_eq!(self_series(&after), self_series(&before));
}
