//! Every setting as plain data, declared once: the parser, the help, the flag reference in
//! `docs/CONFIGURATION.md` and the messages all read these declarations.

mod costs;
mod report;

pub use costs::{
    APPS_EXCLUDE, APPS_GROUP, APPS_GROUP_REVIEW_APPS, APPS_INCLUDE, APPS_MAX, CONFIG_FILE, COSTS,
    INVOICES_HISTORY, PRICE_ADDON_CREDIT_USD, PRICE_DYNO_UNIT_USD, PRICE_SPACE_CREDIT_USD,
};
pub use report::{REPORT, REPORT_DEMO, REPORT_FORMAT, REPORT_TOP};

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// The flag's name, without the dashes.
    pub flag: &'static str,
    /// What stands for the value in the help.
    pub value_name: &'static str,
    /// The value where none is given; a setting without one is optional or required.
    pub default: Option<&'static str>,
    /// What the flag takes.
    pub takes: Takes,
    /// What the setting does.
    pub help: &'static str,
    /// What a value has to be: it completes "set it to …".
    pub right: &'static str,
}

impl Setting {
    /// The environment variable: the flag's name in capitals, with `_` for each dot and dash.
    pub fn variable(&self) -> String {
        self.flag.replace(['.', '-'], "_").to_ascii_uppercase()
    }
}

/// What a pattern has to be.
const PATTERN: &str = "a regular expression of the whole name, such as shop-.*";

/// What a switch has to be.
const BOOLEAN: &str = "true or false";

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One value.
    One,
    /// A value, each time that it is given; several lines in the variable.
    Several,
    /// `true` or `false` after an `=`; the flag alone means `true`.
    Switch,
}

/// Which teams to ask about.
pub static HEROKU_TEAM_ID: Setting = Setting {
    flag: "heroku.team-id",
    value_name: "TEAM[,TEAM...]",
    default: None,
    takes: Takes::One,
    help: "The teams to report on, each by its id or its name; * alone means every team that the token sees",
    right: "a team's id or name, or several with commas, as `heroku teams` lists them, or * for every team that the token sees",
};

/// Which of the teams that the token sees to ask about.
pub static HEROKU_TEAM_INCLUDE: Setting = Setting {
    flag: "heroku.team-include",
    value_name: "PATTERN",
    default: None,
    takes: Takes::Several,
    help: "With * as the team: report on a team only if its whole name matches this regular expression, or another one given so",
    right: PATTERN,
};

/// Which of the teams that the token sees not to ask about.
pub static HEROKU_TEAM_EXCLUDE: Setting = Setting {
    flag: "heroku.team-exclude",
    value_name: "PATTERN",
    default: None,
    takes: Takes::Several,
    help: "With * as the team: do not report on a team if its whole name matches this regular expression",
    right: PATTERN,
};

/// Which enterprise accounts to ask about.
pub static HEROKU_ENTERPRISE_ACCOUNT: Setting = Setting {
    flag: "heroku.enterprise-account",
    value_name: "ACCOUNT[,ACCOUNT...]",
    default: None,
    takes: Takes::One,
    help: "The enterprise accounts to report on with all their teams, each by its id or its name",
    right: "an enterprise account's id or name, or several with commas, as `heroku enterprises` lists them",
};

/// Whether to ask about the token's own account.
pub static HEROKU_PERSONAL_ACCOUNT: Setting = Setting {
    flag: "heroku.personal-account",
    value_name: "BOOLEAN",
    default: Some("false"),
    takes: Takes::Switch,
    help: "Whether to report on the invoices of the account that the token belongs to",
    right: BOOLEAN,
};

/// Where the API is.
pub static HEROKU_API_URL: Setting = Setting {
    flag: "heroku.api-url",
    value_name: "URL",
    default: Some("https://api.heroku.com"),
    takes: Takes::One,
    help: "The address of the Heroku Platform API; plain http only on loopback",
    right: "an https URL",
};

/// Where the token is, if not in the environment.
pub static HEROKU_API_KEY_FILE: Setting = Setting {
    flag: "heroku.api-key-file",
    value_name: "PATH",
    default: None,
    takes: Takes::One,
    help: "A file that holds the Heroku API token, in place of HEROKU_API_KEY; it is read again at every poll",
    right: "the path of a file that holds the token",
};

/// How long to wait for an answer.
pub static HEROKU_TIMEOUT: Setting = Setting {
    flag: "heroku.timeout",
    value_name: "DURATION",
    default: Some("1m"),
    takes: Takes::One,
    help: "How long one poll of one endpoint may take, with all its pages",
    right: "a duration such as 1m or 30s",
};

/// What to leave of the rate limit.
pub static HEROKU_RATE_LIMIT_FLOOR: Setting = Setting {
    flag: "heroku.rate-limit-floor",
    value_name: "REQUESTS",
    default: Some("100"),
    takes: Takes::One,
    help: "How many requests of the account's rate limit to leave to others; when fewer remain, polling pauses",
    right: "a number from 0 to 4500, which is all that Heroku allows an account",
};

/// How old figures may become.
pub static DATA_MAX_AGE: Setting = Setting {
    flag: "data.max-age",
    value_name: "DURATION",
    default: None,
    takes: Takes::One,
    help: "The age beyond which Heroku's figures are not shown any more, if it gives no others; without it they are shown at any age",
    right: "a duration such as 2d or 36h",
};

/// Where to keep what Heroku said.
pub static STATE_FILE: Setting = Setting {
    flag: "state.file",
    value_name: "PATH",
    default: None,
    takes: Takes::One,
    help: "A file in which to keep what Heroku last answered, so that a restart loses nothing",
    right: "the path of a file in a directory that exists",
};

/// Whether the seed's metrics are served.
pub static METRICS_SEED: Setting = Setting {
    flag: "metrics.seed",
    value_name: "BOOLEAN",
    default: Some("true"),
    takes: Takes::Switch,
    help: "Whether to serve the metrics of the Go program that this one replaces",
    right: BOOLEAN,
};

/// How often to ask.
pub static POLL_INTERVAL: Setting = Setting {
    flag: "poll.interval",
    value_name: "DURATION",
    default: Some("1h"),
    takes: Takes::One,
    help: "The time between two polls of Heroku, which renews its figures about nightly",
    right: "a duration such as 1h, 30m or 90s",
};

/// The port, as the seed's program has it.
pub static PORT: Setting = Setting {
    flag: "port",
    value_name: "PORT",
    default: Some("8080"),
    takes: Takes::One,
    help: "The port to listen on, at every address of the machine",
    right: "a number from 0 to 65535",
};

/// Where to listen, as Prometheus's own programs have it.
pub static WEB_LISTEN_ADDRESS: Setting = Setting {
    flag: "web.listen-address",
    value_name: "[HOST]:PORT",
    default: None,
    takes: Takes::Several,
    help: "An address to listen on, in place of --port; several as several flags, or with commas",
    right: "an address such as :8080, 127.0.0.1:8080, [::1]:8080 or localhost:8080",
};

/// Where the metrics are.
pub static WEB_TELEMETRY_PATH: Setting = Setting {
    flag: "web.telemetry-path",
    value_name: "PATH",
    default: Some("/metrics"),
    takes: Takes::One,
    help: "The path under which the metrics are served",
    right: "a path such as /metrics",
};

/// Who may come in and how.
pub static WEB_CONFIG_FILE: Setting = Setting {
    flag: "web.config.file",
    value_name: "PATH",
    default: None,
    takes: Takes::One,
    help: "A file that switches on TLS, users and more, as other exporters have it: see docs/WEB.md",
    right: "the path of a web configuration, as docs/WEB.md has it",
};

/// How many requests at once.
pub static WEB_MAX_REQUESTS: Setting = Setting {
    flag: "web.max-requests",
    value_name: "NUMBER",
    default: Some("40"),
    takes: Takes::One,
    help: "The most requests that are answered at once; 0 means no limit",
    right: "a whole number such as 40, or 0 for no limit",
};

/// Whether there is a page.
pub static WEB_PAGE: Setting = Setting {
    flag: "web.page",
    value_name: "BOOLEAN",
    default: Some("true"),
    takes: Takes::Switch,
    help: "Whether / is the page of what Heroku costs; without it, only links stand there",
    right: BOOLEAN,
};

/// What to log.
pub static LOG_LEVEL: Setting = Setting {
    flag: "log.level",
    value_name: "LEVEL",
    default: Some("info"),
    takes: Takes::One,
    help: "The least severe messages to log: debug, info, warn or error",
    right: "one of debug, info, warn, error",
};

/// How to log.
pub static LOG_FORMAT: Setting = Setting {
    flag: "log.format",
    value_name: "FORMAT",
    default: Some("logfmt"),
    takes: Takes::One,
    help: "How to write a log line: logfmt or json",
    right: "one of logfmt, json",
};

/// Which company the demo makes up.
pub static DEMO_SEED: Setting = Setting {
    flag: "demo.seed",
    value_name: "NUMBER",
    default: Some("1"),
    takes: Takes::One,
    help: "Which company to make up: the same for the same number and date",
    right: "a whole number from 0 to 18446744073709551615",
};

/// Which day the demo plays.
pub static DEMO_DATE: Setting = Setting {
    flag: "demo.date",
    value_name: "YYYY-MM-DD",
    default: None,
    takes: Takes::One,
    help: "The day to play, in place of today",
    right: "a date such as 2026-11-30",
};

/// What is asked, and how.
pub static HEROKU: [&Setting; 10] = [
    &HEROKU_TEAM_ID,
    &HEROKU_TEAM_INCLUDE,
    &HEROKU_TEAM_EXCLUDE,
    &HEROKU_ENTERPRISE_ACCOUNT,
    &HEROKU_PERSONAL_ACCOUNT,
    &HEROKU_API_KEY_FILE,
    &HEROKU_API_URL,
    &HEROKU_TIMEOUT,
    &HEROKU_RATE_LIMIT_FLOOR,
    &STATE_FILE,
];

/// What is served, and where.
pub static SERVING: [&Setting; 9] = [
    &POLL_INTERVAL,
    &DATA_MAX_AGE,
    &METRICS_SEED,
    &PORT,
    &WEB_LISTEN_ADDRESS,
    &WEB_TELEMETRY_PATH,
    &WEB_CONFIG_FILE,
    &WEB_MAX_REQUESTS,
    &WEB_PAGE,
];

/// Where the program listens.
pub static LISTENING: [&Setting; 2] = [&PORT, &WEB_LISTEN_ADDRESS];

/// What is logged.
pub static LOG: [&Setting; 2] = [&LOG_LEVEL, &LOG_FORMAT];

/// Which company the demo makes up.
pub static DEMO: [&Setting; 2] = [&DEMO_SEED, &DEMO_DATE];

/// All settings.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    HEROKU
        .into_iter()
        .chain(COSTS)
        .chain(SERVING)
        .chain(LOG)
        .chain(REPORT)
        .chain(DEMO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_derived_by_one_rule_and_keep_the_seed_s_names() {
        let variables: Vec<_> = all().map(Setting::variable).collect();
        for seed in ["PORT", "HEROKU_TEAM_ID"] {
            assert!(variables.iter().any(|variable| variable == seed), "{seed}");
        }
        assert_eq!(HEROKU_API_KEY_FILE.variable(), "HEROKU_API_KEY_FILE");
        assert_eq!(WEB_LISTEN_ADDRESS.variable(), "WEB_LISTEN_ADDRESS");
    }
}
