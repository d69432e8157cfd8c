//! A response body of shared pieces, none of which is copied.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use crate::metrics::render::Pieces;

/// A body of the given pieces in order.
#[derive(Debug)]
pub(super) struct PiecesBody(<Pieces as IntoIterator>::IntoIter);

impl From<Pieces> for PiecesBody {
    fn from(pieces: Pieces) -> Self {
        Self(pieces.into_iter())
    }
}

impl HttpBody for PiecesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let pieces = self.0.as_slice().iter();
        SizeHint::with_exact(pieces.map(|piece| piece.len() as u64).sum())
    }
}
