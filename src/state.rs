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

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use crate::bounded;
use crate::domain::invoice::Invoices;
use crate::domain::snapshot::Good;
use crate::domain::traffic::Endpoint;
use crate::domain::usage::Usage;
use crate::heroku::client::{Answer, Identity, Validator};
use crate::heroku::error::Error;

/// The version of the file's format. A file of another version is ignored: it costs a poll.
const VERSION: u32 = 2;

/// As far as a clock may have been set back since the file was written.
const CLOCK_SET_BACK: SignedDuration = SignedDuration::from_hours(24);

/// A file larger than this was not written by this program.
const LARGEST_FILE: u64 = 1 << 30;

/// Where answers are kept.
#[derive(Clone, Debug)]
pub struct StateFile {
    path: PathBuf,
}

/// An answer to be kept.
#[derive(Debug, Serialize)]
pub struct Kept<'a> {
    /// The team's id or name as the settings have it.
    pub team: &'a str,
    /// Who the team is, where that was asked.
    pub identity: Option<&'a Identity>,
    /// Which endpoint answered.
    #[serde(serialize_with = "endpoint_word")]
    pub endpoint: Endpoint,
    /// When Heroku last gave the answer.
    pub at: Timestamp,
    /// When Heroku first gave the answer.
    pub changed_at: Timestamp,
    /// By what to ask whether it still stands.
    pub validator: Option<&'a Validator>,
    /// The answer as Heroku sent it.
    pub pages: &'a [String],
}

fn endpoint_word<S: serde::Serializer>(
    endpoint: &Endpoint,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(endpoint.word())
}

/// What was kept, by the team as the settings have it.
#[derive(Debug, Default)]
pub struct Restored {
    /// Who the teams are.
    pub identities: HashMap<String, Identity>,
    /// Their invoices.
    pub invoices: HashMap<String, RestoredAnswer<Invoices>>,
    /// Their usage.
    pub usage: HashMap<String, RestoredAnswer<Usage>>,
}

/// An answer that was kept.
#[derive(Debug)]
pub struct RestoredAnswer<T> {
    /// What was understood of it, and when Heroku gave it.
    pub good: Good<T>,
    /// By what to ask whether it still stands.
    pub validator: Option<Validator>,
    /// The answer as Heroku sent it.
    pub pages: Vec<String>,
    /// For each of its rows that was left out, why.
    pub left_out: Vec<String>,
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
    api_url: Url,
    #[serde(borrow)]
    answers: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadAnswer {
    team: String,
    identity: Option<Identity>,
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
    #[error("its answer of {endpoint} for team {team} is not one: {why}")]
    Answer {
        /// The team.
        team: String,
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
                let answers = restored.invoices.len() + restored.usage.len();
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
        crc32: checksum(api_url, answers),
        api_url,
        answers,
    })
}

fn checksum(api_url: &Url, answers: &RawValue) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(api_url.as_str().as_bytes());
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
    if read.api_url != *api_url {
        return Err(Unusable::OtherApi(read.api_url));
    }
    let answers: Vec<ReadAnswer> = serde_json::from_str(read.answers.get())?;
    // The clock may have been set back a little since; a day ahead is no clock's fault.
    let latest = now.saturating_add(CLOCK_SET_BACK).unwrap_or(now);
    let mut restored = Restored::default();
    for answer in answers {
        let unusable = |why: String| Unusable::Answer {
            team: answer.team.clone(),
            endpoint: answer.endpoint.clone(),
            why,
        };
        if answer.at > latest || answer.changed_at > answer.at {
            return Err(unusable("its times are not in order".into()));
        }
        let at = answer.at.min(now);
        let changed_at = answer.changed_at.min(at);
        if let Some(identity) = answer.identity {
            restored.identities.insert(answer.team.clone(), identity);
        }
        let wrong = |error: Error| unusable(error.to_string());
        match answer.endpoint.as_str() {
            "invoices" => {
                let read =
                    Answer::<Invoices>::from_kept(answer.pages, answer.validator).map_err(wrong)?;
                restored
                    .invoices
                    .insert(answer.team, RestoredAnswer::new(read, at, changed_at));
            }
            "usage" => {
                let read =
                    Answer::<Usage>::from_kept(answer.pages, answer.validator).map_err(wrong)?;
                restored
                    .usage
                    .insert(answer.team, RestoredAnswer::new(read, at, changed_at));
            }
            _ => return Err(unusable("there is no such endpoint".into())),
        }
    }
    Ok(restored)
}

impl<T> RestoredAnswer<T> {
    fn new(answer: Answer<T>, at: Timestamp, changed_at: Timestamp) -> Self {
        let good = Good {
            data: answer.data.into(),
            at,
            changed_at,
        };
        Self {
            good,
            validator: answer.validator,
            pages: answer.pages,
            left_out: answer.left_out,
        }
    }
}

/// Writes a file anew so that there is at every moment either the old one or the new one, whole,
/// and nobody else can read it.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
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
    // The renaming itself lasts through a power cut only once the directory is flushed.
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn api_url() -> Url {
        "https://api.heroku.com/".parse().unwrap()
    }

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    /// The answers of a team that has both, as they are kept.
    fn answers() -> String {
        let identity = Identity {
            id: "1".into(),
            name: "acme".into(),
        };
        let invoices = [r#"[{"period_start":"2026-11-01","total":1}]"#.to_owned()];
        let usage = [r#"[{"month":"2026-11","name":"acme"}]"#.to_owned()];
        let kept = |endpoint, pages| Kept {
            team: "acme",
            identity: Some(&identity),
            endpoint,
            at: now(),
            changed_at: "2026-11-22T03:00:00Z".parse().unwrap(),
            validator: None,
            pages,
        };
        let answers = [
            kept(Endpoint::Invoices, &invoices[..]),
            kept(Endpoint::Usage, &usage[..]),
        ];
        serde_json::to_string(&answers).unwrap()
    }

    /// The file that holds `answers`, whatever they are.
    fn file(answers: &str) -> String {
        let answers: &RawValue = serde_json::from_str(answers).unwrap();
        sealed(&api_url(), answers).unwrap()
    }

    fn written() -> String {
        file(&answers())
    }

    #[test]
    fn what_is_written_is_read_again_with_its_true_times() {
        let restored = parse(&written(), &api_url(), now()).unwrap();
        let invoices = &restored.invoices["acme"];
        assert_eq!(invoices.good.data.len(), 1);
        assert_eq!(invoices.good.at, now());
        assert_eq!(
            invoices.good.changed_at,
            "2026-11-22T03:00:00Z".parse().unwrap()
        );
        assert_eq!(restored.usage["acme"].good.data.team_name(), Some("acme"));
        assert_eq!(restored.identities["acme"].id, "1");
    }

    #[test]
    fn what_this_program_did_not_write_is_refused_with_the_reason() {
        let edit = |from: &str, to: &str| {
            let text = written();
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        };
        // As a program that has the checksum right would write it.
        let seal = |from: &str, to: &str| {
            let answers = answers();
            assert!(answers.contains(from), "{from}");
            file(&answers.replace(from, to))
        };
        let another_api = "https://heroku.example/".parse().unwrap();
        let table = [
            (String::new(), "torn"),
            ("null".into(), "torn"),
            ("[]".into(), "torn"),
            ("\0\0\0\0".into(), "torn"),
            (
                r#"{"version":3,"shape":"of another time"}"#.into(),
                "version 3",
            ),
            (r#"{"version":2}"#.into(), "torn"),
            (edit(r#"\"total\":1"#, r#"\"total\":2"#), "edited"),
            (edit("https://api.heroku.com/", "https://heroku.example/"), "edited"),
            (
                sealed(&another_api, &RawValue::from_string("[]".into()).unwrap()).unwrap(),
                "https://heroku.example/",
            ),
            (file("{}"), "torn"),
            (seal(NOW, "2026-11-25T12:00:00Z"), "times"),
            (
                seal("2026-11-22T03:00:00Z", "2026-11-24T00:00:00Z"),
                "times",
            ),
            (
                seal(r#""endpoint":"usage""#, r#""endpoint":"teams""#),
                "no such endpoint",
            ),
            (seal(r#"[{\"month\":\"2026-11\""#, r#"<html>"#), "usage"),
            (
                seal(r#""validator":null"#, r#""validator":null,"token":"x""#),
                "torn",
            ),
        ];
        for (text, reason) in table {
            let error = parse(&text, &api_url(), now()).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}\n{error}");
        }
    }

    #[test]
    fn a_file_torn_at_any_byte_is_refused() {
        let text = written();
        for end in 0..text.len() {
            assert!(parse(&text[..end], &api_url(), now()).is_err(), "{end}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_replaced_whole_and_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        std::fs::write(&path, "old and readable by all").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_no_news_and_one_that_is_a_directory_no_harm() {
        let directory = tempfile::tempdir().unwrap();
        for path in [directory.path().join("none"), directory.path().to_owned()] {
            let restored = StateFile::new(path).read(&api_url(), now());
            assert!(restored.invoices.is_empty() && restored.usage.is_empty());
        }
    }

    proptest! {
        #[test]
        fn no_file_is_too_odd(text in ".{0,300}", position in 0_usize..400, byte in any::<char>()) {
            let _ = parse(&text, &api_url(), now());
            let mut edited: Vec<char> = written().chars().collect();
            let position = position % edited.len();
            let differs = edited[position] != byte;
            edited[position] = byte;
            let read = parse(&edited.into_iter().collect::<String>(), &api_url(), now());
            prop_assert_eq!(read.is_err(), differs);
        }
    }
}
