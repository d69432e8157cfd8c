//! What goes on in a connection, as far as it can be told from outside: by this a client that takes
//! too long is known.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What goes on in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing is asked.
    Nothing {
        /// Since when: the last answer was handed on, or the connection made.
        since: Instant,
    },
    /// The head of a request is on its way.
    Asking {
        /// When its first bytes came.
        since: Instant,
    },
    /// Requests are being answered.
    Answering,
}

/// What goes on in one connection, noted as it goes.
#[derive(Debug)]
pub(super) struct Activity(Mutex<Noted>);

#[derive(Clone, Copy, Debug)]
struct Noted {
    requests: usize,
    idle_since: Instant,
    asking_since: Option<Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Self(Mutex::new(Noted {
            requests: 0,
            idle_since: Instant::now(),
            asking_since: None,
        }))
    }
}

impl Activity {
    pub(super) fn doing(&self) -> Doing {
        // Each change is whole, so that even a panic in between leaves it sound.
        let noted = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match noted.asking_since {
            _ if noted.requests > 0 => Doing::Answering,
            Some(since) => Doing::Asking { since },
            None => Doing::Nothing {
                since: noted.idle_since,
            },
        }
    }

    /// Counts a request as being answered until what is returned is dropped.
    pub(super) fn begin(this: &Arc<Self>) -> Begun {
        this.update(|noted| {
            noted.requests += 1;
            noted.asking_since = None;
        });
        Begun(Arc::clone(this))
    }

    /// Notes that bytes came.
    fn hear(&self) {
        self.update(|noted| {
            if noted.requests == 0 && noted.asking_since.is_none() {
                noted.asking_since = Some(Instant::now());
            }
        });
    }

    fn update(&self, update: impl FnOnce(&mut Noted)) {
        update(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A request that is being answered.
pub(super) struct Begun(Arc<Activity>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.update(|noted| {
            noted.requests -= 1;
            noted.idle_since = Instant::now();
        });
    }
}

/// A stream on which it is noted when bytes come.
#[derive(Debug)]
pub(super) struct Watched<S> {
    /// What was read of it before, and is read again.
    read: Bytes,
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(super) fn new(read: Bytes, stream: S, activity: Arc<Activity>) -> Self {
        Self {
            read,
            stream,
            activity,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.read.is_empty() {
            let length = self.read.len().min(buffer.remaining());
            buffer.put_slice(&self.read.split_to(length));
            self.activity.hear();
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.hear();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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
