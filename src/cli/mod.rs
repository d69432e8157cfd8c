//! The command line: one module for each subcommand, wiring only.

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
mod storage;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::config::token::looks_like_token;
use crate::config::{ConfigErrors, RawArgs, Resolver};

/// The exit status for invalid settings, the same as for unknown flags.
const INVALID_SETTINGS: u8 = 2;

/// Runs the program with the given arguments and environment variables.
///
/// The exit status is 0 on success, 1 on failure, and 2 if a flag or a setting is invalid.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: BTreeMap<OsString, OsString>,
) -> ExitCode {
    let matches = match parser::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return print(&error),
    };
    let (subcommand, flags) = parser::raw_flags(&matches);
    let raw = RawArgs { flags, environment };
    dispatch(subcommand, &matches, &raw).unwrap_or_else(|error| {
        let is_config = error.is::<ConfigErrors>();
        // A closed standard error is ignored.
        let _ = writeln!(std::io::stderr(), "heroku-cost-exporter: {error:#}");
        ExitCode::from(if is_config { INVALID_SETTINGS } else { 1 })
    })
}

/// Prints help and version to standard output with status 0, and errors to standard error with
/// status 2.
fn print(error: &clap::Error) -> ExitCode {
    if looks_like_token(&error.to_string()) {
        let _ = writeln!(
            std::io::stderr(),
            "heroku-cost-exporter: an argument looks like a token, which other users can read in the process list; \
             use HEROKU_API_KEY or HEROKU_API_KEY_FILE"
        );
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(INVALID_SETTINGS))
}

fn dispatch(subcommand: &str, matches: &ArgMatches, raw: &RawArgs) -> anyhow::Result<ExitCode> {
    let polling = |resolver: &mut Resolver<'_>| resolver.heroku().zip(resolver.serve(None));
    match subcommand {
        "generate" => generate::run(matches.subcommand_matches("generate")),
        "healthcheck" => healthcheck::run(&raw.resolve(|resolver| resolver.listen(None))?),
        "check" => check::run(raw.resolve(polling)?),
        #[cfg(feature = "demo")]
        "demo" => demo::run(
            raw.resolve(|resolver| resolver.serve(Some(demo::HOST)).zip(resolver.demo()))?,
        ),
        "metrics" => {
            write_stdout(reference::metrics().as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        "report" => report::run(raw.resolve(Resolver::report)?, &raw.environment),
        "storage" => {
            let directory = raw.resolve(Resolver::required_storage)?;
            let matches = matches.subcommand_matches("storage").unwrap_or(matches);
            storage::run(&directory, matches)
        }
        _ => serve::run(raw.resolve(polling)?),
    }
}

/// Writes to standard output. A reader that has gone, such as `head`, is not an error.
pub(crate) fn write_stdout(text: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    let written = stdout.write_all(text).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Installs `ring` as the cryptography provider of rustls.
pub(crate) fn install_tls() {
    // Fails only if it is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
