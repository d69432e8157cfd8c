//! Build information.

/// The version of the exporter.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Git commit, or `unknown`.
pub const REVISION: &str = env!("HEROKU_COST_EXPORTER_REVISION");

/// The version of the Rust compiler.
pub const RUSTC: &str = env!("HEROKU_COST_EXPORTER_RUSTC");
