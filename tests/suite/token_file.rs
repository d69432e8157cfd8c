//! The token from a file: it wins over the variable, and is read again at every poll.

use std::path::{Path, PathBuf};

use heroku_sim::{DEFAULT_TOKEN, Endpoint, Simulator};

use crate::exporter::{BINARY, Exporter};
use crate::exporter_log;
use crate::recorded_requests::{requests, response_count};
use crate::scenario::Scenario;
use crate::scrape::Scrape;
use crate::self_series::*;

/// A token's file, in a directory that goes with it.
struct TokenFile {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl TokenFile {
    fn holding(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("api-key");
        let file = Self {
            _directory: directory,
            path,
        };
        file.write(text);
        file
    }

    /// Replaces it whole, as a secret that is mounted is replaced.
    fn write(&self, text: &str) {
        let beside = self.path.with_extension("new");
        std::fs::write(&beside, text).expect("the directory can be written to");
        std::fs::rename(&beside, &self.path).expect("a file is replaced");
    }

    fn text(&self) -> &str {
        self.path.to_str().expect("a path that is text")
    }
}

/// What somebody does to a file.
type Spoil = fn(&TokenFile);

/// The program with the token from a file, polling as often as the rate limit bears.
async fn restless(scenario: &Scenario, heroku: &Simulator, file: &TokenFile) -> Option<Exporter> {
    let builder = scenario.exporter_builder(heroku, &scenario.team_ids())?;
    let builder = builder.env("HEROKU_API_KEY", "HRKU-of-the-variable");
    let builder = builder.env("HEROKU_API_KEY_FILE", file.text());
    Some(builder.arg("--poll.interval=1s").start().await)
}

/// Waits until both endpoints failed for a reason, and gives that scrape.
async fn failed(exporter: &Exporter, reason: &str) -> Scrape {
    exporter
        .wait_for_scrape(reason, |scrape| {
            let failed = |endpoint: &&str| failures(scrape, endpoint, reason) > 0.0;
            ENDPOINTS.iter().all(failed)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_wins_over_the_variable_and_is_trimmed() {
    let scenario = Scenario::named("one_team");
    for (before, after) in [("", "\n"), (" \t\r\n", "\r\n\n "), ("", "")] {
        let heroku = scenario.start_simulator().await;
        let file = TokenFile::holding(&format!("{before}{DEFAULT_TOKEN}{after}"));
        let Some(exporter) = restless(&scenario, &heroku, &file).await else {
            return;
        };
        scenario.wait_for_data(&exporter).await;
        for request in heroku.requests() {
            let sent = request.header("authorization");
            assert_eq!(sent, Some(format!("Bearer {DEFAULT_TOKEN}").as_str()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flag_names_the_file_too() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let file = TokenFile::holding(DEFAULT_TOKEN);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let builder = builder.env("HEROKU_API_KEY", "");
    let flag = format!("--heroku.api-key-file={}", file.text());
    let exporter = builder.arg(&flag).start().await;
    scenario.wait_for_data(&exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_rotated_without_a_restart() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let file = TokenFile::holding(DEFAULT_TOKEN);
    let Some(exporter) = restless(&scenario, &heroku, &file).await else {
        return;
    };
    let known = exporter.wait_for_scrape("figures", all_up).await;
    let rotated = "HRKU-rotated-0000-0000-0000-000000000000";
    heroku.set_token(rotated.to_owned());
    let refused = failed(&exporter, "unauthorized").await;
    assert_eq!(refused.billing_metrics(), known.billing_metrics());
    file.write(&format!("{rotated}\n"));
    exporter.wait_for_scrape("recovery", all_up).await;
    // Once with the token that is good again, and the answer still stands.
    assert_eq!(response_count(&heroku, Endpoint::Usage, 200), 1);
    let last = requests(&heroku, Endpoint::Usage);
    let last = last
        .last()
        .and_then(|request| request.header("authorization"));
    assert_eq!(last, Some(format!("Bearer {rotated}").as_str()));
    assert!(!exporter.log().contains("HRKU-"), "{}", exporter.log());
}

/// A file that is gone, empty or spoilt: the figures stay, nothing is asked without a token, and it passes.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_is_a_failure_that_passes() {
    let scenario = Scenario::named("one_team");
    let spoil: [(&str, Spoil); 4] = [
        ("gone", |file| {
            std::fs::remove_file(&file.path).expect("it is there");
        }),
        ("empty", |file| file.write(" \n")),
        ("two lines", |file| file.write("HRKU-one\nHRKU-two\n")),
        ("not text", |file| {
            std::fs::write(&file.path, [0xff, 0xfe, 0x48]).expect("it can be written");
        }),
    ];
    for (what, spoil) in spoil {
        let heroku = scenario.start_simulator().await;
        let file = TokenFile::holding(DEFAULT_TOKEN);
        let Some(exporter) = restless(&scenario, &heroku, &file).await else {
            return;
        };
        let known = exporter.wait_for_scrape("figures", all_up).await;
        spoil(&file);
        let failing = failed(&exporter, "token_unreadable").await;
        assert_eq!(failing.billing_metrics(), known.billing_metrics(), "{what}");
        for endpoint in ENDPOINTS {
            let endpoint = format!("endpoint={endpoint}");
            let line = ["level=warn", "reason=token_unreadable", &endpoint];
            exporter_log::wait_for_line(&exporter, &line).await;
        }
        assert_eq!(exporter.get("/-/ready").await.status, 200);
        file.write(DEFAULT_TOKEN);
        exporter.wait_for_scrape("recovery", all_up).await;
        for request in heroku.requests() {
            let sent = request.header("authorization");
            assert_eq!(
                sent,
                Some(format!("Bearer {DEFAULT_TOKEN}").as_str()),
                "{what}"
            );
        }
        assert!(!exporter.log().contains("HRKU-"), "{}", exporter.log());
    }
}

/// A mistake is told at the start, also where a variable could stand in.
#[test]
fn a_file_that_is_not_there_at_the_start_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let absent = directory.path().join("absent");
    let empty = TokenFile::holding("\n");
    let spoilt = TokenFile::holding("HRKU-one two");
    let directory = directory.path();
    let refused: [&Path; 4] = [&absent, &empty.path, &spoilt.path, directory];
    for path in refused {
        let output = std::process::Command::new(BINARY)
            .env_clear()
            .env("HEROKU_API_KEY", "HRKU-of-the-variable")
            .env("HEROKU_API_KEY_FILE", path)
            .env("HEROKU_TEAM_ID", "ops")
            .output()
            .expect("the binary starts");
        let message = String::from_utf8(output.stderr).expect("a text");
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("HEROKU_API_KEY_FILE"), "{message}");
        assert!(!message.contains("HRKU-o"), "{message}");
    }
}
