//! What was typed becomes what is meant: flags and environment into a [`Config`], all problems
//! reported at once, secrets kept as secrets.
//!
//! The environment is handed in, so that a test can be any; nothing here reads it, or the clock.

pub mod file;
mod heroku;
mod read;
mod reader;
mod report;
mod rules;
mod scope;
pub mod setting;
pub mod targets;
pub mod token;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::config::targets::Scope;
use crate::config::token::Token;
use billing::rules::Rules;
use exporter_toolkit::listen::ListenAddress;
use exporter_toolkit::web_config::Loaded;
pub use read::{LogFormat, LogLevel};
use reader::Reader;
pub use report::{Asked, ReportConfig, ReportFormat};

/// The variable that holds the token. It has no flag: a flag's value stands in the process list.
pub const API_KEY_VARIABLE: &str = "HEROKU_API_KEY";

/// The settings as they were typed: what flags say, and the environment.
#[derive(Debug, Default)]
pub struct Typed {
    /// The values of each flag that was given, by its name.
    pub flags: BTreeMap<&'static str, Vec<OsString>>,
    /// The environment.
    pub environment: BTreeMap<OsString, OsString>,
}

/// The settings of a program that asks Heroku.
#[derive(Debug)]
pub struct Config {
    /// What to ask and how often.
    pub heroku: HerokuConfig,
    /// How figures become costs and rows.
    pub rules: Rules,
    /// The configuration file that the rules were read from, where there is one.
    pub file: Option<PathBuf>,
    /// Whether the seed's metrics are served.
    pub seed_metrics: bool,
    /// Where to serve.
    pub web: WebConfig,
    /// The age beyond which figures are not shown.
    pub max_age: Option<Duration>,
    /// What to log.
    pub log: LogConfig,
}

/// What to ask, and how often.
#[derive(Debug)]
pub struct HerokuConfig {
    /// The API's address.
    pub api_url: Url,
    /// The token.
    pub token: Token,
    /// Whose costs to ask for.
    pub scope: Scope,
    /// How long one poll of one endpoint may take.
    pub timeout: Duration,
    /// How many requests of the account's rate limit are left to others.
    pub rate_limit_floor: u64,
    /// The time between two polls.
    pub poll_interval: Duration,
    /// Where to keep what Heroku said.
    pub state_file: Option<PathBuf>,
}

/// Where to serve, and whom.
#[derive(Debug)]
pub struct WebConfig {
    /// The addresses to listen on; at least one.
    pub listen: Vec<ListenAddress>,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// Who may come in and how; `None` means anyone, over plain HTTP.
    pub file: Option<Loaded>,
    /// The most requests at once; `None` means no limit.
    pub max_requests: Option<usize>,
    /// Whether there is a page, and not only links.
    pub has_page: bool,
}

/// What to log, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
}

/// All that is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "a setting cannot be used:\n  {one}"),
            all => {
                write!(f, "{} settings cannot be used:", all.len())?;
                all.iter()
                    .try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl Problems {
    /// Each problem, in a line.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// Resolves all settings.
    ///
    /// # Errors
    ///
    /// Every problem, with the setting, the value (never a secret's) and what would be right.
    pub fn resolve(typed: &Typed) -> Result<Self, Problems> {
        let mut reader = Reader {
            typed,
            problems: Vec::new(),
        };
        let heroku = reader.heroku();
        let (file, rules) = reader.rules();
        let seed_metrics = reader.read(&setting::METRICS_SEED, read::boolean);
        let max_age = reader.read_optional(&setting::DATA_MAX_AGE, read::max_age);
        let web = reader.web();
        let log = reader.log();
        match (heroku, rules, seed_metrics, web, log) {
            (Some(heroku), Some(rules), Some(seed_metrics), Some(web), Some(log))
                if reader.problems.is_empty() =>
            {
                Ok(Self {
                    heroku,
                    rules,
                    file,
                    seed_metrics,
                    web,
                    max_age,
                    log,
                })
            }
            _ => Err(Problems(reader.problems)),
        }
    }
}

/// The settings of the demo: those of serving and of the simulated company; Heroku's are not read.
#[derive(Debug)]
pub struct DemoConfig {
    /// How figures become costs and rows.
    pub rules: Rules,
    /// Whether the seed's metrics are served.
    pub seed_metrics: bool,
    /// Where to serve.
    pub web: WebConfig,
    /// What to log.
    pub log: LogConfig,
    /// The age beyond which figures are not shown.
    pub max_age: Option<Duration>,
    /// The time between two polls.
    pub poll_interval: Duration,
    /// Which company is made up.
    pub seed: u64,
    /// The day that it is, in place of today.
    pub date: Option<jiff::civil::Date>,
}

impl DemoConfig {
    /// Resolves the settings of the demo.
    ///
    /// # Errors
    ///
    /// As for [`Config::resolve`].
    pub fn resolve(typed: &Typed) -> Result<Self, Problems> {
        let mut reader = Reader {
            typed,
            problems: Vec::new(),
        };
        let (_, rules) = reader.rules();
        let seed_metrics = reader.read(&setting::METRICS_SEED, read::boolean);
        let web = reader.web();
        let log = reader.log();
        let max_age = reader.read_optional(&setting::DATA_MAX_AGE, read::max_age);
        let poll_interval = reader.read(&setting::POLL_INTERVAL, read::interval);
        let seed = reader.read(&setting::DEMO_SEED, read::seed);
        let date = reader.read_optional(&setting::DEMO_DATE, read::date);
        match (rules, seed_metrics, web, log, poll_interval, seed) {
            (
                Some(rules),
                Some(seed_metrics),
                Some(web),
                Some(log),
                Some(poll_interval),
                Some(seed),
            ) if reader.problems.is_empty() => Ok(Self {
                rules,
                seed_metrics,
                web,
                log,
                max_age,
                poll_interval,
                seed,
                date,
            }),
            _ => Err(Problems(reader.problems)),
        }
    }
}

/// Resolves where the program listens, and nothing else: who only asks it needs no token.
///
/// # Errors
///
/// As for [`Config::resolve`].
pub fn listen(typed: &Typed) -> Result<Vec<ListenAddress>, Problems> {
    let mut reader = Reader {
        typed,
        problems: Vec::new(),
    };
    match reader.listen() {
        Some(listen) if reader.problems.is_empty() => Ok(listen),
        _ => Err(Problems(reader.problems)),
    }
}

impl Reader<'_> {
    fn listen(&mut self) -> Option<Vec<ListenAddress>> {
        // An unusable port is a problem also where addresses are given: one of the two is a mistake.
        let port = self.read(&setting::PORT, read::port);
        let listen = self.read_optional(&setting::WEB_LISTEN_ADDRESS, read::listen_addresses);
        listen.or_else(|| Some(vec![port?]))
    }

    fn web(&mut self) -> Option<WebConfig> {
        let listen = self.listen();
        let telemetry_path = self.read(&setting::WEB_TELEMETRY_PATH, read::telemetry_path);
        let file = self.read_optional(&setting::WEB_CONFIG_FILE, read::web_config_file);
        let max_requests = self.read(&setting::WEB_MAX_REQUESTS, read::max_requests);
        let has_page = self.read(&setting::WEB_PAGE, read::boolean);
        Some(WebConfig {
            listen: listen?,
            telemetry_path: telemetry_path?,
            file,
            max_requests: max_requests?,
            has_page: has_page?,
        })
    }

    fn log(&mut self) -> Option<LogConfig> {
        let level = self.read(&setting::LOG_LEVEL, read::log_level);
        let format = self.read(&setting::LOG_FORMAT, read::log_format);
        Some(LogConfig {
            level: level?,
            format: format?,
        })
    }
}

#[cfg(test)]
mod tests;
