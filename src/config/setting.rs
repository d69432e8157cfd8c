//! Every setting as plain data, declared once: the parser, the help, the flag reference in
//! `docs/CONFIGURATION.md` and the messages all read these declarations.

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// The flag's name, without the dashes.
    pub flag: &'static str,
    /// What stands for the value in the help.
    pub value_name: &'static str,
    /// The value where none is given; a setting without one is optional or required.
    pub default: Option<&'static str>,
    /// Whether the flag may be given several times.
    pub repeatable: bool,
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

/// Which teams to ask about.
pub static HEROKU_TEAM_ID: Setting = Setting {
    flag: "heroku.team-id",
    value_name: "TEAM[,TEAM...]",
    default: None,
    repeatable: false,
    help: "The teams to report on, each by its id or its name",
    right: "a team's id or name, or several with commas, as `heroku teams` lists them",
};

/// Where the API is.
pub static HEROKU_API_URL: Setting = Setting {
    flag: "heroku.api-url",
    value_name: "URL",
    default: Some("https://api.heroku.com"),
    repeatable: false,
    help: "The address of the Heroku Platform API; plain http only on loopback",
    right: "an https URL",
};

/// How often to ask.
pub static POLL_INTERVAL: Setting = Setting {
    flag: "poll.interval",
    value_name: "DURATION",
    default: Some("1h"),
    repeatable: false,
    help: "The time between two polls of Heroku, which renews its figures about nightly",
    right: "a duration such as 1h, 30m or 90s",
};

/// The port, as the seed's program has it.
pub static PORT: Setting = Setting {
    flag: "port",
    value_name: "PORT",
    default: Some("8080"),
    repeatable: false,
    help: "The port to listen on, at every address of the machine",
    right: "a number from 0 to 65535",
};

/// Where to listen, as Prometheus's own programs have it.
pub static WEB_LISTEN_ADDRESS: Setting = Setting {
    flag: "web.listen-address",
    value_name: "[HOST]:PORT",
    default: None,
    repeatable: true,
    help: "An address to listen on, in place of --port; several as several flags, or with commas",
    right: "an address such as :8080, 127.0.0.1:8080, [::1]:8080 or localhost:8080",
};

/// Where the metrics are.
pub static WEB_TELEMETRY_PATH: Setting = Setting {
    flag: "web.telemetry-path",
    value_name: "PATH",
    default: Some("/metrics"),
    repeatable: false,
    help: "The path under which the metrics are served",
    right: "a path such as /metrics",
};

/// Who may come in and how.
pub static WEB_CONFIG_FILE: Setting = Setting {
    flag: "web.config.file",
    value_name: "PATH",
    default: None,
    repeatable: false,
    help: "A file that switches on TLS, users and more, as other exporters have it: see docs/WEB.md",
    right: "the path of a web configuration, as docs/WEB.md has it",
};

/// How many requests at once.
pub static WEB_MAX_REQUESTS: Setting = Setting {
    flag: "web.max-requests",
    value_name: "NUMBER",
    default: Some("40"),
    repeatable: false,
    help: "The most requests that are answered at once; 0 means no limit",
    right: "a whole number such as 40, or 0 for no limit",
};

/// What to log.
pub static LOG_LEVEL: Setting = Setting {
    flag: "log.level",
    value_name: "LEVEL",
    default: Some("info"),
    repeatable: false,
    help: "The least severe messages to log: debug, info, warn or error",
    right: "one of debug, info, warn, error",
};

/// How to log.
pub static LOG_FORMAT: Setting = Setting {
    flag: "log.format",
    value_name: "FORMAT",
    default: Some("logfmt"),
    repeatable: false,
    help: "How to write a log line: logfmt or json",
    right: "one of logfmt, json",
};

/// Which company the demo makes up.
pub static DEMO_SEED: Setting = Setting {
    flag: "demo.seed",
    value_name: "NUMBER",
    default: Some("1"),
    repeatable: false,
    help: "Which company to make up: the same for the same number and date",
    right: "a whole number from 0 to 18446744073709551615",
};

/// Which day the demo plays.
pub static DEMO_DATE: Setting = Setting {
    flag: "demo.date",
    value_name: "YYYY-MM-DD",
    default: None,
    repeatable: false,
    help: "The day to play, in place of today",
    right: "a date such as 2026-11-30",
};

/// The settings of every subcommand.
pub static GENERAL: [&Setting; 10] = [
    &HEROKU_TEAM_ID,
    &HEROKU_API_URL,
    &POLL_INTERVAL,
    &PORT,
    &WEB_LISTEN_ADDRESS,
    &WEB_TELEMETRY_PATH,
    &WEB_CONFIG_FILE,
    &WEB_MAX_REQUESTS,
    &LOG_LEVEL,
    &LOG_FORMAT,
];

/// The settings of `demo` alone.
pub static DEMO: [&Setting; 2] = [&DEMO_SEED, &DEMO_DATE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_derived_by_one_rule_and_keep_the_seed_s_names() {
        let variables: Vec<_> = GENERAL.iter().chain(&DEMO).map(|s| s.variable()).collect();
        assert_eq!(
            variables,
            [
                "HEROKU_TEAM_ID",
                "HEROKU_API_URL",
                "POLL_INTERVAL",
                "PORT",
                "WEB_LISTEN_ADDRESS",
                "WEB_TELEMETRY_PATH",
                "WEB_CONFIG_FILE",
                "WEB_MAX_REQUESTS",
                "LOG_LEVEL",
                "LOG_FORMAT",
                "DEMO_SEED",
                "DEMO_DATE"
            ]
        );
    }
}
