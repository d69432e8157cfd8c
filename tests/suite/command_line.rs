//! The command line: what is refused and how, and what each subcommand prints and returns.

use std::process::Output;

use heroku_cost_exporter::cli::reference;
use heroku_cost_exporter::config::setting;
use heroku_sim::{DEFAULT_TOKEN, Endpoint, Fault, Simulator, Times};

use crate::exporter::{BINARY, Start};
use crate::scenario::{Scenario, noon};
use crate::tools;

/// Runs the program to its end, with nothing in its environment but this.
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
    String::from_utf8(bytes.to_vec()).expect("a text")
}

/// Asserts that the settings are refused with status 2 and nothing on standard output, and gives the message.
fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    message
}

#[test]
fn missing_settings_are_all_named_at_once() {
    insta::assert_snapshot!(refused(&[], &[]));
}

#[test]
fn unusable_settings_are_all_named_at_once() {
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
    insta::assert_snapshot!(refused(&arguments, &environment));
}

#[test]
fn every_subcommand_that_asks_refuses_alike() {
    let message = refused(&[], &[]);
    assert_eq!(refused(&["serve"], &[]), message);
    assert_eq!(refused(&["check"], &[]), message);
}

#[test]
fn the_demo_names_its_own_bad_settings() {
    let arguments = [
        "demo",
        "--seed=-1",
        "--date=yesterday",
        "--poll.interval=0s",
    ];
    insta::assert_snapshot!(refused(&arguments, &[]));
}

/// Wherever a secret is put by mistake, the message that refuses it does not repeat it.
#[test]
fn a_refusal_never_repeats_a_secret() {
    const SECRET: &str = "geheim-4711";
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
        let message = refused(&[], &[(name, value)]);
        assert!(message.contains(name), "{name}:\n{message}");
        assert!(!message.contains(SECRET), "{name}:\n{message}");
    }
    // A token of another shape is known by being the token.
    let environment = [
        ("HEROKU_API_KEY", SECRET),
        ("HEROKU_TEAM_ID", "ops"),
        ("PORT", SECRET),
    ];
    let message = refused(&[], &environment);
    assert!(!message.contains(SECRET), "{message}");
}

#[test]
fn what_is_not_a_flag_or_a_subcommand_is_refused() {
    for arguments in [
        &["--nope"][..],
        &["serve", "--nope"],
        &["frobnicate"],
        &["--seed=1"],
        &["--port"],
        &["serve", "check"],
    ] {
        let message = refused(arguments, &[]);
        assert!(message.contains("--help"), "{arguments:?}: {message}");
    }
    // The token has no flag: it would stand in the process list.
    let message = refused(&["--heroku.api-key=geheim-4711"], &[]);
    assert!(!message.contains("geheim"), "{message}");
}

#[test]
fn the_version_is_told() {
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
fn help_names_every_setting() {
    let output = run(&["--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let demo = text(&run(&["demo", "--help"], &[]).stdout);
    let report = text(&run(&["report", "--help"], &[]).stdout);
    let help = text(&output.stdout);
    for setting in setting::all() {
        let shown = |help: &str| {
            let value = [" ", "[="].iter();
            value
                .copied()
                .any(|end| help.contains(&format!("--{}{end}", setting.flag)))
        };
        let everywhere = [&help, &demo, &report];
        assert!(
            everywhere.into_iter().any(|help| shown(help)),
            "{}",
            setting.flag
        );
    }
    // What the demo does not read it does not offer.
    assert!(!demo.contains("--heroku."), "{demo}");
    assert!(help.contains("HEROKU_API_KEY"), "{help}");
}

/// Prints the help for a terminal of `columns` columns.
fn help(arguments: &[&str], columns: &str) -> String {
    let output = run(arguments, &[("COLUMNS", columns)]);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    text(&output.stdout)
}

#[test]
fn short_help_shows_the_most_important_flags() {
    insta::assert_snapshot!(help(&["-h"], "80"));
}

#[test]
fn long_help_groups_all_flags() {
    insta::assert_snapshot!(help(&["--help"], "80"));
    insta::assert_snapshot!("long_help_of_report", help(&["report", "--help"], "80"));
}

/// The widest line is a usage or a list of values, which is not broken.
#[test]
fn help_follows_the_width_of_the_terminal() {
    let longest = |columns| {
        let help = help(&["--help"], columns);
        let options = help.lines().filter(|line| line.starts_with("          "));
        options.map(str::len).max()
    };
    for (columns, shortest) in [("50", 40), ("80", 70), ("110", 100), ("400", 110)] {
        let longest = longest(columns).expect("a line");
        let most = columns.parse::<usize>().expect("a number").min(120);
        assert!((shortest..=most).contains(&longest), "{columns}: {longest}");
    }
}

#[test]
fn metrics_prints_the_reference_and_needs_no_settings() {
    let output = run(&["metrics"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), reference::metrics());
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_is_what_no_subcommand_is() {
    let scenario = Scenario::named("one_team");
    for subcommand in [&[][..], &["serve"]] {
        let Some(library) = tools::fake_clock_library() else {
            return;
        };
        let heroku = scenario.heroku().await;
        let start = Start::new(subcommand)
            .asking(&heroku, "ops")
            .at(noon(scenario.today), library);
        scenario.arrived(&start.start().await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_told_at_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
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

/// Runs `check` on the scenario's day: its status, and what it prints with the port, which differs on every run, taken out.
fn check(scenario: &Scenario, heroku: &Simulator, teams: &str) -> Option<String> {
    check_with(scenario, heroku, teams, &[])
}

fn check_with(
    scenario: &Scenario,
    heroku: &Simulator,
    teams: &str,
    flags: &[&str],
) -> Option<String> {
    let library = tools::fake_clock_library()?;
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

/// Takes the numbers of requests out, which differ with the order in which answers come.
macro_rules! assert_check {
    ($printed:expr) => {
        insta::with_settings!({filters => vec![(r"request [0-9a-f-]{36}", "request [id]")]}, {
            insta::assert_snapshot!($printed);
        })
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_what_every_endpoint_answered() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.heroku().await;
    let Some(printed) = check(&scenario, &heroku, &scenario.team_ids()) else {
        return;
    };
    assert_check!(printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_which_endpoint_failed_and_what_to_do() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    heroku.inject_fault(Endpoint::Usage, Fault::Status(403), Times::Always);
    let Some(printed) = check(&scenario, &heroku, "ops,no-such-team") else {
        return;
    };
    assert_check!(printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_that_the_token_is_no_good() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    heroku.set_token("HRKU-another".to_owned());
    let Some(printed) = check(&scenario, &heroku, "ops") else {
        return;
    };
    assert_check!(printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_what_the_configuration_file_comes_to() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/config.example.yml");
    let flags = [&format!("--config.file={example}"), "--apps.max=1"];
    let Some(printed) = check_with(&scenario, &heroku, "ops", &flags) else {
        return;
    };
    assert_check!(printed.replace(example, "[example]"));
}

#[test]
fn a_configuration_file_is_judged_with_all_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("costs.yml");
    let text = "apps:\n  max: 0\nteams:\n  - {team: acme, budget_usd: .inf}\n  - {taem: ops}\n";
    std::fs::write(&path, text).expect("the file can be written");
    let path = path.to_str().expect("a path");
    let flag = format!("--config.file={path}");
    let arguments = ["--apps.include=(", "--price.dyno-unit-usd=1e400", &flag];
    for subcommand in [&[][..], &["serve"], &["check"]] {
        let message = refused(&[subcommand, &arguments].concat(), &[]);
        insta::allow_duplicates! {
            insta::assert_snapshot!("unusable_rules", message.replace(path, "costs.yml"));
        }
    }
    let message = refused(&[&["demo"], &arguments[..]].concat(), &[]);
    assert!(message.contains(":2:8: apps.max"), "{message}");
}

/// A switch is true by itself, and takes its value behind an `=` alone, so that a subcommand can follow.
#[test]
fn a_switch_takes_its_value_behind_an_equals_sign() {
    let environment = [("HEROKU_API_KEY", "HRKU-x"), ("PORT", "x")];
    for on in [
        &["--heroku.personal-account", "check"][..],
        &["check", "--heroku.personal-account"],
        &["--heroku.personal-account=true"],
        &["--heroku.personal-account=1"],
    ] {
        let message = refused(on, &environment);
        assert!(!message.contains("HEROKU_TEAM_ID"), "{on:?}: {message}");
    }
    let message = refused(&["--heroku.personal-account=false"], &environment);
    assert!(message.contains("HEROKU_TEAM_ID is not set"), "{message}");
    let message = refused(&["--heroku.personal-account", "false"], &environment);
    assert!(message.contains("unrecognized subcommand"), "{message}");
    let message = refused(&["--heroku.personal-account="], &environment);
    assert!(message.contains("expected true or false"), "{message}");
}
