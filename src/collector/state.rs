//! What Heroku last answered, kept on disk, so that a restart during an outage loses nothing and a
//! restart at any time asks Heroku only for what has changed.
//!
//! The answers are kept as Heroku sent them and are read again as any answer is: the file has no
//! shape of its own that could drift from the domain's. It holds no token. A checksum tells what
//! somebody has edited: Heroku would say of it, by its tag, that it still stands. A file that cannot
//! be used is reported and ignored; nothing here ends the program.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use crate::snapshot::LastSuccess;
use billing::invoice::Invoices;
use billing::usage::Usage;
use exporter_toolkit::bounded;
use heroku_api::client::{Decoded, FromPages, Validator};
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::Endpoint;
use heroku_api::team::{Account, Delinquency, Identity, Licenses};

/// The version of the file's format. A file of another version is ignored: it costs a poll.
const VERSION: u32 = 3;

/// As far as a clock may have been set back since the file was written.
const CLOCK_SET_BACK: SignedDuration = SignedDuration::from_hours(24);

/// A file larger than this was not written by this program.
const LARGEST_FILE: u64 = 1 << 30;

/// Where answers are kept.
#[derive(Clone, Debug)]
pub struct StateFile {
    path: PathBuf,
}

/// Whom an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A team, by its id or its name, as it is asked for.
    Team(String),
    /// An enterprise account, by its id or its name as the settings have it.
    EnterpriseAccount(String),
    /// The account that the token is of.
    PersonalAccount,
    /// All teams that the token sees.
    Teams,
}

impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Team(team) => write!(f, "team {team}"),
            Self::EnterpriseAccount(account) => write!(f, "enterprise account {account}"),
            Self::PersonalAccount => f.write_str("the personal account"),
            Self::Teams => f.write_str("all teams"),
        }
    }
}

/// An answer to be kept.
#[derive(Debug, Serialize)]
pub struct Kept<'a> {
    /// Whom it is about.
    pub about: About,
    /// Which endpoint answered.
    #[serde(serialize_with = "endpoint_word")]
    pub endpoint: Endpoint,
    /// When Heroku last gave the answer.
    pub at: Timestamp,
    /// When Heroku first gave the answer.
    pub changed_at: Timestamp,
    /// By what to ask whether it still stands.
    pub validator: Option<&'a Validator>,
    /// The answer as Heroku sent it; without a page where Heroku does not offer it.
    pub pages: &'a [String],
}

fn endpoint_word<S: serde::Serializer>(
    endpoint: &Endpoint,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(endpoint.as_str())
}

/// What was kept, by whom it is about.
#[derive(Debug, Default)]
pub struct Restored {
    /// Invoices of teams and of the personal account.
    pub invoices: HashMap<About, RestoredAnswer<Invoices>>,
    /// Usage of teams.
    pub usage: HashMap<About, RestoredAnswer<Usage>>,
    /// Usage of enterprise accounts.
    pub account_usage: HashMap<About, RestoredAnswer<AccountUsage>>,
    /// Which teams the token sees.
    pub teams: HashMap<About, RestoredAnswer<Vec<Identity>>>,
    /// Who teams are.
    pub identities: HashMap<About, Particular<Identity>>,
    /// Who enterprise accounts are.
    pub accounts: HashMap<About, Particular<Account>>,
    /// What is scheduled for teams.
    pub delinquencies: HashMap<About, Particular<Delinquency>>,
    /// The licences of teams.
    pub licenses: HashMap<About, Particular<Licenses>>,
}

/// A polled answer that was kept.
#[derive(Debug)]
pub struct RestoredAnswer<T> {
    /// What was understood of it, and when Heroku gave it.
    pub good: LastSuccess<T>,
    /// By what to ask whether it still stands.
    pub validator: Option<Validator>,
    /// The answer as Heroku sent it.
    pub pages: Vec<String>,
    /// For each of its rows that was left out, why.
    pub left_out: Vec<String>,
}

/// Something that is rarely asked, and when Heroku said it.
#[derive(Clone, Debug)]
pub struct Particular<T> {
    /// What Heroku said; `None` where it does not offer this.
    pub data: Option<Arc<T>>,
    /// When.
    pub at: Timestamp,
    /// The answer as Heroku sent it.
    pub pages: Vec<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    crc32: u32,
    api_url: &'a Url,
    answers: &'a RawValue,
}

/// What of any version can be read.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read<'a> {
    #[serde(rename = "version")]
    _version: u32,
    crc32: u32,
    /// As it stands: an address can be written in several ways.
    api_url: String,
    #[serde(borrow)]
    answers: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadAnswer {
    about: About,
    endpoint: String,
    at: Timestamp,
    changed_at: Timestamp,
    validator: Option<Validator>,
    pages: Vec<String>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not a state file, or torn.
    #[error("it is torn, or not a state file: {0}")]
    Torn(#[from] serde_json::Error),
    /// It has another version.
    #[error("it has version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// It is not as this program wrote it.
    #[error("it has been edited or damaged: its checksum does not fit")]
    Edited,
    /// It is of another API.
    #[error("it holds the answers of {0}")]
    OtherApi(Url),
    /// An answer in it is none that this program would have kept.
    #[error("its answer of {endpoint} for {about} is not one: {why}")]
    Decoded {
        /// Whom it is about.
        about: About,
        /// The endpoint.
        endpoint: String,
        /// What is wrong.
        why: String,
    },
}

impl StateFile {
    /// The state file at `path`, which need not exist.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads what the API at `api_url` answered before `now`; where that cannot be read, says so in
    /// the log and gives nothing.
    pub fn read(&self, api_url: &Url, now: Timestamp) -> Restored {
        let path = self.path.display();
        let restored = read_file(&self.path).and_then(|text| match text {
            Some(text) => parse(&text, api_url, now).map(Some),
            None => Ok(None),
        });
        match restored {
            Ok(Some(restored)) => {
                let answers = restored.len();
                tracing::info!(%path, answers, "the state file's answers are taken up");
                restored
            }
            Ok(None) => {
                tracing::info!(%path, "there is no state file yet");
                Restored::default()
            }
            Err(error) => {
                tracing::warn!(%path, %error, "the state file is ignored");
                Restored::default()
            }
        }
    }

    /// What writes `kept` to the file, when it is called. It may block.
    pub fn writer(&self, api_url: &Url, kept: &[Kept<'_>]) -> impl FnOnce() + Send + use<> {
        let text = serde_json::value::to_raw_value(kept).and_then(|kept| sealed(api_url, &kept));
        let path = self.path.clone();
        move || {
            let written = text
                .map_err(io::Error::from)
                .and_then(|text| replace(&path, text.as_bytes()));
            if let Err(error) = written {
                let path = path.display();
                tracing::error!(%path, %error, "the state file could not be written");
            }
        }
    }
}

/// The text of a state file that holds `answers` of the API at `api_url`, a list of [`Kept`].
///
/// # Errors
///
/// Never: each part can be written as JSON.
pub fn sealed(api_url: &Url, answers: &RawValue) -> serde_json::Result<String> {
    serde_json::to_string(&Written {
        version: VERSION,
        crc32: checksum(api_url.as_str(), answers),
        api_url,
        answers,
    })
}

fn checksum(api_url: &str, answers: &RawValue) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(api_url.as_bytes());
    hasher.update(answers.get().as_bytes());
    hasher.finalize()
}

fn read_file(path: &Path) -> Result<Option<String>, Unusable> {
    match bounded::read(path, LARGEST_FILE) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads a state file's text: what the API at `api_url` answered before `now`.
///
/// # Errors
///
/// Where it is not, as a whole, a file that this program wrote.
pub fn parse(text: &str, api_url: &Url, now: Timestamp) -> Result<Restored, Unusable> {
    let Versioned { version } = serde_json::from_str(text)?;
    if version != VERSION {
        return Err(Unusable::Version(version));
    }
    let read: Read<'_> = serde_json::from_str(text)?;
    if read.crc32 != checksum(&read.api_url, read.answers) {
        return Err(Unusable::Edited);
    }
    if read.api_url != api_url.as_str() {
        let other = read.api_url.parse().map_err(|_| Unusable::Edited)?;
        return Err(Unusable::OtherApi(other));
    }
    let answers: Vec<ReadAnswer> = serde_json::from_str(read.answers.get())?;
    // The clock may have been set back a little since; a day ahead is no clock's fault.
    let latest = now.saturating_add(CLOCK_SET_BACK).unwrap_or(now);
    let mut restored = Restored::default();
    for answer in answers {
        let (about, endpoint) = (answer.about.clone(), answer.endpoint.clone());
        restored.take(answer, now, latest).map_err(|why| {
            let why = why.to_string();
            Unusable::Decoded {
                about,
                endpoint,
                why,
            }
        })?;
    }
    Ok(restored)
}

impl Restored {
    /// How many answers there are.
    fn len(&self) -> usize {
        self.invoices.len()
            + self.usage.len()
            + self.account_usage.len()
            + self.teams.len()
            + self.identities.len()
            + self.accounts.len()
            + self.delinquencies.len()
            + self.licenses.len()
    }

    /// Takes an answer in, or tells why it is none.
    fn take(
        &mut self,
        answer: ReadAnswer,
        now: Timestamp,
        latest: Timestamp,
    ) -> Result<(), String> {
        if answer.at > latest || answer.changed_at > answer.at {
            return Err("its times are not in order".into());
        }
        let (about, endpoint) = (answer.about.clone(), answer.endpoint.clone());
        match (&about, endpoint.as_str()) {
            (About::Team(_) | About::PersonalAccount, "invoices") => {
                self.invoices.insert(about, answer.polled(now)?);
            }
            (About::Team(_), "usage") => {
                self.usage.insert(about, answer.polled(now)?);
            }
            (About::EnterpriseAccount(_), "usage") => {
                self.account_usage.insert(about, answer.polled(now)?);
            }
            (About::Teams, "teams") => {
                self.teams.insert(about, answer.polled(now)?);
            }
            (About::Team(_), "team") => {
                self.identities.insert(about, answer.particular(now)?);
            }
            (About::EnterpriseAccount(_), "enterprise_account") => {
                self.accounts.insert(about, answer.particular(now)?);
            }
            (About::Team(_), "delinquency") => {
                self.delinquencies.insert(about, answer.particular(now)?);
            }
            (About::Team(_), "licenses") => {
                self.licenses.insert(about, answer.particular(now)?);
            }
            _ => return Err("there is no such endpoint".into()),
        }
        Ok(())
    }
}

impl ReadAnswer {
    fn polled<T: FromPages>(self, now: Timestamp) -> Result<RestoredAnswer<T>, String> {
        let read = Decoded::<T>::from_kept(self.pages, self.validator);
        let answer = read.map_err(|error| error.to_string())?;
        let at = self.at.min(now);
        Ok(RestoredAnswer {
            good: LastSuccess {
                data: answer.data.into(),
                at,
                changed_at: self.changed_at.min(at),
            },
            validator: answer.validator,
            pages: answer.pages,
            left_out: answer.left_out,
        })
    }

    fn particular<T: FromPages>(self, now: Timestamp) -> Result<Particular<T>, String> {
        let read = |pages| Decoded::<T>::from_kept(pages, None).map_err(|error| error.to_string());
        let answer = match self.pages.is_empty() {
            true => None,
            false => Some(read(self.pages)?),
        };
        let at = self.at.min(now);
        let pages = answer.as_ref().map(|answer| answer.pages.clone());
        Ok(Particular {
            data: answer.map(|answer| Arc::new(answer.data)),
            at,
            pages: pages.unwrap_or_default(),
        })
    }
}

/// Writes a file anew so that there is at every moment either the old one or the new one, whole,
/// and nobody else can read it.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // In the same directory, because only within a file system is a renaming atomic; under a name of
    // its own, so that one left behind by a crash is the last one.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = PathBuf::from(beside);
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    flush_directory(path)
}

/// The renaming itself lasts through a power cut only once the directory is flushed.
#[cfg(unix)]
fn flush_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

/// On other systems a directory cannot be opened as a file, and so not be flushed.
#[cfg(not(unix))]
fn flush_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
