//! The token shows nowhere: not in a log, on a page, in an error, or in the process list.

use heroku_sim::{DEFAULT_TOKEN, Endpoint, Fault, Times};
use reqwest::Method;
use tokio::task::JoinSet;

use crate::echo_server::{CannedResponse, EchoServer};
use crate::exporter::{BINARY, Exporter, ExporterBuilder, wait_until};
use crate::external_tools;
use crate::scenario::{Scenario, TeamCounts, noon};
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::state_file::StateFile;

/// The token's part that is nobody else's.
const SECRET: &str = "simulated-0000";

fn assert_without_secret(place: &str, text: &str) {
    assert!(DEFAULT_TOKEN.contains(SECRET));
    assert!(!text.contains(SECRET), "{place} shows the token:\n{text}");
}

/// Whatever a reader can see of a running program.
async fn assert_nowhere(exporter: &Exporter) {
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
            let answer = exporter.request(method, path, &[]).await;
            assert_without_secret(path, &answer.text());
            assert_without_secret(path, &format!("{:?}", answer.headers));
        }
    }
    let openmetrics = [("accept", "application/openmetrics-text")];
    let answer = exporter
        .request(Method::GET, "/metrics", &openmetrics)
        .await;
    assert_without_secret("OpenMetrics", &answer.text());
    // Where there is no such file system there is no such leak to look for.
    if let Ok(line) = std::fs::read(format!("/proc/{}/cmdline", exporter.pid())) {
        assert_without_secret("the process list", &String::from_utf8_lossy(&line));
    }
    assert_without_secret("standard output", &exporter.stdout());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_shows_nowhere_when_all_is_well() {
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
        exporter
            .wait_for_scrape("figures", |scrape| {
                TeamCounts::from_scrape(scrape) == scenario.expected_counts
            })
            .await;
        assert_nowhere(&exporter).await;
        exporter.signal("TERM");
        exporter.wait_for_exit().await;
        assert_without_secret(format, &exporter.full_log());
    }
}

/// What an upstream may say that has the token in it.
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
    // Good rows, and among them one that is not.
    (
        200,
        "application/json",
        r#"[{"month":"2026-11","period_start":"2026-11-01","dynos":1.5,"total":100,"apps":[{"app_name":"shop","dynos":"TOKEN"}]},
            {"month":"2026-10","period_start":"2026-10-01","dynos":"TOKEN","total":"TOKEN","TOKEN":{}}]"#,
    ),
];

/// Proxies and maintenance pages echo what they were sent: in the body, in every header, in the reason phrase.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_shows_nowhere_when_an_answer_echoes_it() {
    let mut playing = JoinSet::new();
    for (number, answer) in ECHOES.into_iter().enumerate() {
        // Both ways of writing a log, one for each other echo.
        let format = ["logfmt", "json"][number % 2];
        playing.spawn(assert_secret(DEFAULT_TOKEN, answer, format));
        playing.spawn(assert_secret(
            DEFAULT_TOKEN,
            answer,
            ["json", "logfmt"][number % 2],
        ));
    }
    playing.join_all().await;
}

/// A token that has to be escaped where it stands in quotes: Heroku makes none such, but takes what it is given for one.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_a_quote_in_it_shows_nowhere_either() {
    let json = r#"[{"month":"HRKU-\"simulated-0000\\","period_start":"HRKU-\"simulated-0000\\"}]"#;
    let answer = (200, "application/json", json);
    assert_secret(r#"HRKU-"simulated-0000\"#, answer, "logfmt").await;
}

/// JSON may escape any character, and a label has it as it was meant.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_echoed_in_escapes_shows_nowhere_either() {
    let json = r#"[{"month":"2026-11","period_start":"2026-11-01","total":100,
        "payment_status":"HRKU\u002dsimulated\u002D0000-0000-0000-000000000000","dynos":1,
        "apps":[{"app_name":"\u0048RKU-simulated-0000\u002d0000-0000-000000000000","dynos":1}]}]"#;
    let answer = (200, "application/json", json);
    assert_secret(DEFAULT_TOKEN, answer, "logfmt").await;
}

/// That a program whose upstream echoes its token shows it nowhere.
async fn assert_secret(token: &'static str, answer: CannedResponse, format: &'static str) {
    let upstream = EchoServer::start(token, answer).await;
    let state_file = StateFile::new();
    let scenario = Scenario::named("one_team");
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let builder = state_file
        .configure(ExporterBuilder::new(&[]))
        .with_clock_at(noon(scenario.today), library);
    let mut exporter = builder
        .env("HEROKU_API_URL", &format!("http://{}", upstream.address))
        .env("HEROKU_API_KEY", token)
        .env("HEROKU_TEAM_ID", &scenario.team_ids())
        .env("LOG_FORMAT", format)
        .arg("--log.level=debug")
        .start()
        .await;
    let tried = |scrape: &Scrape| scrape.series(POLLS).all(|(_, polls)| polls != "0");
    exporter.wait_for_scrape("both polls", tried).await;
    assert_nowhere(&exporter).await;
    exporter.signal("TERM");
    exporter.wait_for_exit().await;
    assert_without_secret(answer.2, &exporter.full_log());
    assert!(exporter.log().contains("endpoint"), "{}", exporter.log());
}

/// What the state file keeps is what Heroku sent, and that may be the token.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_not_kept_when_an_answer_echoes_it() {
    let good = r#"[{"month":"2026-11","period_start":"2026-11-01","total":100,"note":"TOKEN"}]"#;
    let upstream = EchoServer::start(DEFAULT_TOKEN, (200, "application/json", good)).await;
    let state_file = StateFile::new();
    let exporter = state_file
        .configure(ExporterBuilder::new(&[]))
        .env("HEROKU_API_URL", &format!("http://{}", upstream.address))
        .env("HEROKU_API_KEY", DEFAULT_TOKEN)
        .env("HEROKU_TEAM_ID", "0b5e0001-7a1c-4e2b-9d3f-000000000001")
        .start()
        .await;
    exporter.wait_for_scrape("figures", all_up).await;
    wait_until("a state file", || {
        (state_file.response_count() > 0).then_some(())
    })
    .await;
    assert_without_secret(
        "the state file",
        &String::from_utf8_lossy(&state_file.bytes()),
    );
}

/// `check` prints what went wrong, and so what the upstream said.
#[tokio::test(flavor = "multi_thread")]
async fn check_does_not_print_a_token_that_is_echoed() {
    for answer in ECHOES {
        let upstream = EchoServer::start(DEFAULT_TOKEN, answer).await;
        let output = std::process::Command::new(BINARY)
            .args(["check", "--log.level=debug"])
            .env_clear()
            .env("HEROKU_API_URL", format!("http://{}", upstream.address))
            .env("HEROKU_API_KEY", DEFAULT_TOKEN)
            .env("HEROKU_TEAM_ID", "ops")
            .output()
            .expect("the binary starts");
        for stream in [output.stdout, output.stderr] {
            assert_without_secret(answer.2, &String::from_utf8_lossy(&stream));
        }
    }
}

/// Killed as a crash would kill it, it has said nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_shows_nowhere_when_it_is_aborted() {
    let heroku = Scenario::named("one_team").start_simulator().await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    // No clock is set: a program that is killed would leave its shared memory behind.
    let mut exporter = ExporterBuilder::for_heroku(&heroku, "ops")
        .arg("--log.level=debug")
        .start()
        .await;
    wait_until("a request", || heroku.requests().pop()).await;
    exporter.signal("ABRT");
    assert!(!exporter.wait_for_exit().await.success());
    assert_without_secret("the log", &exporter.full_log());
    assert_without_secret("standard output", &exporter.stdout());
}

/// A redirect is not followed: the token goes to no other address.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_goes_to_no_other_address() {
    let scenario = Scenario::named("one_team");
    let (heroku, elsewhere) = (
        scenario.start_simulator().await,
        scenario.start_simulator().await,
    );
    let elsewhere_url = elsewhere.url();
    // To another port, which is another origin; without a scheme; and by another name.
    let locations = [
        format!("{elsewhere_url}/teams"),
        elsewhere_url.replace("http:", ""),
        elsewhere_url.replace("127.0.0.1", "localhost"),
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
    let followed = elsewhere.requests();
    assert!(followed.is_empty(), "{followed:?}");
}
