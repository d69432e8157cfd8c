//! Reads of files whose size and type are not trusted.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a regular file of at most `limit` bytes. Never blocks on a pipe or an endless device.
///
/// # Errors
///
/// Where the file is not a regular one, is larger, is not UTF-8, or cannot be read.
pub fn read(path: &Path, limit: u64) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let mut text = String::new();
    let length = File::open(path)?
        .take(limit + 1)
        .read_to_string(&mut text)?;
    if length as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than {limit} bytes"),
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_up_to_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), "12345");
        let kind = |result: io::Result<String>| result.unwrap_err().kind();
        assert_eq!(kind(read(&path, 4)), io::ErrorKind::FileTooLarge);
        assert_eq!(kind(read(directory.path(), 4)), io::ErrorKind::InvalidInput);
    }
}
