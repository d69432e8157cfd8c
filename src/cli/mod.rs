//! The command line: what was typed, which subcommand it means, and what the program says and
//! returns. One file a subcommand, wiring only.

mod check;
mod demo;
mod generate;
mod healthcheck;
mod logging;
mod metrics;
mod parser;
pub mod reference;
mod report;
mod serve;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::config::token::looks_like_token;
use crate::config::{self, Config, DemoConfig, Problems, ReportConfig, Typed};

/// The exit status for settings that cannot be used, as for flags that do not exist.
const UNUSABLE_SETTINGS: u8 = 2;

/// Runs the program with its arguments and its environment.
///
/// The exit status is 0 when all went well, 1 when something failed, 2 when a flag or a setting
/// cannot be used.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: BTreeMap<OsString, OsString>,
) -> ExitCode {
    let matches = match parser::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(message) => return say(&message),
    };
    let (subcommand, flags) = parser::typed_flags(&matches);
    let typed = Typed { flags, environment };
    match dispatch(subcommand, &matches, &typed) {
        Ok(status) => status,
        Err(error) => {
            let status = if error.is::<Problems>() {
                UNUSABLE_SETTINGS
            } else {
                1
            };
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "heroku-cost-exporter: {error:#}");
            ExitCode::from(status)
        }
    }
}

/// Prints what clap says: help and version to standard output with status 0, all else to standard
/// error with status 2.
fn say(message: &clap::Error) -> ExitCode {
    let status = ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(UNUSABLE_SETTINGS));
    if looks_like_token(&message.to_string()) {
        let _ = writeln!(
            std::io::stderr(),
            "heroku-cost-exporter: an argument looks like a token, which others could see in the process list: \
             set HEROKU_API_KEY or HEROKU_API_KEY_FILE instead"
        );
    } else {
        let _ = message.print();
    }
    status
}

fn dispatch(subcommand: &str, matches: &ArgMatches, typed: &Typed) -> anyhow::Result<ExitCode> {
    match subcommand {
        "generate" => generate::run(matches.subcommand_matches("generate")),
        "healthcheck" => healthcheck::run(&config::listen(typed)?),
        "check" => check::run(Config::resolve(typed)?),
        "demo" => demo::run(DemoConfig::resolve(typed)?),
        "metrics" => metrics::run(),
        "report" => report::run(ReportConfig::resolve(typed)?, &typed.environment),
        _ => serve::run(Config::resolve(typed)?),
    }
}

/// Makes `ring` the one implementation of TLS's cryptography.
pub(crate) fn install_tls() {
    // Fails only where one is installed already, which then is this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
