//! The storage: kills during writes, the subcommand `storage`, past usage, and queries of other
//! programs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use heroku_api::client::Validator;
use heroku_api::skipped::Skipped;
use heroku_api::stats::Endpoint;
use heroku_cost_exporter::store::{Answer, Key, PastUsage, Store, Subject, maintenance};
use jiff::Timestamp;

use crate::documents::code_blocks;
use crate::exporter::{BINARY, wait_until};
use crate::external_tools;
use crate::recorded_requests::{past_usage_requests, wait_for_requests};
use crate::scenario::Scenario;
use crate::self_series::all_up;
use crate::storage_directory::StorageDirectory;

/// The number of processes that are killed, in [`DIRECTORIES`] directories at once.
const KILLS: usize = 1000;
const DIRECTORIES: usize = 4;

/// The variable with the directory of [`writer_process`].
const DIRECTORY: &str = "TEST_STORAGE_DIRECTORY";

fn api_url() -> url::Url {
    "https://api.heroku.com/".parse().expect("a URL")
}

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a time")
}

fn team(number: usize) -> Key {
    Key {
        id: Some(format!("00000000-0000-4000-8000-{number:012}")),
        name: format!("team-{number}"),
    }
}

/// Returns usage in which every amount is `value`.
fn usage(month: Month, apps: usize, value: f64) -> Usage {
    let amounts = UsageAmounts {
        dynos: Some(value),
        data: Some(value),
        ..UsageAmounts::default()
    };
    let apps = (0..apps).map(|app| (format!("app-{app:05}"), amounts));
    let usage = MonthlyUsage {
        team_name: None,
        team: amounts,
        spaces: Spaces::default(),
        apps: Some(apps.collect()),
    };
    Usage {
        months: [(month, usage)].into(),
    }
}

fn answer(key: Key, at: Timestamp, usage: Usage) -> Answer {
    let etag = format!("\"{at}\"");
    Answer {
        subject: Subject::Team(key),
        endpoint: Endpoint::Usage,
        at,
        changed_at: at,
        validator: Some(Validator::new("https://api.heroku.com/".to_owned(), etag)),
        skipped: Skipped::default(),
        data: Some(Arc::new(usage).into()),
    }
}

/// Returns the number in the stored answer and in its validator, 0 if there is none.
fn stored_number(store: &Store) -> u64 {
    let mut loaded = store.load(now());
    let team = loaded.team("team-1");
    let Some(usage) = team.and_then(|team| team.usage.take()) else {
        return 0;
    };
    let month = usage.data.months.values().next().expect("a month");
    let values = month.known_apps().map(|(_, app)| app.dynos.expect("dynos"));
    let values: Vec<_> = values.chain(month.team.dynos).collect();
    assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
    let etag = usage.validator.expect("a validator").etag().to_owned();
    assert_eq!(etag, format!("\"{}\"", usage.at));
    values[0] as u64
}

/// Writes answers until it is killed. Prints the number of each committed one.
#[test]
#[ignore = "a process of killed_writers_lose_no_committed_answer"]
fn writer_process() {
    #[expect(clippy::disallowed_methods, reason = "the parent passes the directory")]
    let directory = std::env::var_os(DIRECTORY).expect("the directory");
    let store = Store::open(Path::new(&directory), &api_url());
    assert!(store.is_up());
    let month = Month::at(now());
    let mut output = std::io::stdout();
    for number in stored_number(&store) + 1.. {
        let at = now() - jiff::SignedDuration::from_secs(1_000_000 - number as i64);
        store.write(answer(team(1), at, usage(month, 20, number as f64)));
        // Queries run after the writes before them.
        store.history().months(None, "team-1").expect("a query");
        assert!(store.is_up());
        writeln!(output, "committed {number}").expect("the parent reads");
        output.flush().expect("the parent reads");
    }
}

fn kill_writers(directory: &Path, count: usize) {
    let mut committed = 0;
    for round in 0..count {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "storage::writer_process",
                "--ignored",
                "--nocapture",
            ])
            .env(DIRECTORY, directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut numbers = lines
            .by_ref()
            .filter_map(|line| line.ok()?.split_once("committed ")?.1.parse::<u64>().ok());
        for _ in 0..fastrand::usize(1..6) {
            committed = numbers.next().expect("a committed answer").max(committed);
        }
        std::thread::sleep(std::time::Duration::from_micros(fastrand::u64(0..2000)));
        child.kill().expect("the child is running");
        child.wait().expect("the child has ended");
        committed = numbers.last().unwrap_or(committed).max(committed);
        let stored = stored_number(&Store::in_memory(Some(directory), &api_url()));
        assert!(
            stored >= committed,
            "round {round}: {committed} committed, {stored} stored"
        );
        committed = stored;
        if round % 25 == 0 {
            let errors = maintenance::check(directory).expect("a database");
            assert_eq!(errors, [""; 0], "round {round}");
        }
    }
}

#[test]
fn killed_writers_lose_no_committed_answer() {
    std::thread::scope(|scope| {
        for _ in 0..DIRECTORIES {
            scope.spawn(|| {
                let directory = tempfile::tempdir().expect("a temporary directory");
                kill_writers(directory.path(), KILLS / DIRECTORIES);
            });
        }
    });
}

fn storage_command(subcommand: &str, directory: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY)
        .env_clear()
        .args(["storage", subcommand, "--storage.path"])
        .arg(directory)
        .args(arguments)
        .output()
        .expect("the exporter starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the output is UTF-8")
}

/// Fills a directory with the data of several teams, and their past usage.
async fn filled(scenario: &Scenario) -> Option<StorageDirectory> {
    let heroku = scenario.start_simulator().await;
    let storage = StorageDirectory::new();
    let builder = storage.exporter_builder(scenario, &heroku, 0)?;
    let mut exporter = builder.start().await;
    exporter.wait_for_scrape("successful polls", all_up).await;
    wait_until("past usage", || {
        (storage.response_count_for("past_usage") == 1).then_some(())
    })
    .await;
    exporter.signal("TERM");
    assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
    Some(storage)
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_prints_checks_compacts_and_copies() {
    let Some(storage) = filled(&Scenario::named("one_team")).await else {
        return;
    };
    let directory = storage.path();
    let info = storage_command("info", &directory, &[]);
    assert_eq!(info.status.code(), Some(0));
    for line in [
        "schema     version 2",
        "teams      1",
        "nights     2026-11-23 to 2026-11-23",
    ] {
        assert!(text(&info.stdout).contains(line), "{}", text(&info.stdout));
    }
    let check = storage_command("check", &directory, &[]);
    assert_eq!(
        (check.status.code(), text(&check.stdout)),
        (Some(0), "ok\n")
    );
    let backup = directory.with_file_name("costs.db");
    let name = backup.to_str().expect("UTF-8");
    let copied = storage_command("backup", &directory, &[name]);
    assert_eq!(copied.status.code(), Some(0), "{}", text(&copied.stderr));
    let again = storage_command("backup", &directory, &[name]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again.stderr).contains("costs.db: File exists"),
        "{}",
        text(&again.stderr)
    );
    let vacuum = storage_command("vacuum", &directory, &[]);
    assert_eq!(vacuum.status.code(), Some(0), "{}", text(&vacuum.stderr));
    assert_eq!(storage.files(), ["heroku-cost-exporter.db", "lock"]);
    assert_eq!(storage.response_count(), 2);
    let missing = storage_command("info", &directory.join("missing"), &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        text(&missing.stderr).contains("no database"),
        "{}",
        text(&missing.stderr)
    );
    fs::write(storage.database(), b"not a database").expect("the file is written");
    let damaged = storage_command("check", &directory, &[]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(
        text(&damaged.stderr).contains("is not changed"),
        "{}",
        text(&damaged.stderr)
    );
    let unset = Command::new(BINARY)
        .env_clear()
        .args(["storage", "info"])
        .output()
        .expect("the exporter starts");
    assert_eq!(unset.status.code(), Some(2));
    assert!(
        text(&unset.stderr).contains("STORAGE_PATH"),
        "{}",
        text(&unset.stderr)
    );
}

/// With storage, past usage is requested once; without, at each start.
#[tokio::test(flavor = "multi_thread")]
async fn past_usage_is_requested_once() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let storage = StorageDirectory::new();
    for (hours, expected) in [(0, 1), (2, 0), (24, 0)] {
        heroku.clear_requests();
        let Some(builder) = storage.exporter_builder(&scenario, &heroku, hours) else {
            return;
        };
        let mut exporter = builder.arg("--poll.interval=1s").start().await;
        wait_until("past usage", || {
            (storage.response_count_for("past_usage") == 1).then_some(())
        })
        .await;
        wait_for_requests(&heroku, heroku_sim::Endpoint::Usage, 2).await;
        let requests = past_usage_requests(&heroku);
        assert_eq!(requests.len(), expected, "after {hours} hours");
        for request in requests {
            assert!(
                request.path.ends_with("start=2025-11&end=2026-10"),
                "{request:?}"
            );
        }
        exporter.signal("TERM");
        assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
    }
}

/// Returns the queries of docs/STORAGE.md.
fn queries() -> Vec<String> {
    let blocks = code_blocks("docs/STORAGE.md", "sql").into_iter();
    blocks.map(|(_, query)| query).collect()
}

/// sqlite3 and DuckDB run the documented queries on a backup, and each returns rows.
#[tokio::test(flavor = "multi_thread")]
async fn other_programs_run_documented_queries() {
    let queries = queries();
    assert_eq!(queries.len(), 10);
    let Some(storage) = filled(&Scenario::named("one_team")).await else {
        return;
    };
    let backup = storage.path().with_file_name("costs.db");
    let copied = storage_command(
        "backup",
        &storage.path(),
        &[backup.to_str().expect("UTF-8")],
    );
    assert!(copied.status.success(), "{}", text(&copied.stderr));
    if let Some(sqlite3) = external_tools::find_program("sqlite3", "sqlite3") {
        for query in &queries {
            let output = Command::new(&sqlite3)
                .arg("-readonly")
                .arg(&backup)
                .arg(query)
                .output();
            let output = output.expect("sqlite3 starts");
            assert!(output.status.success(), "{query}: {}", text(&output.stderr));
            // No app is gone in this scenario.
            assert!(
                !output.stdout.is_empty() || query.contains("HAVING"),
                "{query}"
            );
        }
    }
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/python/storage_queries.py"
    );
    if let Some(python) = external_tools::python_with("import duckdb, duckdb_extensions") {
        let output = Command::new(python)
            .arg(script)
            .arg(&backup)
            .args(&queries)
            .output();
        let output = output.expect("Python starts");
        assert!(output.status.success(), "{}", text(&output.stderr));
        let counts: Vec<usize> = serde_json::from_slice(&output.stdout).expect("JSON");
        for (query, rows) in queries.iter().zip(counts) {
            assert!(rows > 0 || query.contains("HAVING"), "{query}");
        }
    }
}

/// Returns the table of sizes in docs/STORAGE.md: three years, with a change of every app each night.
pub(crate) fn size_table() -> String {
    let mut table = "apps | after the first start | after three years\n---|---|---\n".to_owned();
    for (teams, apps) in [(1, 50), (500, 20)] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let size = |store: Store| {
            store.close();
            let contents = maintenance::contents(directory.path()).expect("a database");
            (contents.size as f64 / (1024.0 * 1024.0)).ceil()
        };
        let first: Month = "2023-12".parse().expect("a month");
        let months = std::iter::successors(Some(first), |month| Some(Month::at(month.end())));
        let months: Vec<_> = months.take(36).collect();
        let write_months = |store: &Store, months: &[Month]| {
            for (number, month) in months.iter().enumerate() {
                let usage = usage(*month, apps, 0.123 * number as f64);
                for team_number in 1..=teams {
                    let past = PastUsage::Team(team(team_number), usage.clone());
                    store.write_past_usage(past, month.end());
                }
            }
        };
        let store = Store::open(directory.path(), &api_url());
        write_months(&store, &months[..12]);
        let at_start = size(store);
        let store = Store::open(directory.path(), &api_url());
        write_months(&store, &months[12..]);
        // The nights of the last days; apps of earlier ones are deleted.
        for night in 0..10 {
            let at = now() + jiff::SignedDuration::from_hours(24 * night);
            let usage = usage(Month::at(at), apps, night as f64);
            for team_number in 1..=teams {
                store.write(answer(team(team_number), at, usage.clone()));
            }
        }
        let at_end = size(store);
        table += &format!("{} | {at_start} MiB | {at_end} MiB\n", teams * apps);
    }
    table
}
