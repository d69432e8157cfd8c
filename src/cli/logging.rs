//! Logging to standard error, as logfmt or JSON.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Initializes logging.
pub(crate) fn init(config: LogConfig) {
    let level = match config.level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    // Third-party crates log internals, possibly headers, below the level of warnings. Targets are
    // prefixes.
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("exporter_toolkit", level)
        .with_target("heroku_cost_exporter", level)
        .with_target("heroku_api", level)
        .with_target("heroku_sim", level);
    let layer = match config.format {
        LogFormat::Logfmt => {
            let format = tracing_logfmt::builder().with_target(false);
            format
                .layer()
                .log_internal_errors(false)
                .with_writer(std::io::stderr)
                .boxed()
        }
        LogFormat::Json => {
            let format = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_target(false);
            format
                .log_internal_errors(false)
                .with_writer(std::io::stderr)
                .boxed()
        }
    };
    // Fails only if logging is already initialized.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .try_init();
}

/// Initializes logging of errors only, unless debug messages are enabled. For subcommands whose
/// output already reports the result of each poll.
pub(crate) fn init_errors_only(config: LogConfig) {
    let level = match config.level {
        LogLevel::Debug => LogLevel::Debug,
        _ => LogLevel::Error,
    };
    init(LogConfig { level, ..config });
}
