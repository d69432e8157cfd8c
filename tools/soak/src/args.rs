//! Command-line arguments.

use std::path::PathBuf;

use clap::Parser;

/// Runs the exporter with an accelerated clock against a simulated Heroku that injects faults, and
/// verifies every scrape.
#[derive(Parser, Debug, Clone)]
pub(crate) struct Args {
    /// The exporter binary to test.
    #[arg(long, value_name = "PATH")]
    pub(crate) exporter: PathBuf,
    /// The minimum number of scrapes.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) scrapes: u64,
    /// The minimum number of polls.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) polls: u64,
    /// The speed of the exporter's clock. A value above 1 requires libfaketime.
    #[arg(long, default_value_t = 300)]
    pub(crate) speed: u32,
    /// The seed of the billing data and of the faults.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The number of concurrent scrape connections.
    #[arg(long, default_value_t = 4)]
    pub(crate) connections: u64,
    /// The document in which to replace the results.
    #[arg(long, value_name = "PATH")]
    pub(crate) document: Option<PathBuf>,
}
