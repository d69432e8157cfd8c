//! The read-only view of the database: past months and recorded nights.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use billing::month::Month;
use billing::usage::MonthlyUsage;
use rusqlite::Connection;

use super::{Job, Status, read};

/// The time limit of a query, so that scrapes do not wait for a file system that hangs.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The read-only view of the database. Its methods block, and belong on a blocking thread.
#[derive(Clone)]
pub struct History {
    jobs: Sender<Job>,
    status: Arc<Status>,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// An error of SQLite.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The database has been closed.
    #[error("the database has been closed")]
    Closed,
    /// The database does not respond, such as on a file system that hangs.
    #[error("the database does not respond")]
    Timeout,
}

impl History {
    pub(super) fn new(jobs: Sender<Job>, status: Arc<Status>) -> Self {
        Self { jobs, status }
    }

    /// Returns a number that changes when past months may have changed.
    pub fn version(&self) -> u64 {
        self.status.usage_version.load(Ordering::Relaxed)
    }

    /// Returns the months with known usage of the team with this id, or with this name if the id is
    /// unknown, oldest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be read.
    pub fn months(&self, id: Option<&str>, name: &str) -> Result<Vec<Month>, HistoryError> {
        let (id, name) = (id.map(str::to_owned), name.to_owned());
        self.query(
            move |connection| match read::team_key(connection, id.as_deref(), &name)? {
                Some(team) => read::months(connection, team),
                None => Ok(Vec::new()),
            },
        )
    }

    /// Returns the usage of the team with this id, or with this name if the id is unknown, in `month`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be read.
    pub fn usage(
        &self,
        id: Option<&str>,
        name: &str,
        month: Month,
    ) -> Result<Option<MonthlyUsage>, HistoryError> {
        let (id, name) = (id.map(str::to_owned), name.to_owned());
        self.query(
            move |connection| match read::team_key(connection, id.as_deref(), &name)? {
                Some(team) => read::month(connection, team, &month.to_string()),
                None => Ok(None),
            },
        )
    }

    fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, HistoryError> {
        self.query_within(TIMEOUT, query)
    }

    /// Runs a query on the thread of the database, after the jobs before it, and waits for the result.
    pub(super) fn query_within<T: Send + 'static>(
        &self,
        timeout: Duration,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let (result, received) = mpsc::sync_channel(1);
        let job = Job::Query(Box::new(move |connection| {
            // Fails only if the caller has panicked.
            let _ = result.send(query(connection));
        }));
        self.jobs.send(job).map_err(|_| HistoryError::Closed)?;
        let result = received.recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Timeout => HistoryError::Timeout,
            RecvTimeoutError::Disconnected => HistoryError::Closed,
        });
        Ok(result??)
    }
}
