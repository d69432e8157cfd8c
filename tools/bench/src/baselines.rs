//! The baseline of a poll: parsing the same bytes, and compressing the result once.

use std::hint::black_box;

use flate2::{Compress, Compression, FlushCompress, Status};
use serde_json::Value;

use crate::pipeline::Responses;

/// Parses the responses with `serde_json` into a [`Value`].
pub(crate) fn parse(responses: &Responses) -> serde_json::Result<()> {
    for body in responses.bodies() {
        black_box(serde_json::from_slice::<Value>(body)?);
    }
    Ok(())
}

/// Compresses a body at the exporter's compression level, and returns the compressed length.
pub(crate) fn compress(body: &[u8]) -> anyhow::Result<usize> {
    let mut compressed = Vec::with_capacity(body.len() + body.len() / 8 + 1024);
    let mut compress = Compress::new(Compression::default(), false);
    let status = compress.compress_vec(body, &mut compressed, FlushCompress::Finish)?;
    anyhow::ensure!(
        status == Status::StreamEnd,
        "the output buffer is too small"
    );
    Ok(black_box(compressed).len())
}
