//! Reading a file that may have become something else: a pipe that never ends, or a device.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
///
/// Where it is none, is larger, is not UTF-8, or cannot be read.
pub fn read(path: &Path, limit: u64) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let mut text = String::new();
    let read = File::open(path)?
        .take(limit + 1)
        .read_to_string(&mut text)?;
    if read as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is larger than any such file",
        ));
    }
    Ok(text)
}
