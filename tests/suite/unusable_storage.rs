//! A database that cannot be used is reported, never changed and never fatal.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use heroku_sim::{Endpoint, Fault, Times};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::exporter::{BINARY, wait_until};
use crate::exporter_log;
use crate::external_tools;
use crate::scenario::{Scenario, noon};
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

/// A directory with a file system of its own.
struct SmallFileSystem(tempfile::TempDir);

impl SmallFileSystem {
    /// Mounts a file system of four MiB. Returns `None` where this process may not mount one.
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let system = Self(directory);
        let arguments = ["-t", "tmpfs", "-o", "size=4m", "tmpfs"];
        system.run("mount", &arguments).then_some(system)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let mut command = Command::new(program);
        let output = command.args(arguments).arg(self.0.path()).output();
        output.is_ok_and(|output| output.status.success())
    }

    /// Uses all free space. Returns the file that uses it.
    fn fill(&self) -> PathBuf {
        let path = self.0.path().join("filler");
        let mut file = fs::File::create(&path).expect("the file is created");
        while file.write_all(&[0; 4096]).is_ok() {}
        path
    }
}

impl Drop for SmallFileSystem {
    fn drop(&mut self) {
        self.run("umount", &["--lazy"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn survives_a_full_disk_and_a_read_only_file_system() {
    let Some(system) = SmallFileSystem::mount() else {
        return;
    };
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let directory = system.0.path().join("storage");
    let directory = directory.to_str().expect("the path is UTF-8");
    let builder = |hours| {
        let builder = scenario.exporter_builder(&heroku, &scenario.team_names())?;
        let instant = noon(scenario.today) + jiff::SignedDuration::from_hours(hours);
        let builder = builder.with_clock_at(instant, external_tools::faketime_library()?);
        Some(builder.env("STORAGE_PATH", directory))
    };
    let Some(first) = builder(0) else {
        return;
    };
    let mut exporter = first.arg("--poll.interval=1s").start().await;
    let is_written = |scrape: &Scrape| all_up(scrape) && storage_up(scrape) == 1.0;
    exporter
        .wait_for_scrape("a written answer", is_written)
        .await;

    let filler = system.fill();
    let mut company = scenario.company();
    let mut figure = 700.25;
    // There may be room for a few answers in the last pages of the files.
    let failed = loop {
        figure += 1.0;
        company.teams[0].usage[0]["data"] = figure.into();
        heroku.set_company(company.clone());
        let shown = figure.to_string();
        let is_shown = |scrape: &Scrape| {
            let samples = scrape.billing_metrics().samples;
            samples.values().any(|value| *value == shown)
        };
        let scrape = exporter
            .wait_for_scrape("the changed figure", is_shown)
            .await;
        if storage_up(&scrape) == 0.0 {
            break scrape;
        }
    };
    assert!(all_up(&failed));
    let errors = exporter_log::lines(&exporter, &["level=error", "disk is full"]);
    assert!(!errors.is_empty(), "{}", exporter.log());

    fs::remove_file(filler).expect("the file is removed");
    exporter
        .wait_for_scrape("another attempt", is_written)
        .await;
    exporter.signal("TERM");
    assert_eq!(exporter.wait_for_exit().await.code(), Some(0));

    assert!(system.run("mount", &["-o", "remount,ro"]));
    let second = builder(1).expect("as before");
    let exporter = second.start().await;
    let scrape = exporter.wait_for_scrape("successful polls", all_up).await;
    assert_eq!(storage_up(&scrape), 0.0);
    let line = [
        "level=error",
        "storage unavailable",
        "Read-only file system",
    ];
    exporter_log::wait_for_line(&exporter, &line).await;
    let check = Command::new(BINARY)
        .env_clear()
        .args(["storage", "check", "--storage.path", directory])
        .output()
        .expect("the command starts");
    assert!(check.status.success(), "{check:?}");
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
