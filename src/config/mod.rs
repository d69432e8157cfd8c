//! Resolves flags, environment variables and the configuration file to plain data.
//!
//! All errors are reported together, and secrets are never printed. The environment is passed in;
//! this module reads neither the environment nor the clock.

mod errors;
pub mod file;
mod heroku;
mod network;
mod resolver;
mod rules;
pub mod scope;
pub mod setting;
pub mod token;
mod value;

use std::path::PathBuf;
use std::time::Duration;

use billing::month::Month;
use billing::rules::Rules;
use exporter_toolkit::listen::ListenAddress;
use exporter_toolkit::web_config::LoadedConfig;

pub use errors::ConfigErrors;
pub use heroku::HerokuConfig;
pub use resolver::{RawArgs, Resolver};
pub use token::API_KEY_VARIABLE;
pub use value::{LogFormat, LogLevel, ReportFormat};

/// The settings of `serve` and `demo`, except for the source of the data.
#[derive(Debug)]
pub struct ServeConfig {
    /// The rules for costs, app rows and budgets.
    pub rules: Rules,
    /// The path of the configuration file, if there is one.
    pub file: Option<PathBuf>,
    /// Whether to expose the metrics of the Go program.
    pub legacy_metrics: bool,
    /// Whether to expose the dynos and add-ons of each app.
    pub resource_metrics: bool,
    /// The settings of the HTTP server.
    pub web: WebConfig,
    /// The maximum age of figures; `None` means no limit.
    pub max_age: Option<Duration>,
    /// The logging settings.
    pub log: LogConfig,
}

/// The settings of the HTTP server.
#[derive(Debug)]
pub struct WebConfig {
    /// The addresses to listen on. There is at least one.
    pub listen: Vec<ListenAddress>,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// The web configuration with TLS and users; `None` means plain HTTP without authentication.
    pub file: Option<LoadedConfig>,
    /// The maximum number of requests in flight; `None` means no limit.
    pub max_requests: Option<usize>,
    /// Whether `/` serves the page with the costs. Otherwise it has only links.
    pub has_page: bool,
}

/// The logging settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// The minimum level.
    pub level: LogLevel,
    /// The format of a log line.
    pub format: LogFormat,
}

/// The settings of `report`.
#[derive(Debug)]
pub struct ReportConfig {
    /// The source of the data.
    pub source: DataSource,
    /// The rules for costs, app rows and budgets.
    pub rules: Rules,
    /// The maximum age of figures; `None` means no limit.
    pub max_age: Option<Duration>,
    /// The logging settings.
    pub log: LogConfig,
    /// The format of the report.
    pub format: ReportFormat,
    /// The number of apps in the table; `None` means all.
    pub top: Option<usize>,
    /// The closed months to report on instead of the current month.
    pub past: Option<PastRange>,
}

/// The first and the last of several closed months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastRange {
    /// The first month.
    pub from: Month,
    /// The last month; `None` means the month before the current one.
    pub to: Option<Month>,
}

/// The source of a report's data.
#[derive(Debug)]
pub enum DataSource {
    /// Heroku.
    Heroku(Box<HerokuConfig>),
    /// A simulated Heroku.
    #[cfg(feature = "demo")]
    Demo(DemoConfig),
}

/// The settings of the simulated Heroku.
#[cfg(feature = "demo")]
#[derive(Clone, Copy, Debug)]
pub struct DemoConfig {
    /// The seed of the synthetic company.
    pub seed: u64,
    /// The simulated date; `None` means today.
    pub date: Option<jiff::civil::Date>,
    /// The time between two polls of an endpoint.
    pub poll_interval: Duration,
}

impl Resolver<'_> {
    /// Reads the settings of `serve` and `demo`, except for the source of the data. `default_host` is
    /// the host to listen on where only a port is set; `None` means every address of the machine.
    pub fn serve(&mut self, default_host: Option<&str>) -> Option<ServeConfig> {
        let (file, rules) = self.rules();
        let legacy_metrics = self.read(&setting::METRICS_LEGACY, value::boolean);
        let resource_metrics = self.read(&setting::METRICS_RESOURCES, value::boolean);
        let max_age = self.max_age();
        let web = self.web(default_host);
        let log = self.log();
        Some(ServeConfig {
            rules,
            file,
            legacy_metrics: legacy_metrics?,
            resource_metrics: resource_metrics?,
            web: web?,
            max_age,
            log: log?,
        })
    }

    /// Reads the settings of `report`. With `--demo`, the settings for polling Heroku are not read.
    pub fn report(&mut self) -> Option<ReportConfig> {
        let source = self.source();
        let (_, rules) = self.rules();
        let max_age = self.max_age();
        let formats = [
            ("table", ReportFormat::Table),
            ("json", ReportFormat::Json),
            ("csv", ReportFormat::Csv),
        ];
        let format = self.read(&setting::REPORT_FORMAT, value::one_of(&formats));
        let top = self.read(&setting::REPORT_TOP, value::limit);
        let past = self.past();
        let log = self.log();
        Some(ReportConfig {
            past,
            source: source?,
            rules,
            max_age,
            log: log?,
            format: format?,
            top: top?,
        })
    }

    /// Reads the closed months to report on.
    fn past(&mut self) -> Option<PastRange> {
        let month = self.read(&setting::REPORT_MONTH, value::month);
        let from = self.read(&setting::REPORT_FROM, value::month);
        let to = self.read(&setting::REPORT_TO, value::month);
        if month.is_some() && (from.is_some() || to.is_some()) {
            self.errors
                .push("--month excludes --from and --to".to_owned());
        }
        if from.is_none() && to.is_some() {
            self.errors.push("--to requires --from".to_owned());
        }
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            self.errors.push("--from is after --to".to_owned());
        }
        let range = from.map(|from| PastRange { from, to });
        let month = month.map(|month| PastRange {
            from: month,
            to: Some(month),
        });
        month.or(range)
    }

    fn source(&mut self) -> Option<DataSource> {
        #[cfg(feature = "demo")]
        if self.read(&setting::REPORT_DEMO, value::boolean)? {
            return self.demo().map(DataSource::Demo);
        }
        self.heroku().map(Box::new).map(DataSource::Heroku)
    }

    /// Reads the settings of the simulated Heroku.
    #[cfg(feature = "demo")]
    pub fn demo(&mut self) -> Option<DemoConfig> {
        let poll_interval = self.poll_interval();
        let seed = self.read(&setting::DEMO_SEED, value::number(0..=u64::MAX));
        let date = self.read(&setting::DEMO_DATE, value::date);
        Some(DemoConfig {
            seed: seed?,
            date,
            poll_interval: poll_interval?,
        })
    }

    /// Reads the addresses to listen on; with [`Resolver::serve`]'s `default_host`.
    pub fn listen(&mut self, default_host: Option<&str>) -> Option<Vec<ListenAddress>> {
        // An invalid port is an error even if `--web.listen-address` overrides it.
        let port = self.read(&setting::PORT, value::number(0..=u16::MAX));
        let listen = self.read_all(&setting::WEB_LISTEN_ADDRESS, value::listen_addresses);
        let on_port = |port| ListenAddress {
            host: default_host.map(str::to_owned),
            port,
        };
        listen
            .map(|lists| lists.concat())
            .or(port.map(|port| vec![on_port(port)]))
    }

    fn web(&mut self, default_host: Option<&str>) -> Option<WebConfig> {
        let listen = self.listen(default_host);
        let telemetry_path = self.read(&setting::WEB_TELEMETRY_PATH, value::telemetry_path);
        let file = self.read_file(&setting::WEB_CONFIG_FILE, |path, _| {
            LoadedConfig::read(path, token::looks_like_token)
        });
        let max_requests = self.read(&setting::WEB_MAX_REQUESTS, value::limit);
        let has_page = self.read(&setting::WEB_PAGE, value::boolean);
        Some(WebConfig {
            listen: listen?,
            telemetry_path: telemetry_path?,
            file: file.map(|(_, file)| file),
            max_requests: max_requests?,
            has_page: has_page?,
        })
    }

    /// Reads the storage directory.
    pub fn storage(&mut self) -> Option<PathBuf> {
        self.read(&setting::STORAGE_PATH, value::storage_path)
    }

    /// Reads the storage directory of a command that requires one.
    pub fn required_storage(&mut self) -> Option<PathBuf> {
        let errors = self.errors.len();
        let storage = self.storage();
        if storage.is_none() && self.errors.len() == errors {
            let name = setting::STORAGE_PATH.name();
            self.errors
                .push(format!("{name} is required, set it or --storage.path"));
        }
        storage
    }

    fn max_age(&mut self) -> Option<Duration> {
        let range = Duration::from_secs(1)..=Duration::from_secs(366 * 24 * 3600);
        self.read(&setting::DATA_MAX_AGE, value::duration(range))
    }

    fn log(&mut self) -> Option<LogConfig> {
        let levels = [
            ("debug", LogLevel::Debug),
            ("info", LogLevel::Info),
            ("warn", LogLevel::Warn),
            ("warning", LogLevel::Warn),
            ("error", LogLevel::Error),
        ];
        let formats = [("logfmt", LogFormat::Logfmt), ("json", LogFormat::Json)];
        let level = self.read(&setting::LOG_LEVEL, value::one_of(&levels));
        let format = self.read(&setting::LOG_FORMAT, value::one_of(&formats));
        Some(LogConfig {
            level: level?,
            format: format?,
        })
    }
}

#[cfg(test)]
mod tests;
