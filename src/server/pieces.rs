//! A body in several pieces that are shared with other answers, so that none is copied.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// A body of at most so many bytes is sent in one write, for which its pieces are copied together:
/// that costs less than a second write.
const SMALL: u64 = 64 << 10;

/// A body in five pieces, any of which may be empty.
#[derive(Debug)]
pub(super) struct Pieces(std::array::IntoIter<Bytes, 5>);

impl Pieces {
    pub(super) fn of(pieces: [Bytes; 5]) -> Self {
        let body = Self(pieces.into_iter());
        if body.length() > SMALL {
            return body;
        }
        let whole = body.0.as_slice().concat().into();
        Self(
            [
                whole,
                Bytes::new(),
                Bytes::new(),
                Bytes::new(),
                Bytes::new(),
            ]
            .into_iter(),
        )
    }

    fn length(&self) -> u64 {
        self.0
            .as_slice()
            .iter()
            .map(|piece| piece.len() as u64)
            .sum()
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.0.find(|piece| !piece.is_empty());
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.length() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length())
    }
}
