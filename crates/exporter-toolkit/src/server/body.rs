//! A response body that is written in chunks and keeps its request in progress until its end.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::connection_state::RequestInProgress;

/// The largest chunk of a body that is handed to the connection at once. A response that the client
/// does not read is therefore in flight until the connection ends.
pub(super) const CHUNK_SIZE: usize = 256 << 10;

/// A response body.
#[derive(Debug)]
pub(super) struct ResponseBody {
    /// The rest of the last frame of `body`.
    chunk: Bytes,
    body: Body,
    _permit: Option<OwnedSemaphorePermit>,
    _in_progress: RequestInProgress,
}

impl ResponseBody {
    pub(super) fn new(
        body: Body,
        permit: Option<OwnedSemaphorePermit>,
        in_progress: RequestInProgress,
    ) -> Self {
        Self {
            chunk: Bytes::new(),
            body,
            _permit: permit,
            _in_progress: in_progress,
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.chunk.is_empty() {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.chunk = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return other,
            }
        }
        let length = self.chunk.len().min(CHUNK_SIZE);
        Poll::Ready(Some(Ok(Frame::data(self.chunk.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunk.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let chunk = self.chunk.len() as u64;
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + chunk);
        }
        hint.set_lower(hint.lower() + chunk);
        hint
    }
}
