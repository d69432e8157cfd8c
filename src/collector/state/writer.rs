//! Writes the state file in the background, one write at a time.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use super::{Entry, StateFile};

/// The time between two writes.
const INTERVAL: Duration = Duration::from_secs(30);

/// The writer of the state file.
#[derive(Debug)]
pub(in crate::collector) struct StateWriter {
    file: Option<StateFile>,
    /// Whether something has changed since the last write.
    pub(in crate::collector) is_dirty: bool,
    /// When the next write may start.
    next_write: Instant,
    /// The write in progress, if any.
    running: JoinSet<()>,
}

impl StateWriter {
    pub(in crate::collector) fn new(file: Option<StateFile>) -> Self {
        Self {
            file,
            is_dirty: false,
            next_write: Instant::now() + INTERVAL,
            running: JoinSet::new(),
        }
    }

    /// Returns whether there is a state file.
    pub(in crate::collector) fn is_enabled(&self) -> bool {
        self.file.is_some()
    }

    /// Makes a write due at once.
    pub(in crate::collector) fn set_due(&mut self) {
        self.next_write = Instant::now();
    }

    /// Returns when the next write is due, if something has changed.
    pub(in crate::collector) fn next_due(&self) -> Option<Instant> {
        (self.is_dirty && self.is_enabled()).then_some(self.next_write)
    }

    /// Starts writing the entries, if something has changed, the last write is long ago and no write
    /// is in progress.
    pub(in crate::collector) fn save<'a>(
        &mut self,
        api_url: &Url,
        entries: impl FnOnce() -> Vec<Entry<'a>>,
    ) {
        let Some(file) = &self.file else { return };
        if self.is_dirty && self.running.is_empty() && self.next_write <= Instant::now() {
            // Serialization of many teams takes a while; requests are served meanwhile.
            let write = tokio::task::block_in_place(|| file.writer(api_url, &entries()));
            self.running.spawn_blocking(write);
            self.is_dirty = false;
            self.next_write = Instant::now() + INTERVAL;
        }
    }

    /// Waits for the write in progress. Returns whether there was one.
    pub(in crate::collector) async fn wait(&mut self) -> bool {
        // Failures are already logged.
        self.running.join_next().await.is_some()
    }
}
