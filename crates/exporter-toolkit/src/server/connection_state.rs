//! The phase of a connection, by which its timeouts are measured.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

/// The phase of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// No request is in progress.
    Idle {
        /// When the connection was made or the last response was handed over.
        since: Instant,
    },
    /// The head of a request has begun to arrive.
    ReadingHead {
        /// When its first bytes arrived.
        since: Instant,
    },
    /// Responses are being made.
    Responding {
        /// For how many requests; more than one only in HTTP/2.
        requests: usize,
    },
}

/// Publishes the phase of one connection.
#[derive(Debug)]
pub(super) struct ConnectionState(watch::Sender<Phase>);

impl ConnectionState {
    pub(super) fn new() -> Arc<Self> {
        let since = Instant::now();
        Arc::new(Self(watch::Sender::new(Phase::Idle { since })))
    }

    /// Returns a receiver of the phase and its changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<Phase> {
        self.0.subscribe()
    }

    /// Records that bytes arrived.
    pub(super) fn bytes_received(&self) {
        self.0.send_if_modified(|phase| {
            let is_head = matches!(phase, Phase::Idle { .. });
            if is_head {
                let since = Instant::now();
                *phase = Phase::ReadingHead { since };
            }
            is_head
        });
    }

    /// Records a request as in progress until the returned guard is dropped.
    pub(super) fn begin_request(self: Arc<Self>) -> RequestInProgress {
        self.0.send_modify(|phase| {
            let requests = match phase {
                Phase::Responding { requests } => *requests + 1,
                _ => 1,
            };
            *phase = Phase::Responding { requests };
        });
        RequestInProgress(self)
    }
}

/// A request that is being answered.
pub(super) struct RequestInProgress(Arc<ConnectionState>);

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        self.0.0.send_modify(|phase| {
            *phase = match phase {
                Phase::Responding { requests } if *requests > 1 => Phase::Responding {
                    requests: *requests - 1,
                },
                _ => Phase::Idle {
                    since: Instant::now(),
                },
            };
        });
    }
}
