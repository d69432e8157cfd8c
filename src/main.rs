//! The program: see [`heroku_cost_exporter::cli`].

use std::process::ExitCode;

/// Gives back what a poll of many apps took for a moment, where the C library's keeps it for each
/// thread; and the same for every C library.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
fn main() -> ExitCode {
    heroku_cost_exporter::cli::run(std::env::args_os(), std::env::vars_os().collect())
}
