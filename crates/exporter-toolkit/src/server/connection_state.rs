//! The phase of a connection, by which its timeouts are measured.

use std::sync::Arc;

use smallvec::SmallVec;
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
    /// Responses are being made or read.
    Responding {
        /// When the oldest of their requests arrived.
        since: Instant,
    },
}

/// Publishes the phase of one connection, from its accept on.
#[derive(Debug)]
pub(super) struct ConnectionState {
    times: watch::Sender<RequestTimes>,
}

/// The times of a connection and of its requests, from which the phase follows.
#[derive(Debug)]
pub(super) struct RequestTimes {
    idle_since: Instant,
    head_since: Option<Instant>,
    /// The number of each request in progress and when it arrived, in the order of their arrival.
    /// HTTP/1 has one.
    requests: SmallVec<[(u64, Instant); 1]>,
    next_request: u64,
    /// Whether the connection must give way to another one.
    pub(super) is_closed: bool,
}

impl RequestTimes {
    pub(super) fn phase(&self) -> Phase {
        if let Some(&(_, since)) = self.requests.first() {
            return Phase::Responding { since };
        }
        match self.head_since {
            Some(since) => Phase::ReadingHead { since },
            None => Phase::Idle {
                since: self.idle_since,
            },
        }
    }
}

impl ConnectionState {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            times: watch::Sender::new(RequestTimes {
                idle_since: Instant::now(),
                head_since: None,
                requests: SmallVec::new(),
                next_request: 0,
                is_closed: false,
            }),
        })
    }

    /// Returns a receiver of the times and their changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<RequestTimes> {
        self.times.subscribe()
    }

    /// Returns since when no request is in progress; `None` where one is.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        match self.times.borrow().phase() {
            Phase::Idle { since } | Phase::ReadingHead { since } => Some(since),
            Phase::Responding { .. } => None,
        }
    }

    /// Makes the connection give way to another one.
    pub(super) fn close(&self) {
        self.times.send_modify(|times| times.is_closed = true);
    }

    /// Resolves when the connection must give way to another one.
    pub(super) async fn closed(&self) {
        // Fails only if the sender is dropped, which `self` holds.
        let _ = self.subscribe().wait_for(|times| times.is_closed).await;
    }

    /// Records that bytes arrived.
    pub(super) fn bytes_received(&self) {
        self.times.send_if_modified(|times| {
            let is_head = matches!(times.phase(), Phase::Idle { .. });
            if is_head {
                times.head_since = Some(Instant::now());
            }
            is_head
        });
    }

    /// Records a request as in progress until the returned guard is dropped.
    pub(super) fn begin_request(self: Arc<Self>) -> RequestInProgress {
        let mut id = 0;
        self.times.send_modify(|times| {
            id = times.next_request;
            times.next_request += 1;
            times.head_since = None;
            times.requests.push((id, Instant::now()));
        });
        RequestInProgress {
            connection: self,
            id,
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct RequestInProgress {
    connection: Arc<ConnectionState>,
    id: u64,
}

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        self.connection.times.send_modify(|times| {
            times.requests.retain(|(id, _)| *id != self.id);
            times.idle_since = Instant::now();
        });
    }
}
