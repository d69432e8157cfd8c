//! Configuration files in YAML: one reader, one location type and one error type for all files.
//!
//! A [`Document`] is read against a list of the keys that it may contain. Its [`Section`]s and
//! [`Field`]s record every mistake, so that all errors of a file are reported together, each as
//! `line:column: key: what is wrong, expected …`. Scalars remain the exact text of the file.
//!
//! ```
//! use exporter_toolkit::config_file::Document;
//!
//! let keys = [("server", "a mapping"), ("server.port", "a port")];
//! let document = Document::parse("server: {port: x, prot: 1}", &keys, &|_| false)?;
//! let port = document.root().section("server").and_then(|server| {
//!     server.parse("port", |text| text.parse::<u16>().map_err(|_| "not a number".to_owned()))
//! });
//! let errors: Vec<_> = document.finish(port).unwrap_err().iter().map(|e| e.to_string()).collect();
//! assert_eq!(errors, [
//!     r#"1:16: server.port: "x" is invalid: not a number, expected a port"#,
//!     "1:19: server.prot: unknown key, expected port",
//! ]);
//! # Ok::<(), exporter_toolkit::config_file::FileErrors>(())
//! ```

mod document;
mod error;
mod yaml;

use std::path::Path;

use crate::bounded;

pub use document::{Document, Field, Key, Section};
pub use error::{FileError, FileErrors, Location, SecretFilter, Spanned, display};

/// The maximum size of a configuration file in bytes.
const MAX_FILE_SIZE: u64 = 1 << 20;

/// Reads a configuration file, a regular file of at most one mebibyte.
///
/// # Errors
///
/// Returns an error without location if the file cannot be read.
pub fn read(path: &Path) -> Result<String, FileErrors> {
    bounded::read(path, MAX_FILE_SIZE)
        .map_err(|error| FileError::of_file(format!("cannot be read: {error}")).into())
}
