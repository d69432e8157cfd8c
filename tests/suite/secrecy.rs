//! The token shows nowhere: not in a log, on a page, in an error, or in the process list.

use heroku_sim::{DEFAULT_TOKEN, Endpoint, Fault, Times};
use reqwest::Method;

use crate::exporter::{Exporter, until};
use crate::scenario::{Arrivals, Scenario};

/// The token's part that is nobody else's.
const SECRET: &str = "simulated-0000";

fn assert_without_secret(place: &str, text: &str) {
    assert!(DEFAULT_TOKEN.contains(SECRET));
    assert!(!text.contains(SECRET), "{place} shows the token:\n{text}");
}

/// Whatever a reader can see of a running program.
async fn assert_nowhere(exporter: &Exporter) {
    for path in ["/", "/metrics", "/health", "/no-such-page"] {
        for method in [Method::GET, Method::POST] {
            let answer = exporter.ask(method, path, &[]).await;
            assert_without_secret(path, &answer.text());
            assert_without_secret(path, &format!("{:?}", answer.headers));
        }
    }
    // Where there is no such file system there is no such leak to look for.
    if let Ok(line) = std::fs::read(format!("/proc/{}/cmdline", exporter.pid())) {
        assert_without_secret("the process list", &String::from_utf8_lossy(&line));
    }
    assert_without_secret("standard output", &exporter.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_shows_nowhere_when_all_is_well() {
    for format in ["logfmt", "json"] {
        let scenario = Scenario::named("several_teams");
        let heroku = scenario.heroku().await;
        let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
            return;
        };
        let start = start.arg("--log.level=debug");
        let mut exporter = start
            .arg(&format!("--log.format={format}"))
            .env("RUST_LOG", "trace")
            .start()
            .await;
        exporter
            .scrape_once("figures", |scrape| {
                Arrivals::of(scrape) == scenario.arrivals
            })
            .await;
        assert_nowhere(&exporter).await;
        exporter.signal("TERM");
        exporter.ended().await;
        assert_without_secret(format, &exporter.whole_log());
    }
}

/// Proxies and maintenance pages echo what they were sent.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_shows_nowhere_when_an_error_echoes_it() {
    let echoes = [
        (
            401,
            format!(
                r#"{{"id":"unauthorized {DEFAULT_TOKEN}","message":"Bearer {DEFAULT_TOKEN} is no good"}}"#
            ),
        ),
        (
            200,
            format!(r#"[{{"month":"{DEFAULT_TOKEN}","period_start":"{DEFAULT_TOKEN}"}}]"#),
        ),
        (
            200,
            format!(r#"[{{"{DEFAULT_TOKEN}":1,"month":{{}},"state":"{DEFAULT_TOKEN}"}}]"#),
        ),
        (200, format!(r#""{DEFAULT_TOKEN}""#)),
        (503, format!("<h1>{DEFAULT_TOKEN}</h1>")),
    ];
    for (status, body) in echoes {
        let scenario = Scenario::named("one_team");
        let heroku = scenario.heroku().await;
        let echo = Fault::Body {
            status,
            content_type: "application/json".to_owned(),
            body: body.clone().into_bytes(),
        };
        heroku.script(Endpoint::Any, echo, Times::Always);
        let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
            return;
        };
        let start = start.arg("--log.level=debug");
        let mut exporter = start.start().await;
        until("both failures", || {
            let log = exporter.log();
            ["endpoint=invoices", "endpoint=usage"]
                .iter()
                .all(|endpoint| log.contains(endpoint))
                .then_some(())
        })
        .await;
        assert_nowhere(&exporter).await;
        exporter.signal("TERM");
        exporter.ended().await;
        assert_without_secret(&body, &exporter.whole_log());
    }
}

/// A redirect is not followed: the token goes to no other address.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_goes_to_no_other_address() {
    let scenario = Scenario::named("one_team");
    let (heroku, elsewhere) = (scenario.heroku().await, scenario.heroku().await);
    let redirect = Fault::Redirect {
        location: format!("{}/teams", elsewhere.url()),
        status: 307,
    };
    heroku.script(Endpoint::Any, redirect, Times::Always);
    let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = start.start().await;
    until("both failures", || {
        let log = exporter.log();
        ["endpoint=invoices", "endpoint=usage"]
            .iter()
            .all(|endpoint| log.contains(endpoint))
            .then_some(())
    })
    .await;
    assert!(
        elsewhere.requests().is_empty(),
        "{:?}",
        elsewhere.requests()
    );
}
