//! The connections that are open, and their limit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::connection_state::ConnectionState;

/// How often a new connection looks for an idle one to replace, while requests are in progress on
/// all of them.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// The open connections.
#[derive(Debug)]
pub(super) struct OpenConnections {
    limit: Arc<Semaphore>,
    states: Mutex<States>,
}

/// The state of each open connection, by a number that is never used again.
#[derive(Debug, Default)]
struct States {
    next: u64,
    by_number: BTreeMap<u64, Arc<ConnectionState>>,
}

impl OpenConnections {
    /// At most `limit` connections.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: Arc::new(Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS))),
            states: Mutex::default(),
        }
    }

    /// Registers a connection. At the limit, closes the connection that has been idle for the
    /// longest time, or waits until there is one.
    pub(super) async fn register(self: Arc<Self>) -> OpenConnection {
        let permit = loop {
            if let Ok(permit) = Arc::clone(&self.limit).try_acquire_owned() {
                break permit;
            }
            self.close_longest_idle();
            let permit = Arc::clone(&self.limit).acquire_owned();
            if let Ok(Ok(permit)) = timeout(RETRY_INTERVAL, permit).await {
                break permit;
            }
        };
        let state = ConnectionState::new();
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let number = states.next;
        states.next += 1;
        states.by_number.insert(number, Arc::clone(&state));
        drop(states);
        OpenConnection {
            state,
            number,
            connections: self,
            _permit: permit,
        }
    }

    /// Closes the connection that has waited for a request for the longest time, if there is one.
    pub(super) fn close_longest_idle(&self) {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = states.by_number.values().filter_map(|state| {
            let since = state.waiting_since()?;
            Some((since, state))
        });
        if let Some((_, state)) = waiting.min_by_key(|(since, _)| *since) {
            state.close();
        }
    }
}

/// An open connection, until it is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection {
    /// Its phase.
    pub(super) state: Arc<ConnectionState>,
    number: u64,
    connections: Arc<OpenConnections>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let states = &self.connections.states;
        let mut states = states.lock().unwrap_or_else(PoisonError::into_inner);
        states.by_number.remove(&self.number);
    }
}
