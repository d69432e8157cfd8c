//! The command line: rejected arguments and settings, and the output and exit status of each
//! subcommand.

use std::process::Output;

use heroku_cost_exporter::cli::reference;
use heroku_cost_exporter::config::setting;
use heroku_sim::{DEFAULT_TOKEN, Endpoint, Fault, Simulator, Times};

use crate::exporter::{BINARY, ExporterBuilder};
use crate::external_tools;
use crate::scenario::{Scenario, noon};

/// Runs the exporter with this environment only, and waits for it to exit.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = assert_cmd::Command::new(BINARY);
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied());
    command
        .timeout(std::time::Duration::from_secs(90))
        .output()
        .expect("the exporter starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the output is UTF-8")
}

/// Asserts that the settings are rejected with status 2 and no standard output, and returns the
/// error message.
fn rejection(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    message
}

#[test]
fn reports_all_missing_settings() {
    insta::assert_snapshot!(rejection(&[], &[]));
}

#[test]
fn reports_all_invalid_settings() {
    let environment = [
        ("HEROKU_API_KEY", "two words"),
        ("HEROKU_TEAM_ID", "ops,no/slash"),
        ("HEROKU_API_URL", "http://api.example.com"),
        ("POLL_INTERVAL", "soon"),
        ("PORT", "65536"),
        ("LOG_FORMAT", "xml"),
    ];
    let arguments = [
        "--web.listen-address=nonsense",
        "--web.telemetry-path=metrics",
        "--log.level",
        "loud",
    ];
    insta::assert_snapshot!(rejection(&arguments, &environment));
}

#[test]
fn serve_and_check_report_the_same_errors() {
    let message = rejection(&[], &[]);
    assert_eq!(rejection(&["serve"], &[]), message);
    assert_eq!(rejection(&["check"], &[]), message);
}

#[test]
fn demo_reports_its_invalid_settings() {
    let arguments = [
        "demo",
        "--seed=-1",
        "--date=yesterday",
        "--poll.interval=0s",
    ];
    insta::assert_snapshot!(rejection(&arguments, &[]));
}

/// A secret may be set as the wrong setting by mistake.
#[test]
fn error_messages_never_contain_a_secret() {
    const SECRET: &str = "s3cret-4711";
    let token = format!("HRKU-{SECRET}");
    let url = format!("https://user:{SECRET}@api.heroku.com");
    let spaced = format!("{token} {token}");
    for (name, value) in [
        ("HEROKU_TEAM_ID", &token),
        ("HEROKU_TEAM_ID", &format!("ops,{token}")),
        ("HEROKU_TEAM_ID", &format!("ops {token}")),
        ("HEROKU_TEAM_INCLUDE", &token),
        ("HEROKU_ENTERPRISE_ACCOUNT", &token),
        ("HEROKU_PERSONAL_ACCOUNT", &token),
        ("PRICE_DYNO_UNIT_USD", &token),
        ("CONFIG_FILE", &token),
        ("APPS_GROUP", &format!("({token}=a")),
        ("APPS_MAX", &token),
        ("HEROKU_API_KEY", &spaced),
        ("HEROKU_API_URL", &token),
        ("HEROKU_API_URL", &url),
        ("POLL_INTERVAL", &token),
        ("PORT", &token),
        ("WEB_LISTEN_ADDRESS", &token),
        ("WEB_TELEMETRY_PATH", &token),
        ("LOG_LEVEL", &token),
        ("LOG_FORMAT", &token),
    ] {
        let message = rejection(&[], &[(name, value)]);
        assert!(message.contains(name), "{name}:\n{message}");
        assert!(!message.contains(SECRET), "{name}:\n{message}");
    }
    // A token without the HRKU- prefix is recognized because it equals HEROKU_API_KEY.
    let environment = [
        ("HEROKU_API_KEY", SECRET),
        ("HEROKU_TEAM_ID", "ops"),
        ("PORT", SECRET),
    ];
    let message = rejection(&[], &environment);
    assert!(!message.contains(SECRET), "{message}");
}

#[test]
fn rejects_unknown_flags_and_subcommands() {
    for arguments in [
        &["--nope"][..],
        &["serve", "--nope"],
        &["frobnicate"],
        &["--seed=1"],
        &["--port"],
        &["serve", "check"],
    ] {
        let message = rejection(arguments, &[]);
        assert!(message.contains("--help"), "{arguments:?}: {message}");
    }
    // The token has no flag, because it would be visible in the process list.
    let message = rejection(&["--heroku.api-key=s3cret-4711"], &[]);
    assert!(!message.contains("s3cret"), "{message}");
}

#[test]
fn prints_the_version() {
    for flag in ["--version", "-V"] {
        let output = run(&[flag], &[]);
        let expected = concat!("heroku-cost-exporter ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(
            (output.status.code(), text(&output.stdout).as_str()),
            (Some(0), expected)
        );
    }
}

#[test]
fn help_lists_every_setting() {
    let output = run(&["--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let demo = text(&run(&["demo", "--help"], &[]).stdout);
    let report = text(&run(&["report", "--help"], &[]).stdout);
    let help = text(&output.stdout);
    for setting in setting::all() {
        let is_listed = |help: &str| {
            let value = [" ", "[="].iter();
            value
                .copied()
                .any(|end| help.contains(&format!("--{}{end}", setting.flag)))
        };
        let all = [&help, &demo, &report];
        assert!(
            all.into_iter().any(|help| is_listed(help)),
            "{}",
            setting.flag
        );
    }
    // The demo ignores these settings.
    assert!(!demo.contains("--heroku."), "{demo}");
    assert!(help.contains("HEROKU_API_KEY"), "{help}");
}

/// Returns the help for a terminal of `columns` columns.
fn help(arguments: &[&str], columns: &str) -> String {
    let output = run(arguments, &[("COLUMNS", columns)]);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    text(&output.stdout)
}

#[test]
fn short_help_lists_the_most_important_flags() {
    insta::assert_snapshot!(help(&["-h"], "80"));
}

#[test]
fn long_help_groups_all_flags() {
    insta::assert_snapshot!(help(&["--help"], "80"));
    insta::assert_snapshot!("long_help_of_report", help(&["report", "--help"], "80"));
}

/// Option descriptions wrap at the terminal width, but at 120 columns at most.
#[test]
fn help_wraps_at_terminal_width() {
    let longest = |columns| {
        let help = help(&["--help"], columns);
        let options = help.lines().filter(|line| line.starts_with("          "));
        options.map(str::len).max()
    };
    for (columns, min) in [("50", 40), ("80", 70), ("110", 100), ("400", 110)] {
        let longest = longest(columns).expect("the help has options");
        let max = columns.parse::<usize>().expect("a number").min(120);
        assert!((min..=max).contains(&longest), "{columns}: {longest}");
    }
}

#[test]
fn metrics_prints_reference_without_settings() {
    let output = run(&["metrics"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), reference::metrics());
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_is_the_default_subcommand() {
    let scenario = Scenario::named("one_team");
    for subcommand in [&[][..], &["serve"]] {
        let Some(library) = external_tools::faketime_library() else {
            return;
        };
        let heroku = scenario.start_simulator().await;
        let builder = ExporterBuilder::new(subcommand)
            .with_heroku(&heroku, "ops")
            .with_clock_at(noon(scenario.today), library);
        scenario.wait_for_data(&builder.start().await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_port_in_use() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener
        .local_addr()
        .expect("the listener is bound")
        .to_string();
    let flag = format!("--web.listen-address={address}");
    for (arguments, environment) in [
        (vec!["demo", &flag], vec![]),
        (
            vec!["serve", &flag],
            vec![
                ("HEROKU_API_KEY", "k"),
                ("HEROKU_TEAM_ID", "ops"),
                ("HEROKU_API_URL", "http://127.0.0.1:1"),
            ],
        ),
    ] {
        let output = run(&arguments, &environment);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(
            message.contains(&format!("cannot listen on {address}")),
            "{message}"
        );
        assert!(message.contains("in use"), "{message}");
        assert_eq!(text(&output.stdout), "");
    }
}

/// Runs `check` on the scenario's day. Returns its output, without the simulator's random port, and
/// its status.
fn check(scenario: &Scenario, heroku: &Simulator, teams: &str) -> Option<String> {
    check_with(scenario, heroku, teams, &[])
}

fn check_with(
    scenario: &Scenario,
    heroku: &Simulator,
    teams: &str,
    flags: &[&str],
) -> Option<String> {
    let library = external_tools::faketime_library()?;
    let (url, seconds) = (
        heroku.url(),
        format!("@{}", noon(scenario.today).as_second()),
    );
    let output = run(
        &[&["check"], flags].concat(),
        &[
            ("HEROKU_API_URL", &url),
            ("HEROKU_API_KEY", heroku.token()),
            ("HEROKU_TEAM_ID", teams),
            ("LD_PRELOAD", library),
            ("FAKETIME", &seconds),
            ("FAKETIME_FMT", "%s"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ],
    );
    let printed = text(&output.stdout).replace(&heroku.addr().to_string(), "[heroku]");
    let log = text(&output.stderr);
    assert!(!printed.contains(DEFAULT_TOKEN) && !log.contains(DEFAULT_TOKEN));
    Some(format!(
        "{printed}\nstandard error: {log:?}\nstatus: {}\n",
        output.status.code()?
    ))
}

/// Filters out the request ids, which depend on the order of the responses.
macro_rules! assert_check {
    ($printed:expr) => {
        insta::with_settings!({filters => vec![(r"request [0-9a-f-]{36}", "request [id]")]}, {
            insta::assert_snapshot!($printed);
        })
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reports_every_endpoint() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.start_simulator().await;
    let Some(printed) = check(&scenario, &heroku, &scenario.team_ids()) else {
        return;
    };
    assert_check!(printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reports_failed_endpoints_with_advice() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Usage, Fault::Status(403), Times::Always);
    let Some(printed) = check(&scenario, &heroku, "ops,no-such-team") else {
        return;
    };
    assert_check!(printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reports_an_invalid_token() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.set_token("HRKU-another".to_owned());
    let Some(printed) = check(&scenario, &heroku, "ops") else {
        return;
    };
    assert_check!(printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_summarizes_the_configuration_file() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/config.example.yml");
    let flags = [&format!("--config.file={example}"), "--apps.max=1"];
    let Some(printed) = check_with(&scenario, &heroku, "ops", &flags) else {
        return;
    };
    assert_check!(printed.replace(example, "[example]"));
}

#[test]
fn reports_file_errors_with_other_setting_errors() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("costs.yml");
    let text = "apps:\n  max: 0\nteams:\n  - {team: acme, budget_usd: .inf}\n  - {taem: ops}\n";
    std::fs::write(&path, text).expect("the file is writable");
    let path = path.to_str().expect("the path is UTF-8");
    let flag = format!("--config.file={path}");
    let arguments = ["--apps.include=(", "--price.dyno-unit-usd=1e400", &flag];
    for subcommand in [&[][..], &["serve"], &["check"]] {
        let message = rejection(&[subcommand, &arguments].concat(), &[]);
        insta::allow_duplicates! {
            insta::assert_snapshot!("invalid_rules", message.replace(path, "costs.yml"));
        }
    }
    let message = rejection(&[&["demo"], &arguments[..]].concat(), &[]);
    assert!(message.contains(":2:8: apps.max"), "{message}");
}

/// A boolean flag takes a value only after `=`, so a subcommand can follow it.
#[test]
fn boolean_flag_requires_equals_sign_before_value() {
    let environment = [("HEROKU_API_KEY", "HRKU-x"), ("PORT", "x")];
    for arguments in [
        &["--heroku.personal-account", "check"][..],
        &["check", "--heroku.personal-account"],
        &["--heroku.personal-account=true"],
        &["--heroku.personal-account=1"],
    ] {
        let message = rejection(arguments, &environment);
        assert!(
            !message.contains("HEROKU_TEAM_ID"),
            "{arguments:?}: {message}"
        );
    }
    let message = rejection(&["--heroku.personal-account=false"], &environment);
    assert!(message.contains("HEROKU_TEAM_ID is not set"), "{message}");
    let message = rejection(&["--heroku.personal-account", "false"], &environment);
    assert!(message.contains("unrecognized subcommand"), "{message}");
    let message = rejection(&["--heroku.personal-account="], &environment);
    assert!(message.contains("expected true or false"), "{message}");
}

/// `report | head` ends quietly, like other programs.
#[cfg(unix)]
#[test]
fn closed_standard_output_is_not_an_error() {
    let scenario = Scenario::named("one_team");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let heroku = runtime.block_on(scenario.start_simulator());
    for subcommand in [
        "report --demo",
        "report --demo --format json",
        "report --demo --format csv",
        "metrics",
        "generate man",
        "generate completions bash",
        "check",
    ] {
        // The reader ends before the first write.
        let script = format!("{BINARY} {subcommand} | true; exit ${{PIPESTATUS[0]}}");
        let output = std::process::Command::new("/bin/bash")
            .args(["-c", &script])
            .env_clear()
            .env("HEROKU_API_URL", heroku.url())
            .env("HEROKU_API_KEY", heroku.token())
            .env("HEROKU_TEAM_ID", "ops")
            .output()
            .expect("bash starts");
        let log = text(&output.stderr);
        assert!(
            output.status.success(),
            "{subcommand}: {} {log}",
            output.status
        );
        assert_eq!(log, "", "{subcommand}");
    }
}

#[test]
fn rejects_dates_with_a_time_or_a_wrong_day() {
    for (date, reason) in [
        ("2026-11-26T00:00", "not a valid date"),
        ("2026-02-30", "not a valid date"),
        ("20261126", "not a valid date"),
        ("tomorrow", "not a valid date"),
    ] {
        let message = rejection(&["demo", &format!("--date={date}")], &[]);
        assert!(message.contains(reason), "{message}");
    }
}
