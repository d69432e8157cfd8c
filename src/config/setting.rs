//! Declarations of all settings. The parser, its help, error messages and the tables in
//! `docs/CONFIGURATION.md` are generated from them.

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// The name of the flag, without the dashes.
    pub flag: &'static str,
    /// The placeholder of the value in the help.
    pub value_name: &'static str,
    /// What the setting does. `-h` shows the text before the first semicolon.
    pub help: &'static str,
    /// A description of valid values, which completes "expected …".
    pub expected: &'static str,
    /// The default value.
    pub default: Option<&'static str>,
    /// The number of values.
    pub arity: Arity,
    /// Whether `-h` shows the flag. `--help` shows all flags.
    pub in_short_help: bool,
    has_variable: bool,
}

/// The number of values of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// One value.
    One,
    /// One value for each occurrence of the flag, or for each line of the variable.
    Repeated,
    /// `true` or `false` after `=`. The flag without a value means `true`.
    Switch,
}

/// The settings under one heading of the help.
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

    /// Omits the environment variable, so that a variable of the platform cannot set the flag by
    /// accident.
    const fn without_variable(mut self) -> Self {
        self.has_variable = false;
        self
    }

    /// Returns the name of the environment variable, if there is one: the flag in upper case, with
    /// `_` for each dot and dash.
    pub fn variable(&self) -> Option<String> {
        let variable = || self.flag.replace(['.', '-'], "_").to_ascii_uppercase();
        self.has_variable.then(variable)
    }

    /// Returns the name of the setting in messages: the variable, or the flag if there is none.
    pub(super) fn name(&self) -> String {
        self.variable()
            .unwrap_or_else(|| format!("--{}", self.flag))
    }
}

/// The description of a valid pattern.
pub(super) const PATTERN: &str = "a regular expression for the full name, such as shop-.*";

/// The description of a valid switch.
const BOOLEAN: &str = "true or false";

/// The description of a valid price.
pub(super) const PRICE: &str =
    "an amount in US dollars such as 25 or 27.50, from 0 to 1000000 with at most six decimals";

/// Declares a group and its settings: flag, placeholder, help, expected values.
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
        "Ids or names of the teams to report on; * means all teams that the token can access",
        "a team's id or name as listed by `heroku teams`, several separated by commas, or * for all teams", .in_short_help();
    HEROKU_TEAM_INCLUDE = "heroku.team-include", "REGEX",
        "Report only on teams whose full name matches; requires --heroku.team-id=*; repeatable",
        PATTERN, .repeated();
    HEROKU_TEAM_EXCLUDE = "heroku.team-exclude", "REGEX",
        "Do not report on teams whose full name matches; requires --heroku.team-id=*; repeatable",
        PATTERN, .repeated();
    HEROKU_ENTERPRISE_ACCOUNT = "heroku.enterprise-account", "ACCOUNT[,ACCOUNT...]",
        "Ids or names of enterprise accounts to report on with all their teams",
        "an enterprise account's id or name as listed by `heroku enterprises`, or several separated by commas";
    HEROKU_PERSONAL_ACCOUNT = "heroku.personal-account", "BOOLEAN",
        "Report on the invoices and the apps of the token's own account",
        BOOLEAN, .switch(), .default("false");
    HEROKU_RESOURCES = "heroku.resources", "BOOLEAN",
        "Read which apps, dynos and add-ons run, and what they cost a month",
        BOOLEAN, .switch(), .default("true");
    HEROKU_API_KEY_FILE = "heroku.api-key-file", "PATH",
        "File with the Heroku API token, used instead of HEROKU_API_KEY; read again at every poll",
        "the path of a file that contains a token", .in_short_help();
    HEROKU_API_URL = "heroku.api-url", "URL",
        "URL of the Heroku Platform API",
        "an https URL such as https://api.heroku.com, or an http URL with a loopback address", .default("https://api.heroku.com");
    HEROKU_TIMEOUT = "heroku.timeout", "DURATION",
        "Time limit for one poll of an endpoint, including all pages",
        "a duration such as 1m or 30s, from 100ms to 10m", .default("1m");
}

settings! { STORAGE "Storage":
    STORAGE_PATH = "storage.path", "DIR",
        "Directory of the database that preserves data across restarts; created if it does not exist; without it, the program forgets past months when it exits",
        "the path of a directory", .in_short_help();
}

settings! { COSTS "Costs":
    CONFIG_FILE = "config.file", "PATH",
        "YAML file with prices, budgets and app rules; read once, at start; see docs/config.example.yml",
        "the path of a YAML file such as docs/config.example.yml", .in_short_help();
    PRICE_DYNO_UNIT_USD = "price.dyno-unit-usd", "USD",
        "Monthly price of a dyno unit; by default the price on the team's invoice, else the list price",
        PRICE;
    PRICE_SPACE_CREDIT_USD = "price.space-credit-usd", "USD",
        "Price of a space credit; without it, space credits have no cost",
        PRICE;
    APPS_INCLUDE = "apps.include", "REGEX",
        "Give a row only to apps whose full name matches; all others are combined in the row _excluded; repeatable",
        PATTERN, .repeated();
    APPS_EXCLUDE = "apps.exclude", "REGEX",
        "Give no row to apps whose full name matches; they are combined in the row _excluded; repeatable",
        PATTERN, .repeated();
    APPS_GROUP = "apps.group", "REGEX=NAME",
        "Combine apps whose full name matches REGEX in one row called NAME, where $1 or ${1} is the first capture group; the first matching group applies; repeatable",
        "REGEX=NAME, such as (.+)-worker=$1", .repeated();
    APPS_MAX = "apps.max", "NUMBER",
        "Maximum number of app rows per team; the least expensive apps are combined in the row _other",
        "a whole number from 1 to 100000";
    DATA_MAX_AGE = "data.max-age", "DURATION",
        "Maximum age of figures; older ones are omitted; unlimited by default",
        "a duration such as 2d or 36h, from 1s to 366d";
}

settings! { SERVING "Serving":
    POLL_INTERVAL = "poll.interval", "DURATION",
        "Time between two polls of an endpoint; Heroku updates its figures about once a night",
        "a duration such as 1h, 30m or 90s, from 1s to 7d", .default("1h"), .in_short_help();
    METRICS_LEGACY = "metrics.legacy", "BOOLEAN",
        "Expose the metrics of the Go program that this exporter replaces",
        BOOLEAN, .switch(), .default("true");
    METRICS_RESOURCES = "metrics.resources", "BOOLEAN",
        "Expose the dynos and add-ons of each app, which are many series",
        BOOLEAN, .switch(), .default("false");
    PORT = "port", "PORT",
        "Port to listen on: serve on all addresses, demo on 127.0.0.1",
        "a number from 0 to 65535", .default("8080"), .in_short_help();
    WEB_LISTEN_ADDRESS = "web.listen-address", "[HOST]:PORT",
        "Address to listen on, instead of --port; repeatable, or several separated by commas",
        "an address such as :8080, 127.0.0.1:8080, [::1]:8080 or localhost:8080", .repeated(), .in_short_help();
    WEB_TELEMETRY_PATH = "web.telemetry-path", "PATH",
        "Path under which to expose metrics",
        "a path such as /metrics, of letters, digits and - _ . ~ between single slashes", .default("/metrics");
    WEB_CONFIG_FILE = "web.config.file", "PATH",
        "Configuration file that can enable TLS, authentication and a rate limit; see docs/WEB.md",
        "the path of a web configuration file, see docs/WEB.md", .in_short_help();
    WEB_MAX_REQUESTS = "web.max-requests", "NUMBER",
        "Maximum number of requests in flight; 0 means no limit",
        "a whole number such as 40, or 0 for no limit", .default("40");
    WEB_PAGE = "web.page", "BOOLEAN",
        "Serve the page with the costs at /; if false, / has only links",
        BOOLEAN, .switch(), .default("true");
}

settings! { LOG "Logging":
    LOG_LEVEL = "log.level", "LEVEL",
        "Log only messages of this level or above: debug, info, warn or error",
        "debug, info, warn or error", .default("info"), .in_short_help();
    LOG_FORMAT = "log.format", "FORMAT",
        "Format of log messages: logfmt or json",
        "logfmt or json", .default("logfmt");
}

settings! { REPORT "Report":
    REPORT_FORMAT = "format", "FORMAT",
        "Format of the report: table, json or csv",
        "table, json or csv", .default("table"), .in_short_help(), .without_variable();
    REPORT_MONTH = "month", "MONTH",
        "Report on a closed month instead of the current one",
        "a month such as 2026-08", .in_short_help(), .without_variable();
    REPORT_FROM = "from", "MONTH",
        "Report on closed months from this one on",
        "a month such as 2026-01", .in_short_help(), .without_variable();
    REPORT_TO = "to", "MONTH",
        "Report on closed months up to this one; by default the last",
        "a month such as 2026-06", .in_short_help(), .without_variable();
    REPORT_TOP = "top", "NUMBER",
        "Number of apps in the table, most expensive first; 0 means all",
        "a whole number such as 10, or 0 for all apps", .default("10"), .in_short_help(), .without_variable();
    #[cfg(feature = "demo")]
    REPORT_DEMO = "demo", "BOOLEAN",
        "Report on a synthetic company from a simulated Heroku; needs no account and no network",
        BOOLEAN, .switch(), .default("false"), .in_short_help(), .without_variable();
}

settings! { DEMO "Demo":
    #[cfg(feature = "demo")]
    DEMO_SEED = "seed", "NUMBER",
        "Seed of the synthetic company; the same seed and date give the same data",
        "a whole number from 0 to 18446744073709551615", .default("1"), .in_short_help(), .without_variable();
    #[cfg(feature = "demo")]
    DEMO_DATE = "date", "YYYY-MM-DD",
        "Simulated date; today (UTC) by default",
        "a date from 2000 to 2099, such as 2026-11-30", .in_short_help(), .without_variable();
}

/// The settings of the addresses to listen on.
pub static LISTEN: Group = Group {
    heading: "Serving",
    settings: &[&PORT, &WEB_LISTEN_ADDRESS],
};

/// Returns all settings.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    let groups = [&HEROKU, &STORAGE, &COSTS, &SERVING, &LOG, &REPORT, &DEMO];
    groups.into_iter().flat_map(|group| group.settings).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_variables_from_flags() {
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
