//! Which build of the program this is.

/// The version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that it was built from, or `unknown`.
pub const REVISION: &str = env!("HEROKU_COST_EXPORTER_REVISION");

/// The compiler's version.
pub const RUSTC: &str = env!("HEROKU_COST_EXPORTER_RUSTC");
