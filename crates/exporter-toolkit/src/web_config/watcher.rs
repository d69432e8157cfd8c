//! Following the file: it, and each file that it names, is read again when it changes.
//!
//! A file that is being written is left alone until it has been still for a moment, because half a
//! configuration can be a valid one with the users left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::error::Error;
use super::{Loaded, WebConfig, read};

/// How often the files are looked at; a change is taken up after two looks that show the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells one state of some files from another, without opening them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint(BTreeMap<PathBuf, Option<Stamp>>);

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    identity: (u64, u64),
    size: u64,
    modified: Option<SystemTime>,
}

/// Device and inode. A link that is turned to another file, as Kubernetes does it, shows as another
/// inode.
#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// The times of creation and of the last change, which is all that is told without opening a file.
#[cfg(windows)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::windows::fs::MetadataExt;
    (metadata.creation_time(), metadata.last_write_time())
}

impl Fingerprint {
    pub(super) fn of(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut fingerprint = Self::default();
        fingerprint.add(paths);
        fingerprint
    }

    pub(super) fn add(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            let stamp = fs::metadata(&path).ok().map(|metadata| Stamp {
                identity: identity(&metadata),
                size: metadata.len(),
                modified: metadata.modified().ok(),
            });
            self.0.insert(path, stamp);
        }
    }

    /// The same files as they are at this moment.
    fn again(&self) -> Self {
        Self::of(self.0.keys().cloned())
    }
}

/// Keeps a web configuration up to date.
#[derive(Debug)]
pub struct ConfigWatcher {
    path: PathBuf,
    sender: watch::Sender<Arc<WebConfig>>,
    /// What was read, be it good or not.
    seen: Fingerprint,
    /// What was there at the last look and has not been read.
    changing: Option<Fingerprint>,
}

impl Loaded {
    /// What is in force from now on, and what keeps it up to date.
    pub fn follow(self) -> (watch::Receiver<Arc<WebConfig>>, ConfigWatcher) {
        let (sender, receiver) = watch::channel(self.config);
        let follower = ConfigWatcher {
            path: self.path,
            sender,
            seen: self.fingerprint,
            changing: None,
        };
        (receiver, follower)
    }
}

impl ConfigWatcher {
    /// Looks for changes for ever. One that cannot be used is logged, and what was in force stays.
    pub async fn run(mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // Files may be on a disk that takes its time.
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            self = match looked.await {
                Ok(follower) => follower,
                Err(error) => {
                    tracing::error!(%error, "the web configuration is not followed any more");
                    return;
                }
            };
        }
    }

    fn look(&mut self) {
        let found = self.seen.again();
        if found == self.seen {
            self.changing = None;
            return;
        }
        if self.changing.as_ref() != Some(&found) {
            self.changing = Some(found);
            return;
        }
        self.changing = None;
        let (config, fingerprint) = read(&self.path);
        self.seen = fingerprint;
        let path = self.path.display();
        match config.and_then(|config| self.admit(config)) {
            Ok(config) => {
                self.sender.send_replace(Arc::new(config));
                tracing::info!(%path, "the web configuration was read again");
            }
            Err(error) => {
                tracing::error!(%path, %error, "the web configuration cannot be used; the last good one stays");
            }
        }
    }

    /// Refuses what would open a door that is closed.
    fn admit(&self, config: WebConfig) -> Result<WebConfig, Error> {
        if is_blank(&self.path) {
            return Err(Error::Emptied);
        }
        if config.tls.is_some() != self.sender.borrow().tls.is_some() {
            return Err(Error::Switched);
        }
        Ok(config)
    }
}

fn is_blank(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0)
}
