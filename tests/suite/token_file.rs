//! The token file: it takes precedence over the variable and is read for every poll.

use std::path::{Path, PathBuf};

use heroku_sim::{DEFAULT_TOKEN, Endpoint, Simulator};

use crate::exporter::{BINARY, Exporter};
use crate::exporter_log;
use crate::recorded_requests::{requests, response_count};
use crate::scenario::Scenario;
use crate::scrape::Scrape;
use crate::self_series::*;

/// A token file in a temporary directory.
struct TokenFile {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl TokenFile {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("api-key");
        let file = Self {
            _directory: directory,
            path,
        };
        file.write(text);
        file
    }

    /// Replaces the file by renaming, as for a mounted secret.
    fn write(&self, text: &str) {
        let new = self.path.with_extension("new");
        std::fs::write(&new, text).expect("the directory is writable");
        std::fs::rename(&new, &self.path).expect("the file is replaceable");
    }

    fn path_str(&self) -> &str {
        self.path.to_str().expect("the path is UTF-8")
    }
}

type Change = fn(&TokenFile);

/// Starts an exporter that reads the token from `file` and polls every second.
async fn start_exporter(
    scenario: &Scenario,
    heroku: &Simulator,
    file: &TokenFile,
) -> Option<Exporter> {
    let builder = scenario.exporter_builder(heroku, &scenario.team_ids())?;
    let builder = builder.env("HEROKU_API_KEY", "HRKU-of-the-variable");
    let builder = builder.env("HEROKU_API_KEY_FILE", file.path_str());
    Some(builder.arg("--poll.interval=1s").start().await)
}

/// Waits until both endpoints have failed for `reason`, and returns that scrape.
async fn wait_for_failures(exporter: &Exporter, reason: &str) -> Scrape {
    exporter
        .wait_for_scrape(reason, |scrape| {
            let has_failed = |endpoint: &&str| failures(scrape, endpoint, reason) > 0.0;
            ENDPOINTS.iter().all(has_failed)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn file_takes_precedence_and_is_trimmed() {
    let scenario = Scenario::named("one_team");
    for (before, after) in [("", "\n"), (" \t\r\n", "\r\n\n "), ("", "")] {
        let heroku = scenario.start_simulator().await;
        let file = TokenFile::new(&format!("{before}{DEFAULT_TOKEN}{after}"));
        let Some(exporter) = start_exporter(&scenario, &heroku, &file).await else {
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
async fn flag_sets_the_file() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let file = TokenFile::new(DEFAULT_TOKEN);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let builder = builder.env("HEROKU_API_KEY", "");
    let flag = format!("--heroku.api-key-file={}", file.path_str());
    let exporter = builder.arg(&flag).start().await;
    scenario.wait_for_data(&exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotates_token_without_restart() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let file = TokenFile::new(DEFAULT_TOKEN);
    let Some(exporter) = start_exporter(&scenario, &heroku, &file).await else {
        return;
    };
    let known = exporter.wait_for_scrape("successful polls", all_up).await;
    let rotated = "HRKU-rotated-0000-0000-0000-000000000000";
    heroku.set_token(rotated.to_owned());
    let rejected = wait_for_failures(&exporter, "unauthorized").await;
    assert_eq!(rejected.billing_metrics(), known.billing_metrics());
    file.write(&format!("{rotated}\n"));
    exporter.wait_for_scrape("recovery", all_up).await;
    // With the new token, the data is unchanged (304).
    assert_eq!(response_count(&heroku, Endpoint::Usage, 200), 1);
    let last = requests(&heroku, Endpoint::Usage);
    let last = last
        .last()
        .and_then(|request| request.header("authorization"));
    assert_eq!(last, Some(format!("Bearer {rotated}").as_str()));
    assert!(!exporter.log().contains("HRKU-"), "{}", exporter.log());
}

/// Without a valid token no request is sent, and the data remains.
#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_invalid_file() {
    let scenario = Scenario::named("one_team");
    let changes: [(&str, Change); 4] = [
        ("missing", |file| {
            std::fs::remove_file(&file.path).expect("the file exists");
        }),
        ("empty", |file| file.write(" \n")),
        ("two lines", |file| file.write("HRKU-one\nHRKU-two\n")),
        ("not UTF-8", |file| {
            std::fs::write(&file.path, [0xff, 0xfe, 0x48]).expect("the file is writable");
        }),
    ];
    for (what, change) in changes {
        let heroku = scenario.start_simulator().await;
        let file = TokenFile::new(DEFAULT_TOKEN);
        let Some(exporter) = start_exporter(&scenario, &heroku, &file).await else {
            return;
        };
        let known = exporter.wait_for_scrape("successful polls", all_up).await;
        change(&file);
        let failing = wait_for_failures(&exporter, "token_unreadable").await;
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

/// The variable is no fallback.
#[test]
fn rejects_invalid_file_at_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let missing = directory.path().join("missing");
    let empty = TokenFile::new("\n");
    let two_words = TokenFile::new("HRKU-one two");
    let directory = directory.path();
    let invalid: [&Path; 4] = [&missing, &empty.path, &two_words.path, directory];
    for path in invalid {
        let output = std::process::Command::new(BINARY)
            .env_clear()
            .env("HEROKU_API_KEY", "HRKU-of-the-variable")
            .env("HEROKU_API_KEY_FILE", path)
            .env("HEROKU_TEAM_ID", "ops")
            .output()
            .expect("the binary starts");
        let message = String::from_utf8(output.stderr).expect("the output is UTF-8");
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("HEROKU_API_KEY_FILE"), "{message}");
        assert!(!message.contains("HRKU-o"), "{message}");
    }
}
