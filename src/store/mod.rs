//! The database: what Heroku has reported, so that nothing is lost in a restart and past months stay
//! known.
//!
//! It contains decoded facts, never raw answers, and no token. One thread owns the connection; the
//! rest of the program sends it answers to write and queries to run. Without a storage directory, or
//! if the database in it cannot be used, the same code runs on a database in memory.

mod answer;
mod column;
mod database;
mod history;
mod inventory;
pub mod maintenance;
mod read;
mod write;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use billing::resources::DynoSize;
use billing::run_rate::Inventory;
use heroku_api::client::Validator;
use heroku_api::stats::Endpoint;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, Transaction};
use url::Url;

use database::Database;

pub use answer::{
    Answer, Data, Fact, Key, Loaded, LoadedAccount, LoadedAnswer, LoadedTeam, PastUsage, Subject,
};
pub use database::StorageError;
pub use history::{History, HistoryError};

/// The time between two commits of confirmations, and before a failed write is retried.
const COMMIT_INTERVAL: Duration = Duration::from_secs(60);

/// The time during which answers are collected for one transaction. Those of a poll change the same
/// pages, each of which is then written once.
const COLLECT_TIME: Duration = Duration::from_secs(1);

/// The time limit for reading the last answers at the start.
const LOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// The database and the thread that owns it.
#[derive(Debug)]
pub struct Store {
    jobs: Sender<Job>,
    /// The thread; `None` if another handle waits for it.
    thread: Option<JoinHandle<()>>,
    status: Arc<Status>,
}

/// What the rest of the program may know about the database.
#[derive(Debug, Default)]
struct Status {
    /// Whether a storage directory is set.
    has_directory: bool,
    /// Whether the database is in it, and the last write succeeded.
    is_up: AtomicBool,
    /// Counts the answers with usage, each of which may change past months.
    usage_version: AtomicU64,
}

/// A job of the thread.
enum Job {
    /// Writes an answer with others.
    Answer(Box<Answer>),
    /// Writes the usage of past months with other answers.
    PastUsage(Box<PastUsage>, Timestamp),
    /// Writes an inventory with answers.
    Inventory(Subject, Arc<Inventory>),
    /// Writes the dyno sizes with answers.
    DynoSizes(Arc<Vec<DynoSize>>),
    /// Writes a confirmation with others.
    Confirmation(Subject, Endpoint, Confirmation),
    /// Runs a query.
    Query(Box<dyn FnOnce(&Connection) + Send>),
    /// Writes what is pending and ends the thread.
    Stop,
}

/// A confirmation that an answer is still current.
#[derive(Debug)]
struct Confirmation {
    at: Timestamp,
    validator: Option<Validator>,
}

impl Store {
    /// Opens the database in `directory` for data of the API at `api_url`. Creates it if it does not
    /// exist. Logs an error and continues in memory if it cannot be used.
    pub fn open(directory: &Path, api_url: &Url) -> Self {
        let path = database::path_in(directory);
        match Database::open(directory, api_url.as_str()) {
            Ok(database) => {
                tracing::info!(path = %path.display(), "storage opened");
                Self::start(database, true)
            }
            Err(error) => {
                tracing::error!(%error, "storage unavailable, continuing in memory");
                // What can be read is better than nothing.
                let copy = Database::copy_of(directory, api_url.as_str());
                let database = copy.unwrap_or_else(|_| Database::in_memory(api_url.as_str()));
                Self::start(database, true)
            }
        }
    }

    /// Creates a database in memory, with a copy of the one in `directory` if there is one. The
    /// directory is not changed.
    pub fn in_memory(directory: Option<&Path>, api_url: &Url) -> Self {
        let copy = directory.map(|directory| Database::copy_of(directory, api_url.as_str()));
        let database = match copy {
            Some(Ok(copy)) => copy,
            Some(Err(error)) => {
                tracing::error!(%error, "storage unavailable");
                Database::in_memory(api_url.as_str())
            }
            None => Database::in_memory(api_url.as_str()),
        };
        Self::start(database, false)
    }

    fn start(database: Database, has_directory: bool) -> Self {
        let (jobs, received) = mpsc::channel();
        let status = Arc::new(Status {
            is_up: AtomicBool::new(database.is_file() == has_directory),
            has_directory,
            ..Status::default()
        });
        let writer = Writer {
            database,
            status: Arc::clone(&status),
            confirmations: BTreeMap::new(),
            unwritten: Vec::new(),
            next_write: None,
            next_commit: Instant::now() + COMMIT_INTERVAL,
        };
        let thread = std::thread::spawn(move || writer.run(&received));
        Self {
            jobs,
            thread: Some(thread),
            status,
        }
    }

    /// Returns another handle of the database.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            jobs: self.jobs.clone(),
            thread: None,
            status: Arc::clone(&self.status),
        }
    }

    /// Returns the last answers. Times after `now` become `now`.
    pub fn load(&self, now: Timestamp) -> Loaded {
        let mut loaded = match self.history().query_within(LOAD_TIMEOUT, read::loaded) {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!(%error, "storage cannot be read");
                Loaded::default()
            }
        };
        loaded.limit_times(now);
        loaded
    }

    /// Writes an answer, with others within a second.
    pub fn write(&self, answer: Answer) {
        if matches!(answer.data, Some(Data::Usage(_) | Data::AccountUsage(_))) {
            self.status.usage_version.fetch_add(1, Ordering::Relaxed);
        }
        self.send(Job::Answer(Box::new(answer)));
    }

    /// Writes the inventory of a team or of the personal account.
    pub fn write_inventory(&self, subject: Subject, inventory: Arc<Inventory>) {
        self.send(Job::Inventory(subject, inventory));
    }

    /// Writes the dyno sizes.
    pub fn write_dyno_sizes(&self, sizes: Arc<Vec<DynoSize>>) {
        self.send(Job::DynoSizes(sizes));
    }

    /// Writes the usage of past months.
    pub fn write_past_usage(&self, usage: PastUsage, at: Timestamp) {
        self.status.usage_version.fetch_add(1, Ordering::Relaxed);
        self.send(Job::PastUsage(Box::new(usage), at));
    }

    /// Writes that Heroku has confirmed an answer, with other confirmations within a minute.
    pub fn confirm(
        &self,
        subject: Subject,
        endpoint: Endpoint,
        at: Timestamp,
        validator: Option<Validator>,
    ) {
        let confirmation = Confirmation { at, validator };
        self.send(Job::Confirmation(subject, endpoint, confirmation));
    }

    /// Returns whether the database works as configured: in the storage directory if one is set, and
    /// with the last write.
    pub fn is_up(&self) -> bool {
        self.status.is_up.load(Ordering::Relaxed)
    }

    /// Returns the read-only view of the data.
    pub fn history(&self) -> History {
        History::new(self.jobs.clone(), Arc::clone(&self.status))
    }

    /// Writes what is pending and closes the database, for all handles. Blocks until then.
    pub fn close(self) {
        self.send(Job::Stop);
        // A panic of the thread has been logged.
        let _ = self.thread.map(JoinHandle::join);
    }

    fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            // Only a panic ends the thread.
            self.status.is_up.store(false, Ordering::Relaxed);
        }
    }
}

/// What the thread does.
#[derive(Debug)]
struct Writer {
    database: Database,
    status: Arc<Status>,
    /// The confirmations since the last commit.
    confirmations: BTreeMap<(Subject, &'static str), Confirmation>,
    /// The latest answers that are not written yet, in the order in which they arrived.
    unwritten: Vec<((Subject, &'static str), Unwritten)>,
    /// When new answers are written; `None` if there are none.
    next_write: Option<Instant>,
    /// When confirmations are committed and failed writes are retried.
    next_commit: Instant,
}

/// An answer that is not written yet.
#[derive(Debug)]
enum Unwritten {
    Answer(Box<Answer>),
    PastUsage(Box<PastUsage>, Timestamp),
    Inventory(Arc<Inventory>),
    DynoSizes(Arc<Vec<DynoSize>>),
}

impl Unwritten {
    fn write(&self, subject: &Subject, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Answer(answer) => write::answer(transaction, answer),
            Self::PastUsage(usage, at) => write::past_usage(transaction, usage, *at),
            Self::Inventory(inventory) => {
                let target = write::target(transaction, subject)?;
                inventory::write(transaction, target, inventory)
            }
            Self::DynoSizes(sizes) => inventory::write_sizes(transaction, sizes),
        }
    }
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            if self.next_commit <= Instant::now() {
                self.commit();
            }
            if self.next_write.is_some_and(|next| next <= Instant::now()) {
                self.write_answers();
            }
            let next = self
                .next_write
                .map_or(self.next_commit, |next| next.min(self.next_commit));
            let timeout = next.saturating_duration_since(Instant::now());
            match jobs.recv_timeout(timeout) {
                Ok(Job::Answer(answer)) => {
                    let key = (answer.subject.clone(), answer.endpoint.as_str());
                    self.confirmations.remove(&key);
                    self.collect(key, Unwritten::Answer(answer));
                }
                Ok(Job::PastUsage(usage, at)) => {
                    let key = (usage.subject(), Endpoint::PastUsage.as_str());
                    self.collect(key, Unwritten::PastUsage(usage, at));
                }
                Ok(Job::Inventory(subject, inventory)) => {
                    self.collect((subject, "inventory"), Unwritten::Inventory(inventory));
                }
                Ok(Job::DynoSizes(sizes)) => {
                    let key = (Subject::Discovery, Endpoint::DynoSizes.as_str());
                    self.collect(key, Unwritten::DynoSizes(sizes));
                }
                Ok(Job::Confirmation(subject, endpoint, confirmation)) => {
                    let key = (subject, endpoint.as_str());
                    // An answer that is not written yet contains an earlier time, which is no loss.
                    self.confirmations.insert(key, confirmation);
                }
                Ok(Job::Query(query)) => {
                    if self.next_write.is_some() {
                        self.write_answers();
                    }
                    query(&self.database.connection);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.commit();
    }

    /// Writes what is pending.
    fn commit(&mut self) {
        self.next_commit = Instant::now() + COMMIT_INTERVAL;
        self.write_answers();
        if self.confirmations.is_empty() || !self.unwritten.is_empty() {
            return;
        }
        let confirmations = std::mem::take(&mut self.confirmations);
        let result = self.transaction(|transaction| {
            let mut confirmations = confirmations.iter();
            confirmations.try_for_each(|((subject, endpoint), confirmation)| {
                let Confirmation { at, validator } = confirmation;
                write::confirmation(transaction, subject, endpoint, *at, validator.as_ref())
            })
        });
        self.record(result);
    }

    /// Keeps an answer until others have arrived.
    fn collect(&mut self, key: (Subject, &'static str), answer: Unwritten) {
        let is_known = self.unwritten.iter().any(|(known, _)| *known == key);
        if is_known && self.next_write.is_some() {
            // The earlier answer may be a night of its own.
            self.write_answers();
        }
        self.unwritten.retain(|(known, _)| *known != key);
        self.unwritten.push((key, answer));
        self.next_write
            .get_or_insert_with(|| Instant::now() + COLLECT_TIME);
    }

    /// Writes answers in one transaction. If it fails, writes each in its own, and keeps those that fail.
    fn write_answers(&mut self) {
        self.next_write = None;
        let mut unwritten = std::mem::take(&mut self.unwritten);
        if unwritten.len() > 1 {
            let result = self.transaction(|transaction| {
                unwritten
                    .iter()
                    .try_for_each(|((subject, _), answer)| answer.write(subject, transaction))
            });
            if result.is_ok() {
                self.record(result);
                return;
            }
        }
        unwritten.retain(|((subject, _), answer)| {
            let result = self.transaction(|transaction| answer.write(subject, transaction));
            !self.record(result)
        });
        self.unwritten = unwritten;
    }

    fn transaction(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let transaction = self.database.connection.transaction()?;
        write(&transaction)?;
        transaction.commit()
    }

    /// Records the result of a write. Returns whether it succeeded.
    fn record(&mut self, result: rusqlite::Result<()>) -> bool {
        let is_file = self.database.is_file();
        let is_up = is_file == self.status.has_directory && result.is_ok();
        let was_up = self.status.is_up.swap(is_up, Ordering::Relaxed);
        let Err(error) = result else {
            if is_up && !was_up {
                tracing::info!("storage available again");
            }
            return true;
        };
        if was_up || !is_file {
            let retry_in_seconds = COMMIT_INTERVAL.as_secs();
            tracing::error!(%error, retry_in_seconds, "storage write failed, keeping data in memory");
        }
        let code = error.sqlite_error_code();
        if is_file
            && matches!(
                code,
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            )
        {
            tracing::error!("storage damaged, continuing in memory");
            self.database = self.database.emptied();
        }
        false
    }
}

impl PastUsage {
    fn subject(&self) -> Subject {
        match self {
            Self::Team(key, _) => Subject::Team(key.clone()),
            Self::EnterpriseAccount(key, _) => Subject::EnterpriseAccount(key.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
