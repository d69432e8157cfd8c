//! Opens the database: lock, checks, migrations.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

/// The name of the database in the storage directory.
const FILE_NAME: &str = "heroku-cost-exporter.db";

/// The name of the lock file in the storage directory.
const LOCK_NAME: &str = "lock";

/// Identifies the file as ours (`PRAGMA application_id`): the letters `HCEX`.
const APPLICATION_ID: i32 = 0x4843_4558;

/// The migrations. The number of those applied is the file's `user_version`.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), include_str!("inventory.sql")];

/// The page size in bytes. An answer changes a few rows in several tables, so that small pages mean
/// less to write.
const PAGE_SIZE: u32 = 512;

/// The number of pages in the write-ahead log at which they are copied to the database.
const CHECKPOINT_PAGES: u32 = 8192;

/// The maximum size of the page cache in KiB.
const CACHE_KIB: i32 = 2048;

/// The time to wait for a process that is about to release the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The time to wait for another connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The directory or a file in it cannot be created or opened.
    #[error("{}: {error}", path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// Another process writes to the database.
    #[error("{}: in use by another process", .0.display())]
    Locked(PathBuf),
    /// There is no database.
    #[error("{}: no database", .0.display())]
    Missing(PathBuf),
    /// The file is another program's.
    #[error("{}: not a database of heroku-cost-exporter, the file is not changed", .0.display())]
    Foreign(PathBuf),
    /// A newer version of the program has written the file.
    #[error(
        "{}: schema version {version} is newer than {}, the file is not changed",
        path.display(),
        MIGRATIONS.len()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        version: usize,
    },
    /// The file is damaged.
    #[error("{}: damaged ({reason}), the file is not changed", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The first error of SQLite's check.
        reason: String,
    },
    /// The file contains data of another API.
    #[error("{}: contains data of another API, {url}", path.display())]
    OtherApi {
        /// The file.
        path: PathBuf,
        /// The URL of that API.
        url: String,
    },
    /// An error of SQLite.
    #[error("{}: {error}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The error.
        error: rusqlite::Error,
    },
}

/// An open database.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    /// The file; `None` in memory.
    pub(super) path: Option<PathBuf>,
    /// Locked while the process writes to the file.
    _lock: Option<File>,
}

/// Returns the path of the database in the storage directory.
pub(super) fn path_in(directory: &Path) -> PathBuf {
    directory.join(FILE_NAME)
}

impl Database {
    /// Opens the database in `directory` for writing. Creates both if they do not exist.
    pub(super) fn open(directory: &Path, api_url: &str) -> Result<Self, StorageError> {
        create_directory(directory)?;
        let lock = lock(directory)?;
        let path = path_in(directory);
        let is_new = is_empty(&path)?;
        if is_new {
            create_file(&path)?;
        } else {
            let connection = open_read_only(&path)?;
            check_contents(&connection, &path)?;
            check_api(&connection, &path, api_url)?;
        }
        let open = || {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            if is_new {
                connection.pragma_update(None, "page_size", PAGE_SIZE)?;
            }
            connection.pragma_update(None, "journal_mode", "wal")?;
            // A power failure can undo the last transactions, but does not damage the file. The
            // validator is part of an answer's transaction, so Heroku returns what is undone.
            connection.pragma_update(None, "synchronous", "normal")?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            connection.pragma_update(None, "temp_store", "memory")?;
            Ok(connection)
        };
        let connection = open().map_err(|error| sqlite(&path, error))?;
        let mut database = Self {
            connection,
            path: Some(path.clone()),
            _lock: Some(lock),
        };
        database
            .prepare(api_url)
            .map_err(|error| sqlite(&path, error))?;
        Ok(database)
    }

    /// Creates a database in memory.
    ///
    /// # Panics
    ///
    /// Panics if memory is exhausted.
    #[expect(
        clippy::expect_used,
        reason = "the migrations are valid, and nothing else can fail"
    )]
    pub(super) fn in_memory(api_url: &str) -> Self {
        let create = || -> rusqlite::Result<Self> {
            let mut database = Self {
                connection: Connection::open_in_memory()?,
                path: None,
                _lock: None,
            };
            database.prepare(api_url)?;
            Ok(database)
        };
        create().expect("database in memory")
    }

    /// Returns whether the database is a file, and not in memory.
    pub(super) fn is_file(&self) -> bool {
        self.path.is_some()
    }

    /// Copies the database in `directory` into memory. A process may be writing to it.
    pub(super) fn copy_of(directory: &Path, api_url: &str) -> Result<Self, StorageError> {
        let path = path_in(directory);
        let source = Self::read(directory)?;
        check_api(&source, &path, api_url)?;
        let copy = || {
            let mut connection = Connection::open_in_memory()?;
            let backup = rusqlite::backup::Backup::new(&source, &mut connection)?;
            backup.run_to_completion(i32::MAX, Duration::ZERO, None)?;
            drop(backup);
            let mut database = Self {
                connection,
                path: None,
                _lock: None,
            };
            database.prepare(api_url)?;
            Ok(database)
        };
        copy().map_err(|error| sqlite(&path, error))
    }

    /// Opens the database in `directory` for reading.
    pub(super) fn read(directory: &Path) -> Result<Connection, StorageError> {
        let path = path_in(directory);
        if is_empty(&path)? {
            return Err(StorageError::Missing(path));
        }
        let connection = open_read_only(&path)?;
        check_contents(&connection, &path)?;
        Ok(connection)
    }

    /// Returns an empty database in memory in place of this one.
    pub(super) fn emptied(&self) -> Self {
        let api_url = setting(&self.connection, "api_url");
        Self::in_memory(&api_url.ok().flatten().unwrap_or_default())
    }

    /// Applies migrations, and drops validators if the decoder has changed.
    fn prepare(&mut self, api_url: &str) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let version = user_version(&transaction)?;
        for migration in MIGRATIONS.iter().skip(version) {
            transaction.execute_batch(migration)?;
        }
        if version < MIGRATIONS.len() {
            transaction.pragma_update(None, "user_version", MIGRATIONS.len() as u32)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        let decoder = heroku_api::DECODER_VERSION.to_string();
        if setting(&transaction, "decoder_version")?.as_ref() != Some(&decoder) {
            // An answer that another decoder has decoded must not be confirmed.
            transaction.execute("UPDATE endpoint SET url = NULL, etag = NULL", [])?;
            set(&transaction, "decoder_version", &decoder)?;
        }
        set(&transaction, "api_url", api_url)?;
        transaction.commit()
    }
}

/// Returns the size of a database in bytes, including its write-ahead log.
pub(super) fn size(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    size(path) + size(Path::new(&log))
}

pub(super) fn sqlite(path: &Path, error: rusqlite::Error) -> StorageError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StorageError::Foreign(path),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => StorageError::Corrupt {
            path,
            reason: error.to_string(),
        },
        _ => StorageError::Sqlite { path, error },
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    let path = path.to_owned();
    |error| StorageError::Io { path, error }
}

fn create_directory(directory: &Path) -> Result<(), StorageError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(io_error(directory))
}

/// Returns options for a file that only its owner can read.
fn private_file() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates the file, so that SQLite creates its log with the same permissions.
fn create_file(path: &Path) -> Result<(), StorageError> {
    private_file().open(path).map_err(io_error(path))?;
    Ok(())
}

/// Locks the directory. Waits a moment for another process to exit.
fn lock(directory: &Path) -> Result<File, StorageError> {
    let path = directory.join(LOCK_NAME);
    let file = private_file().open(&path).map_err(io_error(&path))?;
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(TryLockError::WouldBlock) => return Err(StorageError::Locked(path)),
            Err(TryLockError::Error(error)) => return Err(io_error(&path)(error)),
        }
    }
}

/// Returns whether the file is empty or does not exist.
fn is_empty(path: &Path) -> Result<bool, StorageError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(metadata.len() == 0),
        Ok(_) => Err(StorageError::Foreign(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(io_error(path)(error)),
    }
}

/// Opens a database for reading. Creates no files.
fn open_read_only(path: &Path) -> Result<Connection, StorageError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut name = path.to_owned();
    if !Path::new(&log).exists() {
        // Nobody is writing. Without this parameter, SQLite would create a log and its index, which
        // it cannot in a read-only directory.
        let absolute = std::path::absolute(path).map_err(io_error(path))?;
        if let Ok(mut url) = url::Url::from_file_path(absolute) {
            url.set_query(Some("immutable=1"));
            name = PathBuf::from(url.as_str());
            flags |= OpenFlags::SQLITE_OPEN_URI;
        }
    }
    let open = || {
        let connection = Connection::open_with_flags(&name, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    };
    open().map_err(|error| sqlite(path, error))
}

/// Returns an error if the file is another program's, newer or damaged.
fn check_contents(connection: &Connection, path: &Path) -> Result<(), StorageError> {
    let of_sqlite = |error| sqlite(path, error);
    let id: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(of_sqlite)?;
    let tables: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(of_sqlite)?;
    // A process that was killed before the first migration leaves a database without tables.
    if id != APPLICATION_ID && (id != 0 || tables > 0) {
        return Err(StorageError::Foreign(path.to_owned()));
    }
    let version = user_version(connection).map_err(of_sqlite)?;
    if version > MIGRATIONS.len() {
        let path = path.to_owned();
        return Err(StorageError::Newer { path, version });
    }
    let reason: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(of_sqlite)?;
    match reason.as_str() {
        "ok" => Ok(()),
        _ => Err(StorageError::Corrupt {
            path: path.to_owned(),
            reason,
        }),
    }
}

/// Returns an error if the file contains data of another API.
fn check_api(connection: &Connection, path: &Path, api_url: &str) -> Result<(), StorageError> {
    let version = user_version(connection).map_err(|error| sqlite(path, error))?;
    if version == 0 {
        return Ok(());
    }
    let url = setting(connection, "api_url").map_err(|error| sqlite(path, error))?;
    match url {
        Some(url) if url != api_url => Err(StorageError::OtherApi {
            path: path.to_owned(),
            url,
        }),
        _ => Ok(()),
    }
}

pub(super) fn user_version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| {
        row.get(0).map(|version: u32| version as usize)
    })
}

pub(super) fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    use rusqlite::OptionalExtension;
    let value = "SELECT value FROM setting WHERE name = ?1";
    connection
        .query_row(value, [name], |row| row.get(0))
        .optional()
}

fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2 WHERE value <> ?2",
        [name, value],
    )?;
    Ok(())
}
