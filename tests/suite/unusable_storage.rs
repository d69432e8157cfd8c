//! A database that cannot be used is reported, never changed and never fatal.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use heroku_sim::{Endpoint, Fault, Times};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::exporter::{BINARY, wait_until};
use crate::exporter_log;
use crate::scenario::Scenario;
use crate::scrape::Scrape;
use crate::self_series::*;
use crate::storage_directory::StorageDirectory;

const STORAGE_UP: &str = "heroku_cost_exporter_storage_up";

/// A name, and a function that damages a valid file.
type Damage = (&'static str, fn(&StorageDirectory));

fn edit(storage: &StorageDirectory, change: fn(Vec<u8>) -> Vec<u8>) {
    let valid = fs::read(storage.database()).expect("the database exists");
    storage.write(&change(valid));
}

fn execute(storage: &StorageDirectory, statement: &str) {
    let connection = Connection::open(storage.database()).expect("a database");
    connection
        .execute_batch(statement)
        .expect("a valid statement");
    let _ = connection.close();
}

const DAMAGE: [Damage; 7] = [
    ("text", |storage| storage.write(b"not a database\n")),
    ("truncated in the middle", |storage| {
        edit(storage, |file| file[..file.len() / 2].to_vec());
    }),
    ("second half zeroed", |storage| {
        edit(storage, |mut file| {
            let half = file.len() / 2;
            file[half..].fill(0);
            file
        });
    }),
    ("first page overwritten", |storage| {
        edit(storage, |mut file| {
            file[200..1000].fill(0xff);
            file
        });
    }),
    ("newer version", |storage| {
        execute(storage, "PRAGMA user_version = 99")
    }),
    ("of another program", |storage| {
        storage.write(b"");
        execute(
            storage,
            "CREATE TABLE bookmark (url TEXT); INSERT INTO bookmark VALUES ('x')",
        );
    }),
    ("a directory", |storage| {
        fs::remove_file(storage.database()).expect("the file is removed");
        fs::create_dir(storage.database()).expect("the directory is created");
    }),
];

fn storage_up(scrape: &Scrape) -> f64 {
    value(scrape, STORAGE_UP, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn continues_in_memory_and_keeps_the_file() {
    let heroku = Arc::new(Scenario::named("one_team").start_simulator().await);
    let mut cases = JoinSet::new();
    for (name, damage) in DAMAGE {
        let heroku = Arc::clone(&heroku);
        cases.spawn(async move {
            let scenario = Scenario::named("one_team");
            let storage = StorageDirectory::new();
            if storage.run_and_stop(&scenario, &heroku).await.is_none() {
                return;
            }
            damage(&storage);
            let damaged = storage.bytes();
            let Some(builder) = storage.exporter_builder(&scenario, &heroku, 1) else {
                return;
            };
            let mut exporter = builder.arg("--poll.interval=1s").start().await;
            scenario.wait_for_data(&exporter).await;
            let up = exporter.wait_for_scrape("successful polls", all_up).await;
            assert_eq!(storage_up(&up), 0.0, "{name}");
            let errors = ["level=error", "storage unavailable, continuing in memory"];
            let errors = exporter_log::lines(&exporter, &errors);
            assert_eq!(errors.len(), 1, "{name}: {}", exporter.log());
            exporter.signal("TERM");
            assert_eq!(exporter.wait_for_exit().await.code(), Some(0), "{name}");
            assert!(storage.bytes() == damaged, "{name}: the files have changed");
        });
    }
    cases.join_all().await;
}

/// A process that was killed before its first write leaves an empty file.
#[tokio::test(flavor = "multi_thread")]
async fn uses_an_empty_file() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let storage = StorageDirectory::new();
    storage.write(b"");
    let Some(scrape) = storage.run_and_stop(&scenario, &heroku).await else {
        return;
    };
    assert_eq!(storage_up(&scrape), 1.0);
}

/// Only one process writes; the other reads what is there.
#[tokio::test(flavor = "multi_thread")]
async fn second_server_continues_in_memory() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let storage = StorageDirectory::new();
    let builder = || storage.exporter_builder(&scenario, &heroku, 0);
    let (Some(first), Some(second)) = (builder(), builder()) else {
        return;
    };
    let first = first.start().await;
    wait_until("both responses", || {
        (storage.response_count() == 2).then_some(())
    })
    .await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let second = second.start().await;
    let scrape = Scrape::parse(&second.metrics().await);
    assert_eq!(storage_up(&scrape), 0.0);
    assert_ne!(scrape.billing_metrics(), Scrape::default());
    let line = [
        "level=error",
        "storage unavailable",
        "in use by another process",
    ];
    exporter_log::wait_for_line(&second, &line).await;
    assert_eq!(storage_up(&Scrape::parse(&first.metrics().await)), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn continues_when_the_directory_cannot_be_created() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let storage = StorageDirectory::new();
    let Some(builder) = storage.exporter_builder(&scenario, &heroku, 0) else {
        return;
    };
    let parent = storage.path().with_file_name("file");
    fs::write(&parent, b"").expect("the file is written");
    let path = parent.join("storage");
    let path = path.to_str().expect("the path is UTF-8");
    let exporter = builder.env("STORAGE_PATH", path).start().await;
    let scrape = exporter.wait_for_scrape("successful polls", all_up).await;
    assert_eq!(storage_up(&scrape), 0.0);
    let line = ["level=error", "storage unavailable", path];
    exporter_log::wait_for_line(&exporter, &line).await;
}

#[test]
fn rejects_a_file_in_place_of_the_directory() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("state.json");
    fs::write(&file, b"{}").expect("the file is written");
    let output = Command::new(BINARY)
        .env_clear()
        .env("HEROKU_API_KEY", "HRKU-unused")
        .env("HEROKU_TEAM_ID", "ops")
        .env("STORAGE_PATH", &file)
        .output()
        .expect("the exporter starts");
    let message = String::from_utf8(output.stderr).expect("the output is UTF-8");
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("STORAGE_PATH"), "{message}");
}
