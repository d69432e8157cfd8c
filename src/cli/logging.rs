//! The log: lines on standard error, as logfmt or JSON.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Sets up the log of the program.
pub(crate) fn start(config: LogConfig) {
    let level = match config.level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    // Below a warning, third-party crates log internals, and might log a header. Targets are prefixes.
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("exporter_toolkit", level)
        .with_target("heroku_cost_exporter", level)
        .with_target("heroku_api", level)
        .with_target("heroku_sim", level);
    let lines = match config.format {
        LogFormat::Logfmt => {
            let format = tracing_logfmt::builder().with_target(false);
            format.layer().with_writer(std::io::stderr).boxed()
        }
        LogFormat::Json => {
            let format = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_target(false);
            format.with_writer(std::io::stderr).boxed()
        }
    };
    // Fails only if a log is set up already.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .try_init();
}

/// Sets up the log of a subcommand whose output describes the answers itself.
pub(crate) fn start_beside_output(config: LogConfig) {
    let level = match config.level {
        LogLevel::Debug => LogLevel::Debug,
        _ => LogLevel::Error,
    };
    start(LogConfig { level, ..config });
}
