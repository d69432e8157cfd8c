//! The command line. One file a subcommand, wiring only.

mod check;
#[cfg(feature = "demo")]
mod demo;
mod generate;
mod healthcheck;
mod logging;
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
use crate::config::{ConfigErrors, RawArgs, Resolver};

/// The exit status for invalid settings, as for unknown flags.
const INVALID_SETTINGS: u8 = 2;

/// Runs the program with its arguments and its environment.
///
/// The exit status is 0 on success, 1 if something failed, and 2 if a flag or a setting is invalid.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: BTreeMap<OsString, OsString>,
) -> ExitCode {
    let matches = match parser::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(message) => return print(&message),
    };
    let (subcommand, flags) = parser::raw_flags(&matches);
    let raw = RawArgs { flags, environment };
    dispatch(subcommand, &matches, &raw).unwrap_or_else(|error| {
        let is_config = error.is::<ConfigErrors>();
        // If standard error is closed, there is nowhere to report it.
        let _ = writeln!(std::io::stderr(), "heroku-cost-exporter: {error:#}");
        ExitCode::from(if is_config { INVALID_SETTINGS } else { 1 })
    })
}

/// Prints a message of the parser: help and version to standard output with status 0, errors to
/// standard error with status 2.
fn print(message: &clap::Error) -> ExitCode {
    if looks_like_token(&message.to_string()) {
        let _ = writeln!(
            std::io::stderr(),
            "heroku-cost-exporter: an argument looks like a token, which others could see in the process list: \
             set HEROKU_API_KEY or HEROKU_API_KEY_FILE instead"
        );
    } else {
        let _ = message.print();
    }
    ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(INVALID_SETTINGS))
}

fn dispatch(subcommand: &str, matches: &ArgMatches, raw: &RawArgs) -> anyhow::Result<ExitCode> {
    let polling = |resolver: &mut Resolver<'_>| resolver.heroku().zip(resolver.serve());
    match subcommand {
        "generate" => generate::run(matches.subcommand_matches("generate")),
        "healthcheck" => healthcheck::run(&raw.resolve(Resolver::listen)?),
        "check" => check::run(raw.resolve(polling)?),
        #[cfg(feature = "demo")]
        "demo" => demo::run(raw.resolve(|resolver| resolver.serve().zip(resolver.demo()))?),
        "metrics" => {
            std::io::stdout().write_all(reference::metrics().as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        "report" => report::run(raw.resolve(Resolver::report)?, &raw.environment),
        _ => serve::run(raw.resolve(polling)?),
    }
}

/// Makes `ring` the one implementation of TLS's cryptography.
pub(crate) fn install_tls() {
    // Fails only if it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
