//! Writes the state file in the background, one write at a time.

use tokio::task::JoinSet;
use url::Url;

use super::{Entry, StateFile};

/// The writer of the state file.
#[derive(Debug)]
pub(in crate::collector) struct StateWriter {
    file: Option<StateFile>,
    /// Whether something has changed since the last write.
    pub(in crate::collector) is_dirty: bool,
    /// The write in progress, if any.
    running: JoinSet<()>,
}

impl StateWriter {
    pub(in crate::collector) fn new(file: Option<StateFile>) -> Self {
        Self {
            file,
            is_dirty: false,
            running: JoinSet::new(),
        }
    }

    /// Returns whether there is a state file.
    pub(in crate::collector) fn is_enabled(&self) -> bool {
        self.file.is_some()
    }

    /// Starts writing the entries, if something has changed and no write is in progress.
    pub(in crate::collector) fn save<'a>(
        &mut self,
        api_url: &Url,
        entries: impl FnOnce() -> Vec<Entry<'a>>,
    ) {
        let Some(file) = &self.file else { return };
        if self.is_dirty && self.running.is_empty() {
            self.running
                .spawn_blocking(file.writer(api_url, &entries()));
            self.is_dirty = false;
        }
    }

    /// Waits for the write in progress. Returns whether there was one.
    pub(in crate::collector) async fn wait(&mut self) -> bool {
        // Failures are already logged.
        self.running.join_next().await.is_some()
    }
}
