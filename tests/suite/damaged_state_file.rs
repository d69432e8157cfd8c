//! Invalid state files and unwritable directories are reported and never fatal.

use std::sync::Arc;

use heroku_sim::{Endpoint, Fault, Times};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::exporter::{BINARY, wait_until};
use crate::exporter_log;
use crate::recorded_requests::wait_for_requests;
use crate::scenario::Scenario;
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::state_file::StateFile;

/// A name, and a function that damages a valid file.
type Damage = (&'static str, fn(Vec<u8>) -> Vec<u8>);

/// Sets a field and updates the checksum.
fn with_field(file: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(file).expect("the file is JSON");
    *file.pointer_mut(pointer).expect("the field exists") = value;
    let checksummed = format!(
        "{}{}",
        file["api_url"].as_str().expect("a string"),
        file["answers"]
    );
    let crc32 = crc32fast::hash(checksummed.as_bytes());
    // In the order that identifies a state file.
    let (version, url, answers) = (&file["version"], &file["api_url"], &file["answers"]);
    format!(r#"{{"version":{version},"crc32":{crc32},"api_url":{url},"answers":{answers}}}"#).into()
}

const DAMAGE: [Damage; 11] = [
    ("empty", |_| Vec::new()),
    ("truncated in the middle", |file| {
        file[..file.len() / 2].to_vec()
    }),
    ("truncated before the last byte", |file| {
        file[..file.len() - 1].to_vec()
    }),
    ("duplicated", |file| file.repeat(2)),
    ("second half zeroed", |mut file| {
        let half = file.len() / 2;
        file[half..].fill(0);
        file
    }),
    ("invalid UTF-8", |mut file| {
        file[70] = 0xff;
        file
    }),
    ("older version", |file| {
        with_field(&file, "/version", 0.into())
    }),
    ("newer version", |file| {
        with_field(&file, "/version", 99.into())
    }),
    ("invalid timestamp", |file| {
        with_field(&file, "/answers/0/at", "noon".into())
    }),
    ("unknown endpoint", |file| {
        with_field(&file, "/answers/1/endpoint", "rebates".into())
    }),
    ("invalid response", |file| {
        with_field(&file, "/answers/0/pages/0", "<html>".into())
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn reports_and_replaces_an_invalid_file() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = Arc::new(scenario.start_simulator().await);
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let valid = state_file.bytes();
    let mut cases = JoinSet::new();
    for (name, damage) in DAMAGE {
        let (heroku, damaged) = (Arc::clone(&heroku), damage(valid.clone()));
        cases.spawn(async move {
            let scenario = Scenario::named("one_team");
            let state_file = StateFile::new();
            state_file.write(&damaged);
            let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
                return;
            };
            let exporter = builder.arg("--poll.interval=1s").start().await;
            scenario.wait_for_data(&exporter).await;
            wait_until(name, || (state_file.response_count() == 2).then_some(())).await;
            let ignored = ["level=warn", "state file ignored"];
            let warnings = exporter_log::lines(&exporter, &ignored);
            assert_eq!(warnings.len(), 1, "{name}: {}", exporter.log());
        });
    }
    cases.join_all().await;
}

/// Not even the valid entries of an invalid file are loaded.
#[tokio::test(flavor = "multi_thread")]
async fn loads_nothing_from_an_invalid_file() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let valid = state_file.bytes();
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    for (name, damage) in DAMAGE {
        let damaged = damage(valid.clone());
        state_file.write(&damaged);
        let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
            return;
        };
        let exporter = builder.start().await;
        let scrape = Scrape::parse(&exporter.metrics().await);
        assert_eq!(scrape.billing_metrics(), Scrape::default(), "{name}");
        assert!(
            scrape.series(LAST_POLL_SUCCESS).all(|(_, at)| at == "0"),
            "{name}"
        );
        assert_eq!(exporter.get("/health").await.status, 200, "{name}");
        // There is no response yet that would replace the file.
        assert_eq!(state_file.bytes(), damaged, "{name}");
    }
}

/// With the stored `ETag`, Heroku responds that the data is unchanged, so edited data would be
/// shown forever.
#[tokio::test(flavor = "multi_thread")]
async fn ignores_a_file_with_edited_data() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let text = String::from_utf8(state_file.bytes()).expect("the file is UTF-8");
    let edited = text.replace("362.75", "999.75");
    assert_ne!(edited, text);
    state_file.write(edited.as_bytes());
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter
        .wait_for_scrape("the first responses", all_up)
        .await;
    assert!(!scrape.samples.values().any(|value| value == "999.75"));
    exporter_log::wait_for_line(&exporter, &["level=warn", "state file ignored"]).await;
}

/// Writing resumes once the directory exists again.
#[tokio::test(flavor = "multi_thread")]
async fn continues_when_the_directory_is_removed() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 0) else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    wait_until("the state file", || {
        (state_file.response_count() == 2).then_some(())
    })
    .await;
    let path = state_file.path();
    let directory = path.parent().expect("the path has a parent");
    std::fs::remove_dir_all(directory).expect("the directory is removed");
    let line = ["level=error", "state file write failed"];
    exporter_log::wait_for_line(&exporter, &line).await;
    for endpoint in [Endpoint::Invoices, Endpoint::Usage] {
        wait_for_requests(&heroku, endpoint, 2).await;
    }
    let scrape = Scrape::parse(&scenario.wait_for_data(&exporter).await);
    assert!(all_up(&scrape));
    std::fs::create_dir(directory).expect("the directory is created");
    wait_until("the new state file", || {
        (state_file.response_count() == 2).then_some(())
    })
    .await;
}

#[test]
fn rejects_a_directory_and_a_missing_directory() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let missing = directory.path().join("missing").join("state.json");
    for path in [directory.path(), &missing] {
        let output = std::process::Command::new(BINARY)
            .env_clear()
            .env("HEROKU_API_KEY", "HRKU-unused")
            .env("HEROKU_TEAM_ID", "ops")
            .env("STATE_FILE", path)
            .output()
            .expect("the exporter starts");
        let message = String::from_utf8(output.stderr).expect("the output is UTF-8");
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("STATE_FILE"), "{message}");
    }
}
