//! Bodies that do not come all at once.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// Any body that the simulator sends.
pub(crate) type Payload = UnsyncBoxBody<Bytes, Infallible>;

/// A body that is all there.
pub(crate) fn whole(bytes: Vec<u8>) -> Payload {
    Full::new(Bytes::from(bytes)).boxed_unsync()
}

/// A body that trickles in, at so many bytes a second.
pub(crate) fn dripped(bytes: Vec<u8>, bytes_per_second: u32) -> Payload {
    let rate = u64::from(bytes_per_second.max(1));
    Drip {
        left: Bytes::from(bytes),
        rate,
        started: Instant::now(),
        sent: 0,
        pause: None,
    }
    .boxed_unsync()
}

/// An array that begins well and breaks off after so many bytes.
pub(crate) fn endless_array(bytes: u64) -> Payload {
    let element = format!("{{\"padding\":\"{}\"}},", "x".repeat(1_000));
    let piece = Bytes::from(element.repeat(16));
    EndlessArray {
        opened: false,
        piece,
        left: bytes,
    }
    .boxed_unsync()
}

struct Drip {
    left: Bytes,
    rate: u64,
    started: Instant,
    sent: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Body for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        // Ten drops a second, or one byte at a time where that is too many.
        let drop = (self.rate / 10).max(1).min(self.left.len() as u64);
        let due = self.started
            + Duration::from_nanos((self.sent + drop).saturating_mul(1_000_000_000) / self.rate);
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep_until(due)));
        ready!(pause.as_mut().poll(context));
        self.pause = None;
        self.sent += drop;
        let at = usize::try_from(drop).unwrap_or(usize::MAX);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(at)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

struct EndlessArray {
    opened: bool,
    piece: Bytes,
    left: u64,
}

impl Body for EndlessArray {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut piece = if self.opened {
            self.piece.clone()
        } else {
            Bytes::from_static(b"[")
        };
        self.opened = true;
        piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= piece.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
