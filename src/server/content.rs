//! What an answer consists of, handed on piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use crate::exposition::render::Pieces;

/// The most of an answer that is handed on at once, so that one which is not taken is in flight
/// until it is.
pub(super) const PIECE: usize = 256 << 10;

/// What an answer consists of.
#[derive(Debug)]
pub(super) struct Content {
    /// What is handed on next, where it was taken from the rest already.
    piece: Bytes,
    rest: Rest,
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Rest {
    /// Pieces that are shared with other answers, so that none is copied; none is empty.
    Pieces(<Pieces as IntoIterator>::IntoIter),
    /// What a route answered.
    Body(Body),
}

impl From<Pieces> for Content {
    fn from(pieces: Pieces) -> Self {
        Self::new(Rest::Pieces(pieces.into_iter()))
    }
}

impl From<Body> for Content {
    fn from(body: Body) -> Self {
        Self::new(Rest::Body(body))
    }
}

impl Content {
    fn new(rest: Rest) -> Self {
        Self {
            piece: Bytes::new(),
            rest,
            _permit: None,
        }
    }

    /// The same, which holds `permit` until the last of it is handed on.
    pub(super) fn in_flight(self, permit: OwnedSemaphorePermit) -> Self {
        Self {
            _permit: Some(permit),
            ..self
        }
    }
}

impl HttpBody for Content {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.piece.is_empty() {
            let next = match &mut self.rest {
                Rest::Pieces(pieces) => {
                    Poll::Ready(pieces.next().map(|piece| Ok(Frame::data(piece))))
                }
                Rest::Body(body) => Pin::new(body).poll_frame(context),
            };
            match next {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.piece = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return other,
            }
        }
        let length = self.piece.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.piece.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty()
            && match &self.rest {
                Rest::Pieces(pieces) => pieces.as_slice().is_empty(),
                Rest::Body(body) => body.is_end_stream(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        let piece = self.piece.len() as u64;
        match &self.rest {
            Rest::Pieces(pieces) => {
                let pieces = pieces.as_slice().iter();
                SizeHint::with_exact(piece + pieces.map(|piece| piece.len() as u64).sum::<u64>())
            }
            Rest::Body(body) => {
                let mut hint = body.size_hint();
                if let Some(upper) = hint.upper() {
                    hint.set_upper(upper + piece);
                }
                hint.set_lower(hint.lower() + piece);
                hint
            }
        }
    }
}
