//! The `report` command: formats, failed endpoints and invalid settings.

use std::process::Output;

use heroku_sim::{Endpoint, Fault, Times};

use crate::documents::assert_part;
use crate::exporter::BINARY;
use crate::external_tools;
use crate::scenario::{Scenario, noon};

const DEMO: [&str; 4] = ["report", "--demo", "--date", "2026-11-23"];

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = assert_cmd::Command::new(BINARY);
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied());
    command
        .timeout(std::time::Duration::from_secs(90))
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the output is UTF-8")
}

#[test]
fn readme_shows_the_demo_report() {
    let output = run(
        &[DEMO.as_slice(), &["--top=5"]].concat(),
        &[("COLUMNS", "80")],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let sample = format!("```text\n{}```\n", text(&output.stdout));
    assert_part("README.md", "report", &sample);
}

#[test]
fn formats_agree() {
    let report = |format| {
        let output = run(&[DEMO.as_slice(), &["--format", format]].concat(), &[]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{format}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    let json: serde_json::Value = serde_json::from_str(&report("json")).expect("JSON");
    assert_eq!(json["source"], "demo data");
    let forecast = json["company"]["forecast_usd"].as_f64().expect("a number");
    let csv = report("csv");
    let company = csv.lines().nth(1).expect("a row");
    assert_eq!(
        company.split(',').nth(5).and_then(|f| f.parse().ok()),
        Some(forecast)
    );
    let (header, lines) = csv.split_once('\n').expect("a header");
    assert!(header.ends_with(",source,month,cost_usd"), "{header}");
    assert!(lines.lines().all(|line| line.contains(",demo data,")));
    let apps = json["teams"].as_array().into_iter().flatten();
    let apps: usize = apps
        .map(|team| team["apps"].as_array().map_or(0, Vec::len))
        .sum();
    assert!(apps > 30, "{apps}");
    assert_eq!(
        csv.lines().filter(|line| line.starts_with("app,")).count(),
        apps
    );
    let table = report("table");
    assert!(
        table.starts_with("Heroku costs, November 2026 (demo data)\n"),
        "{table}"
    );
    assert!(table.contains(&format!("Top 10 of {apps} apps")), "{table}");
    assert!(!table.contains('\u{1b}'), "not a terminal");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_failed_endpoint_with_remaining_data() {
    let scenario = Scenario::named("one_team");
    let Some(library) = external_tools::faketime_library() else {
        return;
    };
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Invoices, Fault::Status(503), Times::Always);
    let start = noon(scenario.today).as_second();
    let (url, faketime, teams) = (heroku.url(), format!("@{start}"), scenario.team_ids());
    let environment = [
        ("HEROKU_API_URL", url.as_str()),
        ("HEROKU_API_KEY", heroku.token()),
        ("HEROKU_TEAM_ID", teams.as_str()),
        ("LD_PRELOAD", library),
        ("FAKETIME", faketime.as_str()),
        ("FAKETIME_FMT", "%s"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let table = run(&["report"], &environment);
    assert_eq!(table.status.code(), Some(1));
    let table = text(&table.stdout);
    assert!(!table.contains("demo data"), "{table}");
    for part in ["invoices: server_error", "status.heroku.com", "By app"] {
        assert!(table.contains(part), "{part}:\n{table}");
    }
    let csv = run(&["report", "--format=csv"], &environment);
    assert_eq!(csv.status.code(), Some(1));
    assert!(
        text(&csv.stderr).contains("server_error"),
        "{}",
        text(&csv.stderr)
    );
    let json = run(&["report", "--format=json"], &environment);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["complete"], false);
    assert_eq!(json["source"], "heroku");
    assert_eq!(json["missing"][0]["reason"], "server_error");
}

#[test]
fn reports_all_invalid_settings() {
    let output = run(
        &[
            "report",
            "--demo",
            "--format=xml",
            "--top=many",
            "--seed=-1",
        ],
        &[],
    );
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(2), String::new())
    );
    let message = text(&output.stderr);
    for part in ["--format", "table, json or csv", "--top", "--seed"] {
        assert!(message.contains(part), "{part}:\n{message}");
    }
    // Report settings have no variables, because such common names may belong to other programs.
    let environment = [
        ("FORMAT", "xml"),
        ("REPORT_FORMAT", "xml"),
        ("TOP", "x"),
        ("DEMO", "no"),
        ("SEED", "x"),
        ("DATE", "2026-10-01"),
    ];
    assert_eq!(run(&DEMO, &environment).stdout, run(&DEMO, &[]).stdout);
    // No variable enables the demo.
    let environment = [("DEMO", "true"), ("REPORT_DEMO", "true")];
    let message = text(&run(&["report"], &environment).stderr);
    assert!(message.contains("HEROKU_API_KEY is not set"), "{message}");
}
