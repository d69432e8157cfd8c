//! Tests of flags and environment variables: accepted values, rejected values and errors.

use std::ffi::OsString;

use super::scope::{Scope, TeamScope};
use super::*;
use exporter_toolkit::listen::ListenAddress;

mod file;
mod network;
mod rules;
mod scope;

#[derive(Debug)]
struct Config {
    heroku: HerokuConfig,
    serve: ServeConfig,
}

fn resolve(raw: &RawArgs) -> Result<Config, ConfigErrors> {
    let (heroku, serve) = raw.resolve(|resolver| resolver.heroku().zip(resolver.serve(None)))?;
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

/// The smallest valid environment.
const MINIMAL: [(&str, &str); 2] = [
    ("HEROKU_API_KEY", "HRKU-secret"),
    ("HEROKU_TEAM_ID", "acme"),
];

fn with(flag: &'static str, value: &str) -> Result<Config, ConfigErrors> {
    resolve(&raw(&[(flag, value)], &MINIMAL))
}

fn is_rejected(flag: &'static str, value: &str) -> bool {
    let message = format!("for --{flag}: ");
    with(flag, value).is_err_and(|errors| errors.to_string().contains(&message))
}

fn named(config: &Config) -> &[String] {
    match &config.heroku.scope.teams {
        TeamScope::Named(teams) => teams,
        TeamScope::All(_) => panic!("all teams"),
    }
}

#[test]
fn requires_only_token_and_team() {
    let config = resolve(&raw(&[], &MINIMAL)).unwrap();
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
fn reports_all_errors_without_secrets() {
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
    8 invalid settings:
      invalid value [redacted] for HEROKU_API_KEY: token contains white space or another invalid character, expected a token as printed by `heroku authorizations:create`
      invalid value [redacted] for HEROKU_TEAM_ID: looks like a token, expected a team's id or name as listed by `heroku teams`, several separated by commas, or * for all teams
      invalid value [redacted] for --heroku.api-url: credentials in the URL are not supported (use HEROKU_API_KEY), expected an https URL such as https://api.heroku.com, or an http URL with a loopback address
      invalid value "0s" for POLL_INTERVAL: expected a duration such as 1h, 30m or 90s, from 1s to 7d
      invalid value "70000" for PORT: expected a number from 0 to 65535
      invalid value "8080" for --web.listen-address: expected an address such as :8080, 127.0.0.1:8080, [::1]:8080 or localhost:8080
      invalid value "metrics" for WEB_TELEMETRY_PATH: expected a path such as /metrics, of letters, digits and - _ . ~ between single slashes
      invalid value "xml" for LOG_FORMAT: expected logfmt or json
    "#);
}

#[test]
fn reports_single_error_in_singular() {
    let message = with("port", "http").unwrap_err().to_string();
    assert_eq!(
        message,
        "invalid setting:\n  invalid value \"http\" for --port: expected a number from 0 to 65535"
    );
}

#[test]
fn flag_overrides_variable_and_empty_variable_is_unset() {
    let environment = [
        MINIMAL[0],
        MINIMAL[1],
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
    assert!(is_rejected("port", ""));
}

#[test]
fn listen_addresses_override_port() {
    let mut raw = raw(
        &[
            ("web.listen-address", ":1"),
            ("web.listen-address", "[::1]:2,localhost:3"),
        ],
        &MINIMAL,
    );
    raw.environment.insert("PORT".into(), "9".into());
    let addresses: Vec<_> = resolve(&raw)
        .unwrap()
        .serve
        .web
        .listen
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(addresses, [":1", "[::1]:2", "localhost:3"]);
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
        assert!(is_rejected("web.listen-address", address), "{address:?}");
    }
}

#[test]
fn splits_trims_and_deduplicates_teams() {
    let config = with("heroku.team-id", " acme, ops ,,acme").unwrap();
    assert_eq!(named(&config), ["acme", "ops"]);
    for teams in ["", ",", " , ", "a/b", "a b", "..", "ä", "a?b", "**", "*a"] {
        assert!(is_rejected("heroku.team-id", teams), "{teams:?}");
    }
}

#[test]
fn redacts_token_in_place_of_team() {
    for team in ["HRKU-other", "acme,HRKU-secret", "hrku-other"] {
        let message = with("heroku.team-id", team).unwrap_err().to_string();
        assert!(
            message.contains("looks like a token") && !message.to_uppercase().contains("HRKU-"),
            "{message}"
        );
    }
}

#[test]
fn accepts_https_and_loopback_api_urls() {
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
        assert!(is_rejected("heroku.api-url", url), "{url}");
    }
}

#[test]
fn parses_durations_with_and_without_units() {
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
        assert!(is_rejected("poll.interval", text), "{text:?}");
    }
}

#[test]
fn rejects_invalid_and_reserved_telemetry_paths() {
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
        assert!(is_rejected("web.telemetry-path", path), "{path:?}");
    }
}

#[test]
fn zero_max_requests_means_no_limit() {
    let limit = |value| {
        with("web.max-requests", value)
            .unwrap()
            .serve
            .web
            .max_requests
    };
    assert_eq!(limit("0"), None);
    assert_eq!(limit("1"), Some(1));
    let default = resolve(&raw(&[], &MINIMAL)).unwrap();
    assert_eq!(default.serve.web.max_requests, Some(40));
    for value in ["", "-1", "+1", "1.5", "many", "99999999999"] {
        assert!(is_rejected("web.max-requests", value), "{value:?}");
    }
}

#[test]
fn rejects_missing_web_config_file() {
    let message = with("web.config.file", "/nowhere/web.yml").unwrap_err();
    assert_eq!(
        message.to_string(),
        "invalid setting:\n  --web.config.file: /nowhere/web.yml: cannot be read: \
         No such file or directory (os error 2)"
    );
}

#[cfg(unix)]
#[test]
fn rejects_values_that_are_not_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    let invalid = OsString::from_vec(vec![0xff, b'x']);
    let mut raw = raw(&[], &MINIMAL);
    raw.environment.insert("PORT".into(), invalid.clone());
    raw.environment
        .insert("HEROKU_API_KEY".into(), invalid.clone());
    raw.flags.insert("log.level", vec![invalid]);
    let message = resolve(&raw).unwrap_err().to_string();
    for setting in ["PORT", "HEROKU_API_KEY", "--log.level"] {
        assert!(
            message.contains(&format!("{setting} is not valid UTF-8")),
            "{message}"
        );
    }
}

#[test]
fn token_file_overrides_variable() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "\n HRKU-from-file \r\n").unwrap();
    let config = with("heroku.api-key-file", path.to_str().unwrap()).unwrap();
    let token = config.heroku.token.read().unwrap();
    assert_eq!(
        secrecy::ExposeSecret::expose_secret(&token),
        "HRKU-from-file"
    );
    // Rotation requires no restart.
    std::fs::write(&path, "HRKU-renewed").unwrap();
    let token = config.heroku.token.read().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&token), "HRKU-renewed");
}

#[test]
fn rejects_invalid_token_files_without_their_content() {
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
            message.contains("for --heroku.api-key-file: ") && !message.contains("secret"),
            "{message}"
        );
    }
    assert!(is_rejected(
        "heroku.api-key-file",
        directory.path().join("none").to_str().unwrap()
    ));
    assert!(is_rejected(
        "heroku.api-key-file",
        directory.path().to_str().unwrap()
    ));
}

#[test]
fn storage_path_must_not_be_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, b"").unwrap();
    for path in [directory.path(), &directory.path().join("new")] {
        let config = with("storage.path", path.to_str().unwrap()).unwrap();
        assert_eq!(config.heroku.storage.as_deref(), Some(path));
    }
    for path in ["", file.to_str().unwrap()] {
        assert!(is_rejected("storage.path", path), "{path:?}");
    }
}

#[test]
fn max_age_and_timeout_are_bounded() {
    assert_eq!(
        with("data.max-age", "2d").unwrap().serve.max_age,
        Some(Duration::from_secs(172_800))
    );
    assert_eq!(resolve(&raw(&[], &MINIMAL)).unwrap().serve.max_age, None);
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
        assert!(is_rejected(flag, value), "{flag} {value}");
    }
}

#[test]
fn log_settings_ignore_case() {
    let log = |level, format| {
        let environment = [
            MINIMAL[0],
            MINIMAL[1],
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
        assert!(is_rejected(flag, value), "{flag} {value}");
    }
}

/// A variable of the platform must not change a report.
#[test]
fn report_and_demo_flags_have_no_variables() {
    let environment = [
        MINIMAL[0],
        MINIMAL[1],
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
fn demo_flags_set_seed_and_date() {
    let flags = [("demo", "true"), ("seed", "7"), ("date", "2026-11-30")];
    let config = raw(&flags, &[]).resolve(Resolver::report).unwrap();
    let DataSource::Demo(demo) = config.source else {
        panic!("not a demo");
    };
    assert_eq!((demo.seed, demo.date), (7, "2026-11-30".parse().ok()));
}
