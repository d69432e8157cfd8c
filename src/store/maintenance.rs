//! What `storage` prints and does: contents, integrity, size and copies of the database.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::database::{self, Database, StorageError};

/// The contents of a database.
#[derive(Debug)]
pub struct Contents {
    /// The file.
    pub path: PathBuf,
    /// The size in bytes, with the write-ahead log.
    pub size: u64,
    /// The version of the schema.
    pub version: usize,
    /// The URL of the API that the data is from.
    pub api_url: String,
    /// When Heroku last confirmed any data.
    pub confirmed_at: Option<Timestamp>,
    /// The number of teams with usage.
    pub teams: u64,
    /// The number of different app names.
    pub apps: u64,
    /// The first and the last month with usage.
    pub months: Option<(String, String)>,
    /// The first and the last day with recorded nights.
    pub nights: Option<(String, String)>,
    /// The number of invoices.
    pub invoices: u64,
    /// The number of versions of these invoices.
    pub invoice_versions: u64,
}

/// Returns the contents of the database in `directory`.
///
/// # Errors
///
/// Returns an error if there is no usable database.
pub fn contents(directory: &Path) -> Result<Contents, StorageError> {
    let connection = Database::read(directory)?;
    let path = database::path_in(directory);
    let read = || {
        let number = |query| connection.query_row(query, [], |row| row.get::<_, u32>(0));
        let range = |query| -> rusqlite::Result<Option<(String, String)>> {
            let range: (Option<String>, Option<String>) =
                connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(range.0.zip(range.1))
        };
        let confirmed_at: Option<i64> =
            connection.query_row("SELECT max(confirmed_at) FROM endpoint", [], |row| {
                row.get(0)
            })?;
        Ok(Contents {
            path: path.clone(),
            size: database::size(&path),
            version: database::user_version(&connection)?,
            api_url: database::setting(&connection, "api_url")?.unwrap_or_default(),
            confirmed_at: confirmed_at.and_then(|at| Timestamp::from_millisecond(at).ok()),
            teams: number("SELECT count(DISTINCT target) FROM team_month")?.into(),
            apps: number("SELECT count(*) FROM (SELECT DISTINCT target, app_name FROM app_month)")?
                .into(),
            months: range("SELECT min(month), max(month) FROM team_month")?,
            nights: range("SELECT min(day), max(day) FROM team_night")?,
            invoices: number("SELECT count(*) FROM invoice WHERE is_current")?.into(),
            invoice_versions: number("SELECT count(*) FROM invoice")?.into(),
        })
    };
    read().map_err(|error| database::sqlite(&path, error))
}

/// Checks the database in `directory` completely. Returns the errors that SQLite finds.
///
/// # Errors
///
/// Returns an error if there is no usable database.
pub fn check(directory: &Path) -> Result<Vec<String>, StorageError> {
    let connection = Database::read(directory)?;
    let rows = |pragma: &str, column: usize| -> rusqlite::Result<Vec<String>> {
        let mut query = connection.prepare(pragma)?;
        query.query_map([], |row| row.get(column))?.collect()
    };
    let errors = || {
        let mut errors = rows("PRAGMA integrity_check", 0)?;
        errors.retain(|error| error != "ok");
        let references = rows("PRAGMA foreign_key_check", 0)?.into_iter();
        errors.extend(references.map(|table| format!("invalid reference in table {table}")));
        Ok(errors)
    };
    errors().map_err(|error| database::sqlite(&database::path_in(directory), error))
}

/// Rewrites the database in `directory` without unused space. Returns its size in bytes before and
/// after.
///
/// # Errors
///
/// Returns an error if there is no usable database, or another process writes to it.
pub fn vacuum(directory: &Path) -> Result<(u64, u64), StorageError> {
    let path = database::path_in(directory);
    let api_url = {
        let connection = Database::read(directory)?;
        let url = database::setting(&connection, "api_url");
        url.map_err(|error| database::sqlite(&path, error))?
    };
    let before = database::size(&path);
    let database = Database::open(directory, &api_url.unwrap_or_default())?;
    let vacuum = |connection: &Connection| {
        connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
    };
    vacuum(&database.connection).map_err(|error| database::sqlite(&path, error))?;
    drop(database);
    Ok((before, database::size(&path)))
}

/// Copies the database in `directory` to `file`, which must not exist. A process may be writing to the
/// database; the copy is of one moment. Returns the size of the copy in bytes.
///
/// # Errors
///
/// Returns an error if there is no usable database, or the file exists or cannot be written.
pub fn backup(directory: &Path, file: &Path) -> Result<u64, StorageError> {
    let connection = Database::read(directory)?;
    let io_error = |error| StorageError::Io {
        path: file.to_owned(),
        error,
    };
    // Fails if the file exists, which SQLite does not if it is empty.
    std::fs::File::create_new(file).map_err(io_error)?;
    let name = file.to_str().ok_or_else(|| {
        io_error(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the name is not UTF-8",
        ))
    })?;
    let copied = connection.execute("VACUUM INTO ?1", [name]);
    if let Err(error) = copied {
        // An incomplete copy must not be taken for a backup.
        let _ = std::fs::remove_file(file);
        return Err(database::sqlite(file, error));
    }
    Ok(database::size(file))
}
