//! What is refused, with which words, and what is taken for what.

use std::ffi::OsString;

use super::scope::{Scope, TeamScope};
use super::*;
use exporter_toolkit::listen::ListenAddress;

mod file;
mod rules;
mod scope;

#[derive(Debug)]
struct Config {
    heroku: HerokuConfig,
    serve: ServeConfig,
}

fn resolve(raw: &RawArgs) -> Result<Config, ConfigErrors> {
    let (heroku, serve) = raw.resolve(|resolver| resolver.heroku().zip(resolver.serve()))?;
    Ok(Config { heroku, serve })
}

fn raw(flags: &[(&'static str, &str)], environment: &[(&str, &str)]) -> RawArgs {
    let mut raw = RawArgs::default();
    for (flag, value) in flags {
        raw.flags.entry(flag).or_default().push(value.into());
    }
    raw.environment = environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    raw
}

const ENOUGH: [(&str, &str); 2] = [
    ("HEROKU_API_KEY", "HRKU-secret"),
    ("HEROKU_TEAM_ID", "acme"),
];

fn with(flag: &'static str, value: &str) -> Result<Config, ConfigErrors> {
    resolve(&raw(&[(flag, value)], &ENOUGH))
}

fn is_refused(flag: &'static str, value: &str) -> bool {
    with(flag, value).is_err_and(|problems| problems.to_string().contains(&format!("--{flag} is")))
}

fn named(config: &Config) -> &[String] {
    match &config.heroku.scope.teams {
        TeamScope::Named(teams) => teams,
        TeamScope::Seen(_) => panic!("every team"),
    }
}

#[test]
fn a_token_and_a_team_are_enough() {
    let config = resolve(&raw(&[], &ENOUGH)).unwrap();
    assert_eq!(config.heroku.api_url.as_str(), "https://api.heroku.com/");
    assert_eq!(named(&config), ["acme"]);
    assert_eq!(config.heroku.poll_interval, Duration::from_secs(3600));
    assert_eq!(
        config.serve.web.listen,
        [ListenAddress {
            host: None,
            port: 8080
        }]
    );
    assert_eq!(config.serve.web.telemetry_path, "/metrics");
    assert_eq!(
        config.serve.log,
        LogConfig {
            level: LogLevel::Info,
            format: LogFormat::Logfmt
        }
    );
}

#[test]
fn all_problems_are_told_at_once_and_no_secret() {
    let environment = [
        ("HEROKU_API_KEY", "HRKU-12 34"),
        ("HEROKU_TEAM_ID", "HRKU-12"),
        ("PORT", "70000"),
        ("POLL_INTERVAL", "0s"),
        ("LOG_FORMAT", "xml"),
        ("WEB_TELEMETRY_PATH", "metrics"),
    ];
    let flags = [
        ("heroku.api-url", "https://user:hunter2@api.heroku.com"),
        ("web.listen-address", "8080"),
    ];
    let message = resolve(&raw(&flags, &environment)).unwrap_err().to_string();
    insta::assert_snapshot!(message, @r#"
    8 settings cannot be used:
      HEROKU_API_KEY holds a character that no token has (a space, a quote from a copy, a line break?): set it to the token alone, such as `heroku authorizations:create` prints
      HEROKU_TEAM_ID names a team that looks like a token: give a team's id or name, or several with commas, as `heroku teams` lists them, or * for every team that the token sees
      --heroku.api-url is a value that looks like a secret: a URL with a user name or password; the token goes in HEROKU_API_KEY; give an https URL such as https://api.heroku.com (http only for a loopback address)
      POLL_INTERVAL is "0s": out of range; give a duration such as 1h, 30m, 90s or 90, from 1s to 7d
      PORT is "70000": not a whole number in range; give a number from 0 to 65535
      --web.listen-address is "8080": not an address; give an address such as :8080, 127.0.0.1:8080, [::1]:8080 or localhost:8080
      WEB_TELEMETRY_PATH is "metrics": not a path; give a path such as /metrics, of letters, digits and - _ . ~ between single slashes
      LOG_FORMAT is "xml": not a known value; give one of logfmt, json
    "#);
}

#[test]
fn one_problem_is_told_in_the_singular() {
    let message = with("port", "http").unwrap_err().to_string();
    assert_eq!(
        message,
        "a setting cannot be used:\n  --port is \"http\": not a whole number in range; give a number from 0 to 65535"
    );
}

#[test]
fn a_flag_wins_over_its_variable_and_an_empty_variable_is_none() {
    let environment = [
        ENOUGH[0],
        ENOUGH[1],
        ("PORT", "1000"),
        ("LOG_LEVEL", " "),
        ("POLL_INTERVAL", ""),
    ];
    let config = resolve(&raw(&[("port", "2000")], &environment)).unwrap();
    assert_eq!(
        config.serve.web.listen,
        [ListenAddress {
            host: None,
            port: 2000
        }]
    );
    assert_eq!(config.serve.log.level, LogLevel::Info);
    assert!(is_refused("port", ""));
}

#[test]
fn listen_addresses_win_over_the_port() {
    let mut raw = raw(
        &[
            ("web.listen-address", ":1"),
            ("web.listen-address", "[::1]:2,localhost:3"),
        ],
        &ENOUGH,
    );
    raw.environment.insert("PORT".into(), "9".into());
    let shown: Vec<_> = resolve(&raw)
        .unwrap()
        .serve
        .web
        .listen
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(shown, [":1", "[::1]:2", "localhost:3"]);
    for address in [
        "",
        "80",
        "a b:80",
        "::1:80",
        "[::1]",
        "[x]:80",
        ":65536",
        ":+80",
        "http://x:80",
        "a:80,",
        ":",
    ] {
        assert!(is_refused("web.listen-address", address), "{address:?}");
    }
}

#[test]
fn teams_are_split_trimmed_and_named_once() {
    let config = with("heroku.team-id", " acme, ops ,,acme").unwrap();
    assert_eq!(named(&config), ["acme", "ops"]);
    for teams in ["", ",", " , ", "a/b", "a b", "..", "ä", "a?b", "**", "*a"] {
        assert!(is_refused("heroku.team-id", teams), "{teams:?}");
    }
}

#[test]
fn a_token_in_the_place_of_a_team_is_not_repeated() {
    for team in ["HRKU-other", "acme,HRKU-secret", "hrku-other"] {
        let message = with("heroku.team-id", team).unwrap_err().to_string();
        assert!(
            message.contains("looks like a token") && !message.to_uppercase().contains("HRKU-"),
            "{message}"
        );
    }
}

#[test]
fn the_token_goes_to_https_or_to_this_machine() {
    for url in [
        "https://heroku.example/base",
        "http://localhost:5000",
        "http://127.0.0.1:1",
        "http://[::1]:5000/",
        "HTTP://LOCALHOST",
    ] {
        assert!(with("heroku.api-url", url).is_ok(), "{url}");
    }
    for url in [
        "",
        "api.heroku.com",
        "http://heroku.example",
        "http://127.0.0.1.example",
        "ftp://localhost",
        "https://",
        "https://a@b",
        "https://a?b",
        "https://a#b",
        "file:///etc",
    ] {
        assert!(is_refused("heroku.api-url", url), "{url}");
    }
}

#[test]
fn durations_have_units_or_are_plain_seconds() {
    for (text, seconds) in [
        ("1s", 1),
        ("90s", 90),
        ("30m", 1800),
        ("1h", 3600),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("1 hour", 3600),
        ("1", 1),
        (" 604800 ", 604_800),
    ] {
        assert_eq!(
            with("poll.interval", text).unwrap().heroku.poll_interval,
            Duration::from_secs(seconds),
            "{text}"
        );
    }
    for text in [
        "",
        "0",
        "0s",
        "999ms",
        "-1",
        "+1",
        "1.5",
        "604801",
        "-1h",
        "1y",
        "8d",
        "1x",
        "PT1H",
        "1mo",
        "99999999999999999999h",
    ] {
        assert!(is_refused("poll.interval", text), "{text:?}");
    }
}

#[test]
fn the_telemetry_path_is_one_that_nothing_else_has() {
    assert_eq!(
        with("web.telemetry-path", "/prometheus/heroku.txt")
            .unwrap()
            .serve
            .web
            .telemetry_path,
        "/prometheus/heroku.txt"
    );
    for path in [
        "", "/", "metrics", "//", "/a/", "/a//b", "/a b", "/{x}", "/ä", "/..", "/a/../b",
        "/health", "/-/ready", "/api/v1", "/%2e",
    ] {
        assert!(is_refused("web.telemetry-path", path), "{path:?}");
    }
}

#[test]
fn zero_requests_mean_no_limit() {
    let most = |value| {
        with("web.max-requests", value)
            .unwrap()
            .serve
            .web
            .max_requests
    };
    assert_eq!(most("0"), None);
    assert_eq!(most("1"), Some(1));
    let default = resolve(&raw(&[], &ENOUGH)).unwrap();
    assert_eq!(default.serve.web.max_requests, Some(40));
    for value in ["", "-1", "+1", "1.5", "many", "99999999999"] {
        assert!(is_refused("web.max-requests", value), "{value:?}");
    }
}

#[test]
fn rejects_missing_web_config_file() {
    let message = with("web.config.file", "/nowhere/web.yml").unwrap_err();
    assert_eq!(
        message.to_string(),
        "a setting cannot be used:\n  --web.config.file: /nowhere/web.yml: cannot be read: \
         No such file or directory (os error 2)"
    );
}

#[cfg(unix)]
#[test]
fn what_is_not_utf_8_is_refused_and_not_shown() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(vec![0xff, b'x']);
    let mut raw = raw(&[], &ENOUGH);
    raw.environment.insert("PORT".into(), odd.clone());
    raw.environment.insert("HEROKU_API_KEY".into(), odd.clone());
    raw.flags.insert("log.level", vec![odd]);
    let message = resolve(&raw).unwrap_err().to_string();
    for setting in ["PORT", "HEROKU_API_KEY", "--log.level"] {
        assert!(
            message.contains(&format!("{setting} is not valid UTF-8")),
            "{message}"
        );
    }
}

#[test]
fn a_token_s_file_wins_over_the_variable_and_is_trimmed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "\n HRKU-from-file \r\n").unwrap();
    let config = with("heroku.api-key-file", path.to_str().unwrap()).unwrap();
    let token = config.heroku.token.read().unwrap();
    assert_eq!(
        secrecy::ExposeSecret::expose_secret(&token),
        "HRKU-from-file"
    );
    // Rotation needs no restart.
    std::fs::write(&path, "HRKU-renewed").unwrap();
    let token = config.heroku.token.read().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&token), "HRKU-renewed");
}

#[test]
fn a_token_s_file_that_cannot_be_used_is_refused_and_its_content_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("empty", ""),
        ("blank", " \n"),
        ("two", "secret one\nsecret two"),
        ("binary", "secret\0"),
    ] {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let message = with("heroku.api-key-file", path.to_str().unwrap())
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("--heroku.api-key-file is") && !message.contains("secret"),
            "{message}"
        );
    }
    assert!(is_refused(
        "heroku.api-key-file",
        directory.path().join("none").to_str().unwrap()
    ));
    assert!(is_refused(
        "heroku.api-key-file",
        directory.path().to_str().unwrap()
    ));
}

#[test]
fn a_state_file_needs_a_directory_that_exists() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.json");
    assert_eq!(
        with("state.file", path.to_str().unwrap())
            .unwrap()
            .heroku
            .state_file,
        Some(path)
    );
    assert_eq!(
        with("state.file", "state.json").unwrap().heroku.state_file,
        Some("state.json".into())
    );
    for path in [
        "",
        "/",
        "..",
        "/no/such/directory/state.json",
        directory.path().to_str().unwrap(),
    ] {
        assert!(is_refused("state.file", path), "{path:?}");
    }
}

#[test]
fn ages_and_timeouts_are_bounded() {
    assert_eq!(
        with("data.max-age", "2d").unwrap().serve.max_age,
        Some(Duration::from_secs(172_800))
    );
    assert_eq!(resolve(&raw(&[], &ENOUGH)).unwrap().serve.max_age, None);
    assert_eq!(
        with("heroku.timeout", "250ms").unwrap().heroku.timeout,
        Duration::from_millis(250)
    );
    for (flag, value) in [
        ("data.max-age", "0s"),
        ("data.max-age", "367d"),
        ("heroku.timeout", "99ms"),
        ("heroku.timeout", "11m"),
    ] {
        assert!(is_refused(flag, value), "{flag} {value}");
    }
}

#[test]
fn log_settings_ignore_case() {
    let log = |level, format| {
        let environment = [
            ENOUGH[0],
            ENOUGH[1],
            ("LOG_LEVEL", level),
            ("LOG_FORMAT", format),
        ];
        resolve(&raw(&[], &environment)).unwrap().serve.log
    };
    for (level, format) in [("warn", "json"), ("WARN", "JSON"), ("Warning", " Json ")] {
        let expected = LogConfig {
            level: LogLevel::Warn,
            format: LogFormat::Json,
        };
        assert_eq!(log(level, format), expected, "{level} {format}");
    }
    for (flag, value) in [("log.level", "loud"), ("log.format", "json5")] {
        assert!(is_refused(flag, value), "{flag} {value}");
    }
}

/// A variable of the platform must not change what a report shows.
#[test]
fn report_and_demo_flags_have_no_variables() {
    let environment = [
        ENOUGH[0],
        ENOUGH[1],
        ("DEMO", "true"),
        ("REPORT_DEMO", "true"),
        ("FORMAT", "csv"),
        ("REPORT_FORMAT", "xml"),
        ("TOP", "x"),
        ("SEED", "x"),
        ("DATE", "2026-11-30"),
    ];
    let config = raw(&[], &environment).resolve(Resolver::report).unwrap();
    assert!(matches!(config.source, DataSource::Heroku(_)));
    assert_eq!((config.format, config.top), (ReportFormat::Table, Some(10)));
    let flags = [("format", "JSON"), ("top", "0")];
    let config = raw(&flags, &environment).resolve(Resolver::report).unwrap();
    assert_eq!((config.format, config.top), (ReportFormat::Json, None));
}

#[cfg(feature = "demo")]
#[test]
fn demo_flags_choose_the_company() {
    let flags = [("demo", "true"), ("seed", "7"), ("date", "2026-11-30")];
    let config = raw(&flags, &[]).resolve(Resolver::report).unwrap();
    let DataSource::Demo(demo) = config.source else {
        panic!("not the demo");
    };
    assert_eq!((demo.seed, demo.date), (7, "2026-11-30".parse().ok()));
}
