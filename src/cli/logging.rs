//! Where messages go: standard error, one line each, as logfmt or JSON.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Sets the log up for the rest of the program's life.
pub(crate) fn start(config: LogConfig) {
    let level = match config.level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    // What the libraries say below a warning is about their insides, and might show a header.
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
    // Fails only where a log is set up already, which then serves as well.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .try_init();
}

/// Starts the log of a subcommand whose output says itself what a log would say of the answers.
pub(crate) fn start_beside_output(config: LogConfig) {
    let level = match config.level {
        LogLevel::Debug => LogLevel::Debug,
        _ => LogLevel::Error,
    };
    start(LogConfig { level, ..config });
}
