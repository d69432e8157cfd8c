//! What goes on in a connection, as far as it can be told from outside: by this a client that takes
//! too long is known.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What goes on in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is asked.
    Idle {
        /// Since when: the last answer was handed on, or the connection made.
        since: Instant,
    },
    /// The head of a request is on its way.
    ReadingHead {
        /// When its first bytes came.
        since: Instant,
    },
    /// Requests are being answered.
    Responding,
}

/// What goes on in one connection, inner as it goes.
#[derive(Debug)]
pub(super) struct ConnectionState(Mutex<Inner>);

#[derive(Clone, Copy, Debug)]
struct Inner {
    requests: usize,
    idle_since: Instant,
    reading_since: Option<Instant>,
}

impl Default for ConnectionState {
    fn default() -> Self {
        Self(Mutex::new(Inner {
            requests: 0,
            idle_since: Instant::now(),
            reading_since: None,
        }))
    }
}

impl ConnectionState {
    pub(super) fn phase(&self) -> Phase {
        // Each change is whole, so that even a panic in between leaves it sound.
        let inner = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.reading_since {
            _ if inner.requests > 0 => Phase::Responding,
            Some(since) => Phase::ReadingHead { since },
            None => Phase::Idle {
                since: inner.idle_since,
            },
        }
    }

    /// Counts a request as being answered until what is returned is dropped.
    pub(super) fn begin(this: &Arc<Self>) -> RequestInProgress {
        this.update(|inner| {
            inner.requests += 1;
            inner.reading_since = None;
        });
        RequestInProgress(Arc::clone(this))
    }

    /// Notes that bytes came.
    fn received(&self) {
        self.update(|inner| {
            if inner.requests == 0 && inner.reading_since.is_none() {
                inner.reading_since = Some(Instant::now());
            }
        });
    }

    fn update(&self, update: impl FnOnce(&mut Inner)) {
        update(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A request that is being answered.
pub(super) struct RequestInProgress(Arc<ConnectionState>);

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        self.0.update(|inner| {
            inner.requests -= 1;
            inner.idle_since = Instant::now();
        });
    }
}

/// A stream on which it is inner when bytes come.
#[derive(Debug)]
pub(super) struct MonitoredStream<S> {
    stream: S,
    state: Arc<ConnectionState>,
}

impl<S> MonitoredStream<S> {
    pub(super) fn new(stream: S, state: Arc<ConnectionState>) -> Self {
        Self { stream, state }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MonitoredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.state.received();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MonitoredStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
