//! Files of this repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the path of a file of the repository.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Reads a file of the repository.
pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Copies a file and creates the parent directories of its destination.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("the destination has a parent")).unwrap();
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}
