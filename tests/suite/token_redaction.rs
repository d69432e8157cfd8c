//! The token is not exposed in responses, logs, errors, the database or the process list.

use heroku_sim::{DEFAULT_TOKEN, Endpoint, Fault, Times};
use reqwest::Method;
use tokio::task::JoinSet;

use crate::echo_server::{CannedResponse, EchoServer};
use crate::exporter::{BINARY, Exporter, ExporterBuilder, wait_until};
use crate::external_tools;
use crate::scenario::{Scenario, noon};
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::storage_directory::StorageDirectory;

/// A part of the token that occurs nowhere else.
const SECRET: &str = "simulated-0000";

fn assert_redacted(place: &str, text: &str) {
    assert!(DEFAULT_TOKEN.contains(SECRET));
    assert!(!text.contains(SECRET), "{place} has the token:\n{text}");
}

/// Asserts that no response and no output of a running exporter has the token.
async fn assert_not_exposed(exporter: &Exporter) {
    for path in [
        "/",
        "/?sort=app&q=simulated",
        "/api/v1/costs",
        "/metrics",
        "/health",
        "/-/healthy",
        "/-/ready",
        "/no-such-page",
    ] {
        for method in [Method::GET, Method::POST] {
            let response = exporter.request(method, path, &[]).await;
            assert_redacted(path, &response.text());
            assert_redacted(path, &format!("{:?}", response.headers));
        }
    }
    let openmetrics = [("accept", "application/openmetrics-text")];
    let response = exporter
        .request(Method::GET, "/metrics", &openmetrics)
        .await;
    assert_redacted("OpenMetrics", &response.text());
    // Only Linux has /proc.
    if let Ok(line) = std::fs::read(format!("/proc/{}/cmdline", exporter.pid())) {
        assert_redacted("the process list", &String::from_utf8_lossy(&line));
    }
    assert_redacted("standard output", &exporter.stdout());
}

#[tokio::test(flavor = "multi_thread")]
async fn successful_polls_do_not_expose_token() {
    for format in ["logfmt", "json"] {
        let scenario = Scenario::named("several_teams");
        let heroku = scenario.start_simulator().await;
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
            return;
        };
        let builder = builder.arg("--log.level=debug");
        let mut exporter = builder
            .arg(&format!("--log.format={format}"))
            .env("RUST_LOG", "trace")
            .start()
            .await;
        scenario.wait_for_data(&exporter).await;
        assert_not_exposed(&exporter).await;
        exporter.signal("TERM");
        exporter.wait_for_exit().await;
        assert_redacted(format, &exporter.full_log());
    }
}

/// Responses that contain the token.
const ECHOES: [CannedResponse; 10] = [
    (
        401,
        "application/json",
        r#"{"id":"unauthorized TOKEN","message":"Bearer TOKEN is no good"}"#,
    ),
    (
        403,
        "application/json",
        r#"{"id":"TOKEN","message":"\"TOKEN\"\nTOKENTOKEN"}"#,
    ),
    (
        429,
        "application/json",
        r#"{"id":"rate_limit","message":"TOKEN"}"#,
    ),
    (302, "text/html", "<a href=\"/TOKEN\">TOKEN</a>"),
    (503, "text/html", "<h1>TOKEN</h1>"),
    (200, "text/html", "<!doctype html><h1>TOKEN</h1>"),
    (200, "application/json", r#""TOKEN""#),
    (
        200,
        "application/json",
        r#"[{"month":"TOKEN","period_start":"TOKEN"}]"#,
    ),
    (
        200,
        "application/json",
        r#"[{"TOKEN":1,"month":{},"state":"TOKEN"}]"#,
    ),
    // Valid rows with an undecodable one.
    (
        200,
        "application/json",
        r#"[{"month":"2026-11","period_start":"2026-11-01","dynos":1.5,"total":100,"apps":[{"app_name":"shop","dynos":"TOKEN"}]},
            {"month":"2026-10","period_start":"2026-10-01","dynos":"TOKEN","total":"TOKEN","TOKEN":{}}]"#,
    ),
];

/// Proxies and maintenance pages may echo a request in the body, the headers or the reason phrase.
#[tokio::test(flavor = "multi_thread")]
async fn echoed_token_is_not_exposed() {
    let mut tasks = JoinSet::new();
    for response in ECHOES {
        for log_format in ["logfmt", "json"] {
            tasks.spawn(assert_echo_is_redacted(DEFAULT_TOKEN, response, log_format));
        }
    }
    tasks.join_all().await;
}

/// Heroku's own tokens need no escaping, but the exporter accepts any token.
#[tokio::test(flavor = "multi_thread")]
async fn echoed_token_with_quotes_is_not_exposed() {
    let json = r#"[{"month":"HRKU-\"simulated-0000\\","period_start":"HRKU-\"simulated-0000\\"}]"#;
    let response = (200, "application/json", json);
    assert_echo_is_redacted(r#"HRKU-"simulated-0000\"#, response, "logfmt").await;
}

/// JSON may escape any character, and decoding removes the escapes.
#[tokio::test(flavor = "multi_thread")]
async fn echoed_token_with_json_escapes_is_not_exposed() {
    let json = r#"[{"month":"2026-11","period_start":"2026-11-01","total":100,
        "payment_status":"HRKU\u002dsimulated\u002D0000-0000-0000-000000000000","dynos":1,
        "apps":[{"app_name":"\u0048RKU-simulated-0000\u002d0000-0000-000000000000","dynos":1}]}]"#;
    let response = (200, "application/json", json);
    assert_echo_is_redacted(DEFAULT_TOKEN, response, "logfmt").await;
}

/// Asserts that an exporter whose upstream echoes the token does not expose it.
async fn assert_echo_is_redacted(
    token: &'static str,
    response: CannedResponse,
    log_format: &'static str,
) {
    let upstream = EchoServer::start(token, response).await;
    let storage = StorageDirectory::new();
    let scenario = Scenario::named("one_team");
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let builder = storage
        .configure(ExporterBuilder::new(&[]))
        .with_clock_at(noon(scenario.today), library);
    let mut exporter = builder
        .env("HEROKU_API_URL", &format!("http://{}", upstream.address))
        .env("HEROKU_API_KEY", token)
        .env("HEROKU_TEAM_ID", &scenario.team_ids())
        .env("LOG_FORMAT", log_format)
        .arg("--log.level=debug")
        .start()
        .await;
    let all_polled = |scrape: &Scrape| scrape.series(POLLS).all(|(_, polls)| polls != "0");
    exporter.wait_for_scrape("both polls", all_polled).await;
    assert_not_exposed(&exporter).await;
    exporter.signal("TERM");
    exporter.wait_for_exit().await;
    assert_redacted(response.2, &exporter.full_log());
    assert!(exporter.log().contains("endpoint"), "{}", exporter.log());
}

/// The database stores responses, which may contain the token.
#[tokio::test(flavor = "multi_thread")]
async fn echoed_token_is_not_stored() {
    let body = r#"[{"month":"2026-11","period_start":"2026-11-01","total":100,"note":"TOKEN"}]"#;
    let upstream = EchoServer::start(DEFAULT_TOKEN, (200, "application/json", body)).await;
    let storage = StorageDirectory::new();
    let exporter = storage
        .configure(ExporterBuilder::new(&[]))
        .env("HEROKU_API_URL", &format!("http://{}", upstream.address))
        .env("HEROKU_API_KEY", DEFAULT_TOKEN)
        .env("HEROKU_TEAM_ID", "0b5e0001-7a1c-4e2b-9d3f-000000000001")
        .start()
        .await;
    exporter.wait_for_scrape("successful polls", all_up).await;
    wait_until("a database", || {
        (storage.response_count() > 0).then_some(())
    })
    .await;
    assert_redacted("the database", &String::from_utf8_lossy(&storage.bytes()));
}

/// `check` prints error messages of the upstream.
#[tokio::test(flavor = "multi_thread")]
async fn check_does_not_print_echoed_token() {
    for response in ECHOES {
        let upstream = EchoServer::start(DEFAULT_TOKEN, response).await;
        let output = std::process::Command::new(BINARY)
            .args(["check", "--log.level=debug"])
            .env_clear()
            .env("HEROKU_API_URL", format!("http://{}", upstream.address))
            .env("HEROKU_API_KEY", DEFAULT_TOKEN)
            .env("HEROKU_TEAM_ID", "ops")
            .output()
            .expect("the binary starts");
        for stream in [output.stdout, output.stderr] {
            assert_redacted(response.2, &String::from_utf8_lossy(&stream));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_does_not_expose_token() {
    let heroku = Scenario::named("one_team").start_simulator().await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    // The system clock is used, because a killed process leaves faketime's shared memory behind.
    let mut exporter = ExporterBuilder::for_heroku(&heroku, "ops")
        .arg("--log.level=debug")
        .start()
        .await;
    wait_until("a request", || heroku.requests().pop()).await;
    exporter.signal("ABRT");
    assert!(!exporter.wait_for_exit().await.success());
    assert_redacted("the log", &exporter.full_log());
    assert_redacted("standard output", &exporter.stdout());
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let scenario = Scenario::named("one_team");
    let (heroku, other) = (
        scenario.start_simulator().await,
        scenario.start_simulator().await,
    );
    let other_url = other.url();
    // With another port, without a scheme, and with another host name.
    let locations = [
        format!("{other_url}/teams"),
        other_url.replace("http:", ""),
        other_url.replace("127.0.0.1", "localhost"),
    ];
    for status in [301, 302, 303, 307, 308] {
        for location in &locations {
            heroku.clear_faults();
            let location = location.clone();
            let redirect = Fault::Redirect { location, status };
            heroku.inject_fault(Endpoint::Any, redirect, Times::Always);
            let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
                return;
            };
            let exporter = builder.start().await;
            exporter
                .wait_for_scrape("both failures", |scrape| {
                    ENDPOINTS
                        .iter()
                        .all(|endpoint| failures(scrape, endpoint, "unexpected_status") > 0.0)
                })
                .await;
        }
    }
    let followed = other.requests();
    assert!(followed.is_empty(), "{followed:?}");
}
