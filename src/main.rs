//! The program: see [`heroku_cost_exporter::cli`].

use std::process::ExitCode;

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
fn main() -> ExitCode {
    heroku_cost_exporter::cli::run(std::env::args_os(), std::env::vars_os().collect())
}
