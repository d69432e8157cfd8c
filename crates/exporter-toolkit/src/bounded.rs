//! Reads of files whose size and type are not trusted, and whose file system may hang.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// The time in which a file must be read.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The files that threads are reading, each by one thread at most, and when each was started.
static IN_PROGRESS: Mutex<BTreeMap<PathBuf, Instant>> = Mutex::new(BTreeMap::new());

/// Notified when a read ends.
static ENDED: Condvar = Condvar::new();

/// Reads a regular file of at most `limit` bytes. Never blocks on a pipe or an endless device, and
/// gives up after five seconds, for example on a network file system whose server is down. The thread
/// that then still waits is not joined by a second one.
///
/// # Errors
///
/// Returns an error if the file is not a regular file, is larger, is not UTF-8, or cannot be read in
/// time.
pub fn read(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read_bytes(path, limit)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not valid UTF-8"))
}

/// Reads a file like [`read`], in any encoding.
///
/// # Errors
///
/// Returns an error if the file is not a regular file, is larger, or cannot be read in time.
pub fn read_bytes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    read_within(path.clone(), TIMEOUT, move || {
        read_regular_file(&path, limit)
    })
}

/// Runs `read` in a thread. If another thread is reading the same path, waits until it has ended or its
/// time is up.
fn read_within(
    path: PathBuf,
    timeout: Duration,
    read: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
) -> io::Result<Vec<u8>> {
    let in_progress = || IN_PROGRESS.lock().unwrap_or_else(PoisonError::into_inner);
    let timed_out = || io::Error::new(io::ErrorKind::TimedOut, "the file system does not respond");
    let mut started = in_progress();
    while let Some(start) = started.get(&path) {
        let Some(remaining) = timeout.checked_sub(start.elapsed()) else {
            return Err(timed_out());
        };
        let waited = ENDED.wait_timeout(started, remaining);
        started = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    let (sender, receiver) = mpsc::channel();
    let in_thread = path.clone();
    std::thread::Builder::new()
        .name("file-read".into())
        .spawn(move || {
            let result = read();
            in_progress().remove(&in_thread);
            ENDED.notify_all();
            // Fails if the caller has given up.
            let _ = sender.send(result);
        })?;
    started.insert(path, Instant::now());
    drop(started);
    match receiver.recv_timeout(timeout) {
        Ok(result) => result,
        Err(_) => Err(timed_out()),
    }
}

fn read_regular_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    // Checked on the open file, because the path may name another one by now.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let mut bytes = Vec::new();
    let length = file.take(limit + 1).read_to_end(&mut bytes)?;
    if length as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than {limit} bytes"),
        ));
    }
    Ok(bytes)
}

/// Opens a file without waiting for the writer of a pipe.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits();
    let nonblocking = i32::try_from(nonblocking).unwrap_or_default();
    OpenOptions::new()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
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
        std::fs::write(directory.path().join("latin1"), b"F\xf5").unwrap();
        let latin1 = directory.path().join("latin1");
        assert_eq!(read_bytes(&latin1, 5).unwrap(), b"F\xf5");
        assert_eq!(read(&latin1, 5).unwrap_err().to_string(), "not valid UTF-8");
        let kind = |result: io::Result<String>| result.unwrap_err().kind();
        assert_eq!(kind(read(&path, 4)), io::ErrorKind::FileTooLarge);
        assert_eq!(kind(read(directory.path(), 4)), io::ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn rejects_pipes_and_devices() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [&pipe, &link, Path::new("/dev/zero"), Path::new("/dev/null")] {
            let error = read(path, 100).unwrap_err();
            assert_eq!(error.to_string(), "not a regular file", "{path:?}");
        }
    }

    #[test]
    fn concurrent_reads_wait_for_each_other() {
        let path = PathBuf::from("/a slow file");
        let read = || {
            read_within(path.clone(), TIMEOUT, || {
                std::thread::sleep(Duration::from_millis(1));
                Ok(b"token".to_vec())
            })
        };
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
            for reader in readers {
                assert_eq!(reader.join().unwrap().unwrap(), b"token");
            }
        });
    }

    #[test]
    fn hung_file_occupies_one_thread() {
        let (release, hang) = mpsc::channel::<()>();
        let path = PathBuf::from("/a file on a hung file system");
        let hung = move || {
            let _ = hang.recv();
            Ok(Vec::new())
        };
        let short = Duration::from_millis(1);
        let kind = |result: io::Result<Vec<u8>>| result.unwrap_err().kind();
        assert_eq!(
            kind(read_within(path.clone(), short, hung)),
            io::ErrorKind::TimedOut
        );
        let second = read_within(path.clone(), short, || panic!("a second thread"));
        assert_eq!(kind(second), io::ErrorKind::TimedOut);
        drop(release);
        let read_again = || read_within(path.clone(), TIMEOUT, || Ok(Vec::new()));
        while read_again().is_err() {
            std::thread::yield_now();
        }
    }
}
