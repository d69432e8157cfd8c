//! Command-line arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures the exporter against the goals in docs/PERFORMANCE.md.
#[derive(Parser, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Measures speed, memory and size.
    Run(RunArgs),
    /// Measures the time of a clean build of the repository in the current directory.
    Build(BuildArgs),
    /// Measures the bytes written to the database, for more than an hour.
    Storage(StorageArgs),
}

#[derive(Args, Debug, Clone)]
pub(crate) struct RunArgs {
    /// The exporter binary to measure.
    #[arg(long, value_name = "PATH")]
    pub(crate) exporter: PathBuf,
    /// The number of scrape measurements of the exporter and of nginx, which alternate.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) pairs: u32,
    /// The duration of each scrape measurement in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: u32,
    /// The number of measured polls.
    #[arg(long, default_value_t = 31, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// The parts to measure; all by default.
    #[arg(long, value_delimiter = ',', conflicts_with = "document")]
    pub(crate) only: Vec<Part>,
    /// The document in which to replace the results.
    #[arg(long, value_name = "PATH")]
    pub(crate) document: Option<PathBuf>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Scrapes,
    Poll,
    Memory,
    Size,
}

#[derive(Args, Debug, Clone)]
pub(crate) struct BuildArgs {
    /// The commit to compare the build time with.
    #[arg(long, value_name = "COMMIT")]
    pub(crate) baseline: String,
    /// The number of builds of each version.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// The document in which to replace the results.
    #[arg(long, value_name = "PATH")]
    pub(crate) document: Option<PathBuf>,
}

#[derive(Args, Debug, Clone)]
pub(crate) struct StorageArgs {
    /// The exporter binary to measure.
    #[arg(long, value_name = "PATH")]
    pub(crate) exporter: PathBuf,
    /// The document in which to replace the results.
    #[arg(long, value_name = "PATH")]
    pub(crate) document: Option<PathBuf>,
}
