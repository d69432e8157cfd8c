//! The binary. [`heroku_cost_exporter::cli`] is the program.

use std::process::ExitCode;

#[expect(
    clippy::disallowed_methods,
    reason = "the only place that reads the environment"
)]
fn main() -> ExitCode {
    heroku_cost_exporter::cli::run(std::env::args_os(), std::env::vars_os().collect())
}
