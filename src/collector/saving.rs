//! When the state file is written: once something new is known, one writing at a time.

use tokio::task::JoinHandle;
use url::Url;

use crate::collector::state::{Kept, StateFile};

/// Whether there is something to save, and whether it is being saved.
#[derive(Debug, Default)]
pub(super) struct Saving {
    state: Option<StateFile>,
    /// Whether something new is known.
    pub(super) is_wanted: bool,
    running: Option<JoinHandle<()>>,
}

impl Saving {
    pub(super) fn to(state: Option<StateFile>) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// Whether anything is saved at all.
    pub(super) fn is_on(&self) -> bool {
        self.state.is_some()
    }

    /// Has what is `kept` of the API's answers written to the state file, if there is something to
    /// write and the last writing is done.
    pub(super) fn save<'a>(&mut self, api_url: &Url, kept: impl FnOnce() -> Vec<Kept<'a>>) {
        let Some(state) = &self.state else { return };
        let is_done = self.running.as_ref().is_none_or(JoinHandle::is_finished);
        if self.is_wanted && is_done {
            let write = state.writer(api_url, &kept());
            self.is_wanted = false;
            self.running = Some(tokio::task::spawn_blocking(write));
        }
    }

    /// Waits for the writing that is under way, if there is one, and tells whether there was.
    pub(super) async fn wait(&mut self) -> bool {
        let Some(running) = self.running.take() else {
            return false;
        };
        // Whatever became of it: it has been said in the log.
        let _ = running.await;
        true
    }

    /// Resolves when the state file has been written and there is more to write; else never.
    pub(super) async fn written(&mut self) {
        match &mut self.running {
            Some(running) if self.is_wanted => {
                let _ = running.await;
                self.running = None;
            }
            _ => std::future::pending().await,
        }
    }
}
