//! Declarations of all settings. The parser, the help, `docs/CONFIGURATION.md` and error messages
//! are made from them.

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// The name of the flag, without the dashes.
    pub flag: &'static str,
    /// The placeholder for the value in the help.
    pub value_name: &'static str,
    /// What the setting does.
    pub help: &'static str,
    /// A description of valid values, which completes "set it to …".
    pub expected: &'static str,
    /// The default value.
    pub default: Option<&'static str>,
    /// The values that the flag takes.
    pub arity: Arity,
    /// Whether `-h` shows the flag; `--help` shows all.
    pub in_short_help: bool,
    has_variable: bool,
}

/// The values that a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// One value.
    One,
    /// One value each time that the flag is given; one value a line in the variable.
    Repeated,
    /// `true` or `false` after an `=`; the flag alone means `true`.
    Switch,
}

/// Settings under one heading of the help.
#[derive(Debug)]
pub struct Group {
    /// The heading.
    pub heading: &'static str,
    /// The settings.
    pub settings: &'static [&'static Setting],
}

impl Setting {
    const fn new(
        flag: &'static str,
        value_name: &'static str,
        help: &'static str,
        expected: &'static str,
    ) -> Self {
        Self {
            flag,
            value_name,
            help,
            expected,
            default: None,
            arity: Arity::One,
            in_short_help: false,
            has_variable: true,
        }
    }

    const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    const fn switch(mut self) -> Self {
        self.arity = Arity::Switch;
        self
    }

    const fn repeated(mut self) -> Self {
        self.arity = Arity::Repeated;
        self
    }

    const fn in_short_help(mut self) -> Self {
        self.in_short_help = true;
        self
    }

    /// Makes the setting a flag alone, which no variable of the platform can set by accident.
    const fn without_variable(mut self) -> Self {
        self.has_variable = false;
        self
    }

    /// Returns the environment variable, if there is one: the flag's name in capitals, with `_` for
    /// each dot and dash.
    pub fn variable(&self) -> Option<String> {
        let variable = || self.flag.replace(['.', '-'], "_").to_ascii_uppercase();
        self.has_variable.then(variable)
    }

    /// Returns how messages refer to the setting: by its variable or else by its flag.
    pub(super) fn name(&self) -> String {
        self.variable()
            .unwrap_or_else(|| format!("--{}", self.flag))
    }
}

/// A valid pattern.
pub(super) const PATTERN: &str = "a regular expression of the whole name, such as shop-.*";

/// A valid value of a switch.
const BOOLEAN: &str = "true or false";

/// A valid price.
pub(super) const PRICE: &str =
    "an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals";

/// Declares a group and its settings: flag, value, what it does, what is expected.
macro_rules! settings {
    ($group:ident $heading:literal: $(
        $(#[$attribute:meta])*
        $name:ident = $flag:literal, $value:literal, $help:literal, $expected:expr
        $(, .$method:ident($($argument:literal)?))*;
    )*) => {
        $(
            $(#[$attribute])*
            #[doc = concat!("`--", $flag, "`: ", $help, ".")]
            pub static $name: Setting = Setting::new($flag, $value, $help, $expected)
                $(.$method($($argument)?))*;
        )*
        #[doc = concat!($heading, " settings.")]
        pub static $group: Group = Group {
            heading: $heading,
            settings: &[$($(#[$attribute])* &$name),*],
        };
    };
}

settings! { HEROKU "Heroku":
    HEROKU_TEAM_ID = "heroku.team-id", "TEAM[,TEAM...]",
        "The teams to report on, each by its id or its name; * alone means every team that the token sees",
        "a team's id or name, or several with commas, as `heroku teams` lists them, or * for every team that the token sees", .in_short_help();
    HEROKU_TEAM_INCLUDE = "heroku.team-include", "PATTERN",
        "With * as the team: report on a team only if its whole name matches this regular expression or that of another such flag",
        PATTERN, .repeated();
    HEROKU_TEAM_EXCLUDE = "heroku.team-exclude", "PATTERN",
        "With * as the team: do not report on a team if its whole name matches this regular expression",
        PATTERN, .repeated();
    HEROKU_ENTERPRISE_ACCOUNT = "heroku.enterprise-account", "ACCOUNT[,ACCOUNT...]",
        "The enterprise accounts to report on with all their teams, each by its id or its name",
        "an enterprise account's id or name, or several with commas, as `heroku enterprises` lists them";
    HEROKU_PERSONAL_ACCOUNT = "heroku.personal-account", "BOOLEAN",
        "Whether to report on the invoices of the account that the token belongs to",
        BOOLEAN, .switch(), .default("false");
    HEROKU_API_KEY_FILE = "heroku.api-key-file", "PATH",
        "A file that holds the Heroku API token, in place of HEROKU_API_KEY; it is read again at every poll",
        "the path of a file that holds the token", .in_short_help();
    HEROKU_API_URL = "heroku.api-url", "URL",
        "The address of the Heroku Platform API; plain http only on loopback",
        "an https URL such as https://api.heroku.com (http only for a loopback address)", .default("https://api.heroku.com");
    HEROKU_TIMEOUT = "heroku.timeout", "DURATION",
        "The time limit of one poll of one endpoint, with all its pages",
        "a duration such as 1m, 30s or 30, from 100ms to 10m", .default("1m");
    STATE_FILE = "state.file", "PATH",
        "A file in which to keep what Heroku last answered, so that a restart loses nothing",
        "the path of a file in a directory that exists";
}

settings! { COSTS "Costs":
    CONFIG_FILE = "config.file", "PATH",
        "A file with prices, budgets and rules for apps, such as docs/config.example.yml; it is read once, at start",
        "the path of a YAML file such as docs/config.example.yml", .in_short_help();
    PRICE_DYNO_UNIT_USD = "price.dyno-unit-usd", "USD",
        "The price of a dyno unit for a month; without it, the price on the team's invoice, else the list price",
        PRICE;
    PRICE_SPACE_CREDIT_USD = "price.space-credit-usd", "USD",
        "The price of a space credit; without it, space credits have no cost series",
        PRICE;
    APPS_INCLUDE = "apps.include", "PATTERN",
        "Give an app a row only if its whole name matches this regular expression or that of another such flag",
        PATTERN, .repeated();
    APPS_EXCLUDE = "apps.exclude", "PATTERN",
        "Give an app no row of its own if its whole name matches this regular expression",
        PATTERN, .repeated();
    APPS_GROUP = "apps.group", "PATTERN=NAME",
        "Add up the apps whose whole names match a regular expression in a row of this name, in which $1 or ${1} is what the first parentheses matched; the first group that matches counts",
        "a regular expression of the whole name, =, and the name of the row, such as (.+)-worker=$1", .repeated();
    APPS_MAX = "apps.max", "NUMBER",
        "The most rows of apps that a team may have, the costliest first; the rest is added up in one",
        "a whole number from 1 to 100000";
    DATA_MAX_AGE = "data.max-age", "DURATION",
        "The age beyond which Heroku's figures are no longer shown, if it gives no others; without it they are shown at any age",
        "a duration such as 2d, 36h or 86400, from 1s to 366d";
}

settings! { SERVING "Serving":
    POLL_INTERVAL = "poll.interval", "DURATION",
        "The time between two polls of Heroku, which renews its figures about nightly",
        "a duration such as 1h, 30m, 90s or 90, from 1s to 7d", .default("1h"), .in_short_help();
    METRICS_LEGACY = "metrics.legacy", "BOOLEAN",
        "Whether to serve the metrics of the Go program that this one replaces",
        BOOLEAN, .switch(), .default("true");
    PORT = "port", "PORT",
        "The port to listen on, at every address of the machine",
        "a number from 0 to 65535", .default("8080"), .in_short_help();
    WEB_LISTEN_ADDRESS = "web.listen-address", "[HOST]:PORT",
        "An address to listen on, in place of --port; several as several flags, or with commas",
        "an address such as :8080, 127.0.0.1:8080, [::1]:8080 or localhost:8080", .repeated(), .in_short_help();
    WEB_TELEMETRY_PATH = "web.telemetry-path", "PATH",
        "The path under which the metrics are served",
        "a path such as /metrics, of letters, digits and - _ . ~ between single slashes", .default("/metrics");
    WEB_CONFIG_FILE = "web.config.file", "PATH",
        "A file that switches on TLS, users and more, in the format of other exporters: see docs/WEB.md",
        "the path of a web configuration, as docs/WEB.md describes it", .in_short_help();
    WEB_MAX_REQUESTS = "web.max-requests", "NUMBER",
        "The most requests that are answered at once; 0 means no limit",
        "a whole number such as 40, or 0 for no limit", .default("40");
    WEB_PAGE = "web.page", "BOOLEAN",
        "Whether / is the page with the costs; without it, / has links only",
        BOOLEAN, .switch(), .default("true");
}

settings! { LOG "Logging":
    LOG_LEVEL = "log.level", "LEVEL",
        "The least severe messages to log: debug, info, warn or error",
        "one of debug, info, warn, error", .default("info"), .in_short_help();
    LOG_FORMAT = "log.format", "FORMAT",
        "The format of a log line: logfmt or json",
        "one of logfmt, json", .default("logfmt");
}

settings! { REPORT "Report":
    REPORT_FORMAT = "format", "FORMAT",
        "The format of the report: table, json or csv",
        "one of table, json, csv", .default("table"), .in_short_help(), .without_variable();
    REPORT_TOP = "top", "NUMBER",
        "How many apps the table shows, the costliest first; 0 means all of them",
        "a whole number such as 10, or 0 for all apps", .default("10"), .in_short_help(), .without_variable();
    #[cfg(feature = "demo")]
    REPORT_DEMO = "demo", "BOOLEAN",
        "Report on a made-up company from a simulated Heroku: no account, no network",
        BOOLEAN, .switch(), .default("false"), .in_short_help(), .without_variable();
}

settings! { DEMO "Demo":
    #[cfg(feature = "demo")]
    DEMO_SEED = "seed", "NUMBER",
        "Which company to make up: the same for the same number and date",
        "a whole number from 0 to 18446744073709551615", .default("1"), .in_short_help(), .without_variable();
    #[cfg(feature = "demo")]
    DEMO_DATE = "date", "YYYY-MM-DD",
        "The day to show, in place of today",
        "a date of this century such as 2026-11-30", .in_short_help(), .without_variable();
}

/// Settings of the addresses to listen on.
pub static LISTENING: Group = Group {
    heading: "Serving",
    settings: &[&PORT, &WEB_LISTEN_ADDRESS],
};

/// Returns all settings.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    let groups = [&HEROKU, &COSTS, &SERVING, &LOG, &REPORT, &DEMO];
    groups.into_iter().flat_map(|group| group.settings).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_follow_one_rule() {
        let variables: Vec<_> = all().filter_map(Setting::variable).collect();
        for legacy in ["PORT", "HEROKU_TEAM_ID"] {
            assert!(
                variables.iter().any(|variable| variable == legacy),
                "{legacy}"
            );
        }
        let variable = |setting: &Setting| setting.variable().unwrap();
        assert_eq!(variable(&HEROKU_API_KEY_FILE), "HEROKU_API_KEY_FILE");
        assert_eq!(variable(&WEB_LISTEN_ADDRESS), "WEB_LISTEN_ADDRESS");
        assert!(REPORT.settings.iter().all(|s| s.variable().is_none()));
        assert!(DEMO.settings.iter().all(|s| s.variable().is_none()));
    }
}
