//! Response bodies: complete, throttled or unterminated.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::channel::Channel;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use tokio::time::{Instant, sleep_until};

pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, Infallible>;

pub(crate) fn full(bytes: Vec<u8>) -> ResponseBody {
    Full::new(Bytes::from(bytes)).boxed_unsync()
}

/// Returns a body that is sent at a limited rate.
pub(crate) fn throttled(bytes: Vec<u8>, bytes_per_second: u32) -> ResponseBody {
    let rate = u64::from(bytes_per_second.max(1));
    // Ten chunks a second, or one byte at a time at lower rates.
    let chunk_size = usize::try_from((rate / 10).max(1)).unwrap_or(usize::MAX);
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        let (started, mut sent) = (Instant::now(), 0_u64);
        for chunk in bytes.chunks(chunk_size) {
            sent += chunk.len() as u64;
            let elapsed = Duration::from_nanos(sent.saturating_mul(1_000_000_000) / rate);
            sleep_until(started + elapsed).await;
            // Sending fails once the connection is closed.
            if sender
                .send_data(Bytes::copy_from_slice(chunk))
                .await
                .is_err()
            {
                break;
            }
        }
    });
    body.boxed_unsync()
}

/// Returns a body of `length` bytes: the beginning of a JSON array that is never closed.
pub(crate) fn unterminated_array(length: u64) -> ResponseBody {
    let element = format!("{{\"padding\":\"{}\"}},", "x".repeat(1_000));
    let elements = Bytes::from(element.repeat(16));
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        let (mut chunk, mut remaining) = (Bytes::from_static(b"["), length);
        while remaining > 0 {
            chunk.truncate(usize::try_from(remaining).unwrap_or(usize::MAX));
            remaining -= chunk.len() as u64;
            if sender.send_data(chunk).await.is_err() {
                break;
            }
            chunk = elements.clone();
        }
    });
    body.boxed_unsync()
}
