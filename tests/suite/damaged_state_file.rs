//! State files that this program did not write, or not like that, and places that cannot be written to: reported, and never fatal.

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

/// The file of a run, and what it is when somebody has been at it.
type Damage = (&'static str, fn(Vec<u8>) -> Vec<u8>);

/// Changes a field, and the checksum with it, as a program would that means well.
fn edited(file: &[u8], field: &str, to: Value) -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(file).expect("the program wrote JSON");
    *file.pointer_mut(field).expect("the field is there") = to;
    let sealed = format!(
        "{}{}",
        file["api_url"].as_str().expect("a text"),
        file["answers"]
    );
    file["crc32"] = crc32fast::hash(sealed.as_bytes()).into();
    serde_json::to_vec(&file).expect("JSON can be written")
}

const DAMAGE: [Damage; 16] = [
    ("empty", |_| Vec::new()),
    ("torn after its first byte", |file| file[..1].to_vec()),
    ("torn in the middle", |file| file[..file.len() / 2].to_vec()),
    ("torn before its last byte", |file| {
        file[..file.len() - 1].to_vec()
    }),
    ("written twice", |file| file.repeat(2)),
    ("nulls where its second half was", |mut file| {
        let half = file.len() / 2;
        file[half..].fill(0);
        file
    }),
    ("no text", |mut file| {
        file[7] = 0xff;
        file
    }),
    ("another program's", |_| {
        br#"{"version":1,"lineage":"b5e2","resources":[]}"#.to_vec()
    }),
    ("a page of HTML", |_| {
        b"<!doctype html><title>Sign in</title>".to_vec()
    }),
    ("a number", |_| b"42".to_vec()),
    ("of an older version", |file| {
        edited(&file, "/version", 0.into())
    }),
    ("of a newer version", |file| {
        edited(&file, "/version", 99.into())
    }),
    ("of the day after tomorrow", |file| {
        edited(&file, "/answers/0/at", "2026-11-25T00:00:00Z".into())
    }),
    ("of no time at all", |file| {
        edited(&file, "/answers/0/at", "noon".into())
    }),
    ("of an endpoint that there is not", |file| {
        edited(&file, "/answers/1/endpoint", "rebates".into())
    }),
    ("with an answer that is none", |file| {
        edited(&file, "/answers/0/pages/0", "<html>".into())
    }),
];

/// Each is reported once, stops nothing, and is replaced by the first answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_is_reported_and_replaced() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = Arc::new(scenario.start_simulator().await);
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let whole = state_file.bytes();
    let mut playing = JoinSet::new();
    for (what, damage) in DAMAGE {
        let (heroku, damaged) = (Arc::clone(&heroku), damage(whole.clone()));
        playing.spawn(async move {
            let scenario = Scenario::named("one_team");
            let state_file = StateFile::new();
            state_file.write(&damaged);
            let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
                return;
            };
            let exporter = builder.arg("--poll.interval=1s").start().await;
            scenario.wait_for_data(&exporter).await;
            wait_until(what, || (state_file.response_count() == 2).then_some(())).await;
            let ignored = ["level=warn", "state file ignored"];
            let warned = exporter_log::lines(&exporter, &ignored);
            assert_eq!(warned.len(), 1, "{what}: {}", exporter.log());
        });
    }
    playing.join_all().await;
}

/// Nothing of it is shown: not a part of it, and not the part that is sound.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_shows_nothing() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let whole = state_file.bytes();
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    for (what, damage) in DAMAGE {
        let damaged = damage(whole.clone());
        state_file.write(&damaged);
        let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
            return;
        };
        let exporter = builder.start().await;
        let shown = Scrape::parse(&exporter.metrics().await);
        assert_eq!(shown.billing_metrics(), Scrape::default(), "{what}");
        assert!(
            shown.series(LAST_POLL_SUCCESS).all(|(_, at)| at == "0"),
            "{what}"
        );
        assert_eq!(exporter.get("/health").await.status, 200, "{what}");
        // Nothing has come that could replace it.
        assert_eq!(state_file.bytes(), damaged, "{what}");
    }
}

/// Figures that somebody made up would stand for ever, because Heroku says that its answer is still the same.
#[tokio::test(flavor = "multi_thread")]
async fn figures_that_were_edited_are_not_taken_up() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    if state_file.run_and_stop(&scenario, &heroku).await.is_none() {
        return;
    }
    let text = String::from_utf8(state_file.bytes()).expect("a text");
    let made_up = text.replace("362.75", "999.75");
    assert_ne!(made_up, text);
    state_file.write(made_up.as_bytes());
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 1) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter.wait_for_scrape("the answers", all_up).await;
    assert!(!scrape.samples.values().any(|value| value == "999.75"));
    exporter_log::wait_for_line(&exporter, &["level=warn", "state file ignored"]).await;
}

/// A link that leads to itself can be read by nobody, not even by the superuser.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_reported_and_ignored() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    std::os::unix::fs::symlink(state_file.path(), state_file.path()).expect("a link is made");
    let heroku = scenario.start_simulator().await;
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 0) else {
        return;
    };
    let exporter = builder.start().await;
    exporter_log::wait_for_line(&exporter, &["level=warn", "state file ignored"]).await;
    scenario.wait_for_data(&exporter).await;
}

/// The directory goes while the program runs: it says so, goes on, and writes again once there is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_written_to_any_more_stops_nothing() {
    let scenario = Scenario::named("one_team");
    let state_file = StateFile::new();
    let heroku = scenario.start_simulator().await;
    let Some(builder) = state_file.exporter_builder(&scenario, &heroku, 0) else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    wait_until("the file", || {
        (state_file.response_count() == 2).then_some(())
    })
    .await;
    let path = state_file.path();
    let directory = path.parent().expect("it is in a directory");
    std::fs::remove_dir_all(directory).expect("the directory goes");
    let line = ["level=error", "state file write failed"];
    exporter_log::wait_for_line(&exporter, &line).await;
    for endpoint in [Endpoint::Invoices, Endpoint::Usage] {
        wait_for_requests(&heroku, endpoint, 2).await;
    }
    let scrape = Scrape::parse(&scenario.wait_for_data(&exporter).await);
    assert!(all_up(&scrape));
    std::fs::create_dir(directory).expect("the directory comes back");
    wait_until("the file again", || {
        (state_file.response_count() == 2).then_some(())
    })
    .await;
}

#[test]
fn a_directory_is_refused_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("missing").join("state.json");
    for path in [directory.path(), &missing] {
        let output = std::process::Command::new(BINARY)
            .env_clear()
            .env("HEROKU_API_KEY", "HRKU-unused")
            .env("HEROKU_TEAM_ID", "ops")
            .env("STATE_FILE", path)
            .output()
            .expect("the binary starts");
        let message = String::from_utf8(output.stderr).expect("a text");
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("STATE_FILE"), "{message}");
    }
}
