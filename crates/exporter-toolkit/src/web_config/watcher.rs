//! Watches a web configuration, and the files that it names, for changes.
//!
//! A changed file is read once it has remained the same for a moment: half of a configuration can be
//! a valid one. A change that would disable authentication or TLS is rejected; it takes a restart.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinError;

use super::{LoadedConfig, WebConfig, read};
use crate::config_file::{FileError, SecretFilter};

/// The time between two checks. A change is applied after two checks with the same result.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The metadata of some files, by which a change is detected without opening them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint(BTreeMap<PathBuf, Option<FileMetadata>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileMetadata {
    identity: (u64, u64),
    size: u64,
    modified: Option<SystemTime>,
}

/// Returns device and inode. A symbolic link to another file, as Kubernetes updates a volume,
/// changes the inode.
#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Returns the times of creation and of the last change: the file index is only available for an
/// open file.
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
            let metadata = fs::metadata(&path).ok().map(|metadata| FileMetadata {
                identity: identity(&metadata),
                size: metadata.len(),
                modified: metadata.modified().ok(),
            });
            self.0.insert(path, metadata);
        }
    }

    /// Returns the current fingerprint of the same files.
    fn current(&self) -> Self {
        Self::of(self.0.keys().cloned())
    }
}

/// Keeps a web configuration up to date.
#[derive(Debug)]
pub struct ConfigWatcher {
    path: PathBuf,
    is_secret: SecretFilter,
    sender: watch::Sender<Arc<WebConfig>>,
    /// The files as last read, valid or not.
    loaded: Fingerprint,
    /// The files at the last check, if they have changed since they were read.
    changed: Option<Fingerprint>,
}

impl LoadedConfig {
    /// Returns the current settings, and the watcher that updates them while it runs.
    pub fn watch(self) -> (watch::Receiver<Arc<WebConfig>>, ConfigWatcher) {
        let (sender, receiver) = watch::channel(self.config);
        let watcher = ConfigWatcher {
            path: self.path,
            is_secret: self.is_secret,
            sender,
            loaded: self.fingerprint,
            changed: None,
        };
        (receiver, watcher)
    }
}

impl ConfigWatcher {
    /// Checks for changes until it is dropped. An invalid change is logged, and the last valid
    /// configuration remains active.
    pub async fn run(mut self) {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            let checked = tokio::task::spawn_blocking(move || {
                self.check();
                self
            });
            self = match checked.await.map_err(JoinError::try_into_panic) {
                Ok(watcher) => watcher,
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(Err(_)) => return std::future::pending().await,
            };
        }
    }

    fn check(&mut self) {
        let current = self.loaded.current();
        if current == self.loaded {
            self.changed = None;
            return;
        }
        if self.changed.as_ref() != Some(&current) {
            self.changed = Some(current);
            return;
        }
        self.changed = None;
        let (config, fingerprint) = read(&self.path, self.is_secret);
        self.loaded = fingerprint;
        let path = self.path.display();
        match config.and_then(|config| Ok(self.validate_change(config)?)) {
            Ok(config) => {
                self.sender.send_replace(Arc::new(config));
                tracing::info!(%path, "web configuration reloaded");
            }
            Err(error) => {
                tracing::warn!(%path, %error, "web configuration reload failed, keeping the last valid one");
            }
        }
    }

    /// Rejects a change that would disable protection of the running server, for example because an
    /// editor has truncated the file.
    fn validate_change(&self, config: WebConfig) -> Result<WebConfig, FileError> {
        let current = self.sender.borrow();
        let message = if current.users.is_some() && config.users.is_none() {
            "the change removes all users"
        } else if config.tls.is_some() != current.tls.is_some() {
            "the change enables or disables TLS"
        } else if config.client_auth.is_weaker_than(current.client_auth) {
            "the change weakens the verification of client certificates"
        } else {
            return Ok(config);
        };
        let message = format!("{message}, which requires a restart");
        Err(FileError::of_file(message))
    }
}
