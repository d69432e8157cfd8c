//! What was typed becomes what is meant: flags and environment into a [`Config`], all problems
//! reported at once, secrets kept as secrets.
//!
//! The environment is handed in, so that a test can be any; nothing here reads it, or the clock.

mod read;
pub mod setting;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::token::{self, Token};
pub use read::{ListenAddress, LogFormat, LogLevel};
use setting::Setting;

use crate::service_manager::ServiceManager;
use crate::web_config::Loaded;

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
    /// The teams, each an id or a name; at least one, none twice.
    pub teams: Vec<String>,
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
    /// Who started the program, if it was one that hands in sockets or wants to be told things.
    pub service_manager: ServiceManager,
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
        let max_age = reader.read_optional(&setting::DATA_MAX_AGE, read::max_age);
        let web = reader.web();
        let log = reader.log();
        match (heroku, web, log) {
            (Some(heroku), Some(web), Some(log)) if reader.problems.is_empty() => Ok(Self {
                heroku,
                web,
                max_age,
                log,
            }),
            _ => Err(Problems(reader.problems)),
        }
    }
}

/// The settings of the demo: those of serving and of the simulated company; Heroku's are not read.
#[derive(Debug)]
pub struct DemoConfig {
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
        let web = reader.web();
        let log = reader.log();
        let max_age = reader.read_optional(&setting::DATA_MAX_AGE, read::max_age);
        let poll_interval = reader.read(&setting::POLL_INTERVAL, read::interval);
        let seed = reader.read(&setting::DEMO_SEED, read::seed);
        let date = reader.read_optional(&setting::DEMO_DATE, read::date);
        match (web, log, poll_interval, seed) {
            (Some(web), Some(log), Some(poll_interval), Some(seed))
                if reader.problems.is_empty() =>
            {
                Ok(Self {
                    web,
                    log,
                    max_age,
                    poll_interval,
                    seed,
                    date,
                })
            }
            _ => Err(Problems(reader.problems)),
        }
    }
}

/// Reads settings one by one and gathers what is wrong with them.
struct Reader<'a> {
    typed: &'a Typed,
    problems: Vec<String>,
}

/// A value as it was typed, and where.
struct Given<'a> {
    place: String,
    values: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn heroku(&mut self) -> Option<HerokuConfig> {
        let token = self.token();
        let teams = self.read(&setting::HEROKU_TEAM_ID, read::teams);
        let looks_like_token =
            |teams: &Vec<String>| teams.iter().any(|t| self.looks_like_secret(t));
        if teams.as_ref().is_some_and(looks_like_token) {
            self.problems.push(format!(
                "{} names a team that looks like a token: give {}",
                setting::HEROKU_TEAM_ID.variable(),
                setting::HEROKU_TEAM_ID.right
            ));
        }
        let api_url = self.read(&setting::HEROKU_API_URL, read::api_url);
        let timeout = self.read(&setting::HEROKU_TIMEOUT, read::timeout);
        let floor = self.read(&setting::HEROKU_RATE_LIMIT_FLOOR, read::rate_limit_floor);
        let poll_interval = self.read(&setting::POLL_INTERVAL, read::interval);
        let state_file = self.read_optional(&setting::STATE_FILE, read::state_file);
        Some(HerokuConfig {
            api_url: api_url?,
            token: token?,
            teams: teams?,
            timeout: timeout?,
            rate_limit_floor: floor?,
            poll_interval: poll_interval?,
            state_file,
        })
    }

    fn web(&mut self) -> Option<WebConfig> {
        // An unusable port is a problem also where addresses are given: one of the two is a mistake.
        let port = self.read(&setting::PORT, read::port);
        let listen = self.read_optional(&setting::WEB_LISTEN_ADDRESS, read::listen_addresses);
        let telemetry_path = self.read(&setting::WEB_TELEMETRY_PATH, read::telemetry_path);
        let file = self.read_optional(&setting::WEB_CONFIG_FILE, read::web_config_file);
        let max_requests = self.read(&setting::WEB_MAX_REQUESTS, read::max_requests);
        let service_manager = ServiceManager::of(&self.typed.environment, std::process::id());
        let service_manager = service_manager.map_err(|problem| self.problems.push(problem));
        let listen = listen.or_else(|| {
            Some(vec![ListenAddress {
                host: None,
                port: port?,
            }])
        });
        Some(WebConfig {
            listen: listen?,
            telemetry_path: telemetry_path?,
            file,
            max_requests: max_requests?,
            service_manager: service_manager.ok()?,
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

    /// The token: of a file where one is named, which wins over the variable because it can be
    /// renewed; else the variable's.
    fn token(&mut self) -> Option<Token> {
        let file = &setting::HEROKU_API_KEY_FILE;
        if let Some(given) = self.given(file)? {
            return self.understood(given, read::api_key_file);
        }
        match self.variable(API_KEY_VARIABLE) {
            Some(Ok(text)) => match token::parse(&text.into()) {
                Ok(Some(token)) => return Some(Token::Given(token)),
                Ok(None) => {}
                Err(error) => {
                    self.problems.push(format!(
                        "{API_KEY_VARIABLE} {error}: set it to the token alone, such as `heroku authorizations:create` prints"
                    ));
                    return None;
                }
            },
            Some(Err(())) => {
                self.problems
                    .push(format!("{API_KEY_VARIABLE} is not valid UTF-8"));
                return None;
            }
            None => {}
        }
        self.problems.push(format!(
            "{API_KEY_VARIABLE} is not set: set it to a Heroku API token, such as `heroku authorizations:create` prints, \
             or set {} to {}",
            file.variable(),
            file.right
        ));
        None
    }

    /// A setting that has a default or must be given.
    fn read<T>(
        &mut self,
        setting: &'static Setting,
        read: fn(&[&str]) -> Result<T, String>,
    ) -> Option<T> {
        if let Some(given) = self.given(setting)? {
            return self.understood(given, read);
        }
        match setting.default {
            Some(default) => {
                let place = format!("the default of --{}", setting.flag);
                self.understood(
                    Given {
                        place,
                        values: vec![default],
                    },
                    read,
                )
            }
            None => {
                self.problems.push(format!(
                    "{} is not set: set it, or --{}, to {}",
                    setting.variable(),
                    setting.flag,
                    setting.right
                ));
                None
            }
        }
    }

    /// A setting that may be absent.
    fn read_optional<T>(
        &mut self,
        setting: &'static Setting,
        read: fn(&[&str]) -> Result<T, String>,
    ) -> Option<T> {
        let given = self.given(setting)??;
        self.understood(given, read)
    }

    fn understood<T>(
        &mut self,
        given: Given<'_>,
        read: fn(&[&str]) -> Result<T, String>,
    ) -> Option<T> {
        let Given { place, values } = given;
        match read(&values) {
            Ok(value) => Some(value),
            Err(why) => {
                let value = self.shown(&values.join(","));
                self.problems.push(format!("{place} is {value}: {why}"));
                None
            }
        }
    }

    /// What was typed for a setting: the flag wins over the variable; an empty variable counts as
    /// not set, because that is how compose files and units write it. The outer `None` is a problem
    /// that has been noted.
    fn given(&mut self, setting: &'static Setting) -> Option<Option<Given<'a>>> {
        let variable = setting.variable();
        let typed = self.typed;
        if let Some(values) = typed.flags.get(setting.flag) {
            let place = format!("--{}", setting.flag);
            let texts: Option<Vec<&str>> = values.iter().map(|value| value.to_str()).collect();
            return match texts {
                Some(values) => Some(Some(Given { place, values })),
                None => {
                    self.problems.push(format!("{place} is not valid UTF-8"));
                    None
                }
            };
        }
        match self.variable(&variable) {
            None => Some(None),
            Some(Ok(value)) => Some(Some(Given {
                place: variable,
                values: vec![value],
            })),
            Some(Err(())) => {
                self.problems.push(format!("{variable} is not valid UTF-8"));
                None
            }
        }
    }

    fn variable(&self, name: &str) -> Option<Result<&'a str, ()>> {
        let value = self.typed.environment.get(std::ffi::OsStr::new(name))?;
        match value.to_str() {
            Some(text) if text.trim().is_empty() => None,
            Some(text) => Some(Ok(text)),
            None => Some(Err(())),
        }
    }

    fn looks_like_secret(&self, value: &str) -> bool {
        let token = self
            .variable(API_KEY_VARIABLE)
            .and_then(Result::ok)
            .map(str::trim);
        token.is_some_and(|token| value.contains(token))
            || token::looks_like_token(value)
            || Url::parse(value)
                .is_ok_and(|url| url.password().is_some() || !url.username().is_empty())
    }

    /// A value as a message may show it: quoted, and not if it looks as if a secret was put in the
    /// wrong place.
    fn shown(&self, value: &str) -> String {
        if self.looks_like_secret(value) {
            return "a value that looks like a secret".to_owned();
        }
        format!("{value:?}")
    }
}

#[cfg(test)]
mod tests;
