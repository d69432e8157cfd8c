//! Identifies the build of the program.

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit of the source, or `unknown`.
pub const REVISION: &str = env!("HEROKU_COST_EXPORTER_REVISION");

/// The version of the compiler.
pub const RUSTC: &str = env!("HEROKU_COST_EXPORTER_RUSTC");
