//! The state file preserves the last responses across restarts: no data is lost during an outage, and
//! the first requests are conditional.
//!
//! The file contains raw responses, which are decoded like responses from Heroku, so that there is no
//! second format of the data. It contains no token. A checksum detects edits, because Heroku would
//! confirm an edited response as not modified. An invalid file is logged and ignored.

pub(super) mod writer;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use crate::snapshot::LastSuccess;
use billing::invoice::Invoices;
use billing::usage::Usage;
use exporter_toolkit::bounded;
use heroku_api::client::{Decoded, FromPages, Validator};
use heroku_api::enterprise::AccountUsage;
use heroku_api::skipped::Skipped;
use heroku_api::stats::Endpoint;
use heroku_api::team::{Account, Delinquency, Identity, Licenses};

/// The version of the format. A file of another version is ignored.
const VERSION: u32 = 3;

/// The maximum size of the file in bytes.
const MAX_FILE_SIZE: u64 = 1 << 30;

/// The state file.
#[derive(Clone, Debug)]
pub struct StateFile {
    path: PathBuf,
}

/// The subject of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A team, by the id or name in requests.
    Team(String),
    /// An enterprise account, by its id or name in the settings.
    EnterpriseAccount(String),
    /// The token's own account.
    PersonalAccount,
    /// The list of discovered teams.
    Teams,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Team(team) => write!(f, "team {team}"),
            Self::EnterpriseAccount(account) => write!(f, "enterprise account {account}"),
            Self::PersonalAccount => f.write_str("the personal account"),
            Self::Teams => f.write_str("all teams"),
        }
    }
}

/// A response in the state file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry<'a> {
    /// The subject.
    #[serde(rename = "about")]
    pub subject: Subject,
    /// The endpoint, from [`Endpoint::as_str`].
    pub endpoint: Cow<'a, str>,
    /// When Heroku last returned or confirmed the response.
    pub at: Timestamp,
    /// When Heroku first returned it.
    pub changed_at: Timestamp,
    /// The validator for a conditional request.
    pub validator: Option<Cow<'a, Validator>>,
    /// The raw pages; empty if the endpoint is not available.
    pub pages: Cow<'a, [String]>,
}

/// The decoded entries of a state file.
#[derive(Debug, Default)]
pub struct LoadedState {
    /// The number of entries.
    pub entries: usize,
    /// The invoices of teams and of the personal account.
    pub invoices: HashMap<Subject, LoadedResponse<Invoices>>,
    /// The usage of teams.
    pub usage: HashMap<Subject, LoadedResponse<Usage>>,
    /// The usage of enterprise accounts.
    pub account_usage: HashMap<Subject, LoadedResponse<AccountUsage>>,
    /// The list of discovered teams.
    pub teams: HashMap<Subject, LoadedResponse<Vec<Identity>>>,
    /// The identities of teams.
    pub identities: HashMap<Subject, MetadataValue<Identity>>,
    /// The identities of enterprise accounts.
    pub accounts: HashMap<Subject, MetadataValue<Account>>,
    /// The delinquency of teams.
    pub delinquencies: HashMap<Subject, MetadataValue<Delinquency>>,
    /// The licenses of teams.
    pub licenses: HashMap<Subject, MetadataValue<Licenses>>,
}

/// A decoded response of a polled endpoint.
#[derive(Debug)]
pub struct LoadedResponse<T> {
    /// The decoded data and its times.
    pub success: LastSuccess<T>,
    /// The validator for a conditional request.
    pub validator: Option<Validator>,
    /// The raw pages.
    pub pages: Vec<String>,
    /// What could not be decoded.
    pub skipped: Skipped,
}

/// A decoded response of a metadata endpoint.
#[derive(Clone, Debug)]
pub struct MetadataValue<T> {
    /// The decoded data; `None` if the endpoint is not available.
    pub data: Option<Arc<T>>,
    /// When Heroku returned it.
    pub at: Timestamp,
    /// The raw pages.
    pub pages: Vec<String>,
}

impl<T> MetadataValue<T> {
    /// Returns the entry for the state file.
    pub fn entry(&self, subject: Subject, endpoint: Endpoint) -> Entry<'_> {
        Entry {
            subject,
            endpoint: endpoint.as_str().into(),
            at: self.at,
            changed_at: self.at,
            validator: None,
            pages: (&self.pages).into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    version: u32,
    crc32: u32,
    /// Not a `Url`, because parsing would normalize it and hide edits.
    api_url: Cow<'a, str>,
    #[serde(borrow, rename = "answers")]
    entries: &'a RawValue,
}

/// The part of a document that all versions share.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Why a state file is invalid.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is truncated or not a state file.
    #[error("truncated, or not a state file: {0}")]
    Truncated(#[from] serde_json::Error),
    /// The file has another version.
    #[error("version {0} is not supported, expected {VERSION}")]
    Version(u32),
    /// The file has been edited or damaged.
    #[error("checksum mismatch: edited or damaged")]
    ChecksumMismatch,
    /// The file contains responses of another API.
    #[error("contains responses of another API, {0}")]
    OtherApi(Url),
    /// The exporter could not have written the entry.
    #[error("invalid {endpoint} entry of {subject}: {error}")]
    InvalidEntry {
        /// The subject of the entry.
        subject: Subject,
        /// The endpoint of the entry.
        endpoint: String,
        /// The error.
        error: String,
    },
}

impl StateFile {
    /// Creates a reference to the file at `path`, which need not exist.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads the responses of the API at `api_url`. Logs an error and returns an empty state if the
    /// file is invalid.
    pub fn read(&self, api_url: &Url, now: Timestamp) -> LoadedState {
        let path = self.path.display();
        let text = bounded::read(&self.path, MAX_FILE_SIZE).map_err(StateError::from);
        match text.and_then(|text| parse(&text, api_url, now)) {
            Ok(loaded) => {
                tracing::info!(%path, entries = loaded.entries, "state file loaded");
                loaded
            }
            Err(StateError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                tracing::info!(%path, "no state file yet");
                LoadedState::default()
            }
            Err(error) => {
                tracing::warn!(%path, %error, "state file ignored");
                LoadedState::default()
            }
        }
    }

    /// Returns a blocking closure that writes the entries to the file.
    pub fn writer(&self, api_url: &Url, entries: &[Entry<'_>]) -> impl FnOnce() + Send + use<> {
        let text = serde_json::value::to_raw_value(entries)
            .and_then(|entries| serialize(api_url, &entries));
        let path = self.path.clone();
        move || {
            let result = text
                .map_err(io::Error::from)
                .and_then(|text| replace(&path, text.as_bytes()));
            if let Err(error) = result {
                let path = path.display();
                tracing::error!(%path, %error, "state file write failed");
            }
        }
    }
}

/// Serializes a state file with `entries`, a JSON list of [`Entry`].
///
/// # Errors
///
/// Does not fail, as all parts are valid JSON.
pub fn serialize(api_url: &Url, entries: &RawValue) -> serde_json::Result<String> {
    serde_json::to_string(&Document {
        version: VERSION,
        crc32: checksum(api_url.as_str(), entries),
        api_url: api_url.as_str().into(),
        entries,
    })
}

fn checksum(api_url: &str, entries: &RawValue) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(api_url.as_bytes());
    hasher.update(entries.get().as_bytes());
    hasher.finalize()
}

/// Parses a state file with responses of the API at `api_url`. Times after `now` are set to `now`.
///
/// # Errors
///
/// Returns an error if the exporter could not have written the file.
pub fn parse(text: &str, api_url: &Url, now: Timestamp) -> Result<LoadedState, StateError> {
    let Versioned { version } = serde_json::from_str(text)?;
    if version != VERSION {
        return Err(StateError::Version(version));
    }
    let document: Document<'_> = serde_json::from_str(text)?;
    if document.crc32 != checksum(&document.api_url, document.entries) {
        return Err(StateError::ChecksumMismatch);
    }
    if document.api_url != api_url.as_str() {
        let other = document.api_url.parse();
        return Err(other.map_or(StateError::ChecksumMismatch, StateError::OtherApi));
    }
    let entries: Vec<Entry<'static>> = serde_json::from_str(document.entries.get())?;
    let mut loaded = LoadedState {
        entries: entries.len(),
        ..LoadedState::default()
    };
    for entry in entries {
        let (subject, endpoint) = (entry.subject.clone(), entry.endpoint.to_string());
        let invalid = |error| StateError::InvalidEntry {
            subject,
            endpoint,
            error,
        };
        loaded.add(entry, now).map_err(invalid)?;
    }
    Ok(loaded)
}

impl LoadedState {
    /// Decodes an entry and adds it.
    fn add(&mut self, entry: Entry<'_>, now: Timestamp) -> Result<(), String> {
        fn insert<T>(
            map: &mut HashMap<Subject, T>,
            subject: Subject,
            value: Result<T, String>,
        ) -> Result<(), String> {
            map.insert(subject, value?);
            Ok(())
        }
        use Subject::{EnterpriseAccount, PersonalAccount, Team, Teams};
        let (subject, endpoint) = (entry.subject.clone(), entry.endpoint.clone());
        match (&subject, &*endpoint) {
            (Team(_) | PersonalAccount, "invoices") => {
                insert(&mut self.invoices, subject, entry.response(now))
            }
            (Team(_), "usage") => insert(&mut self.usage, subject, entry.response(now)),
            (EnterpriseAccount(_), "usage") => {
                insert(&mut self.account_usage, subject, entry.response(now))
            }
            (Teams, "teams") => insert(&mut self.teams, subject, entry.response(now)),
            (Team(_), "team") => insert(&mut self.identities, subject, entry.metadata(now)),
            (EnterpriseAccount(_), "enterprise_account") => {
                insert(&mut self.accounts, subject, entry.metadata(now))
            }
            (Team(_), "delinquency") => {
                insert(&mut self.delinquencies, subject, entry.metadata(now))
            }
            (Team(_), "licenses") => insert(&mut self.licenses, subject, entry.metadata(now)),
            _ => Err("unknown endpoint".into()),
        }
    }
}

impl Entry<'_> {
    fn response<T: FromPages>(self, now: Timestamp) -> Result<LoadedResponse<T>, String> {
        let validator = self.validator.map(Cow::into_owned);
        let response = Decoded::<T>::decode(self.pages.into_owned(), validator);
        let response = response.map_err(|error| error.to_string())?;
        let mut success = LastSuccess {
            data: response.data.into(),
            at: self.at,
            changed_at: self.changed_at,
        };
        success.limit_times(now);
        Ok(LoadedResponse {
            success,
            validator: response.validator,
            pages: response.pages,
            skipped: response.skipped,
        })
    }

    fn metadata<T: FromPages>(self, now: Timestamp) -> Result<MetadataValue<T>, String> {
        let pages = self.pages.into_owned();
        let response = (!pages.is_empty()).then(|| Decoded::<T>::decode(pages, None));
        let response = response.transpose().map_err(|error| error.to_string())?;
        let (data, pages) = response.map_or((None, Vec::new()), |response| {
            (Some(Arc::new(response.data)), response.pages)
        });
        let at = self.at.min(now);
        Ok(MetadataValue { data, at, pages })
    }
}

/// Replaces a file atomically. Only the owner can read it.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // A rename is atomic only within a file system. With a fixed name, crashes leave at most one
    // temporary file.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(&temporary)?;
        file.write_all(text)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    if let Err(error) = write() {
        // A full disk must not stay full.
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    flush_directory(path)
}

/// Flushes the directory. Otherwise a power failure could undo the rename.
#[cfg(unix)]
fn flush_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

/// Does nothing, because other systems cannot open a directory as a file.
#[cfg(not(unix))]
fn flush_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
