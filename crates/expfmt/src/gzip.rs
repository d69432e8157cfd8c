//! Compressed bodies that are assembled from segments.
//!
//! Compressing is most of the work of an exposition, and most of an exposition rarely changes. So a
//! [`GzipSegment`] is compressed once, as deflate blocks that end on a byte boundary, and
//! [`EncodedBodies::join`] concatenates segments: a gzip header, the blocks, an empty final block,
//! the combined CRC-32 and the length. The result is one gzip member (RFC 1952). Several members in
//! a row would be valid too, but not every client reads past the first.
//!
//! A text is kept in chunks, which are compressed as they fill up. A single buffer would be copied
//! each time it grows, and a slow client would keep all of it in memory.

use std::fmt::{self, Write};

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

use crate::encode::{Format, encode};
use crate::family::Family;

/// Deflate, no flags, no time, unknown operating system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A final block with fixed Huffman codes that has only the end-of-block code (RFC 1951, 3.2.6).
const FINAL_BLOCK: [u8; 2] = [0x03, 0x00];

/// The size in bytes at which a chunk is complete.
const CHUNK_SIZE: usize = 128 << 10;

/// A part of a body, plain and compressed.
#[derive(Debug, Default)]
pub struct GzipSegment {
    plain: Vec<Bytes>,
    deflated: Vec<Bytes>,
    checksum: crc32fast::Hasher,
}

/// A body in both content codings. The chunks are shared with the segments, not copied.
#[derive(Debug)]
pub struct EncodedBodies {
    /// The chunks of the text.
    pub plain: Vec<Bytes>,
    /// The chunks of the text as one gzip member.
    pub gzip: Vec<Bytes>,
}

/// Writes a segment.
#[derive(Debug)]
pub struct SegmentWriter {
    text: String,
    compress: Compress,
    blocks: Vec<u8>,
    segment: GzipSegment,
}

impl GzipSegment {
    /// Writes `families` in `format`.
    pub fn encode<'a>(families: impl IntoIterator<Item = Family<'a>>, format: Format) -> Self {
        let mut writer = SegmentWriter::default();
        // The writer has no errors.
        let _ = encode(&mut writer, families, format);
        writer.finish()
    }
}

impl From<&str> for GzipSegment {
    fn from(text: &str) -> Self {
        let mut writer = SegmentWriter::default();
        let _ = writer.write_str(text);
        writer.finish()
    }
}

impl EncodedBodies {
    /// Concatenates segments.
    pub fn join<'a>(segments: impl IntoIterator<Item = &'a GzipSegment>) -> Self {
        let mut checksum = crc32fast::Hasher::new();
        let mut plain = Vec::new();
        let mut gzip = vec![Bytes::from_static(&HEADER)];
        for segment in segments {
            checksum.combine(&segment.checksum);
            plain.extend_from_slice(&segment.plain);
            gzip.extend_from_slice(&segment.deflated);
        }
        let length: usize = plain.iter().map(Bytes::len).sum();
        let mut trailer = FINAL_BLOCK.to_vec();
        trailer.extend(checksum.finalize().to_le_bytes());
        // The format has the length modulo 2^32.
        trailer.extend((length as u32).to_le_bytes());
        gzip.push(trailer.into());
        Self { plain, gzip }
    }
}

impl Default for SegmentWriter {
    fn default() -> Self {
        Self {
            text: String::new(),
            compress: Compress::new(Compression::default(), false),
            blocks: Vec::new(),
            segment: GzipSegment::default(),
        }
    }
}

impl Write for SegmentWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() >= CHUNK_SIZE {
            self.end_chunk(FlushCompress::None);
            // The next chunk will be as long, and exceeds the size by less than one write.
            self.text.reserve(CHUNK_SIZE + CHUNK_SIZE / 32);
        }
        self.text.push_str(text);
        Ok(())
    }
}

impl SegmentWriter {
    /// Compresses the rest and returns the segment.
    pub fn finish(mut self) -> GzipSegment {
        self.text.shrink_to_fit();
        self.end_chunk(FlushCompress::Sync);
        self.end_blocks();
        self.segment
    }

    fn end_chunk(&mut self, flush: FlushCompress) {
        let text = Bytes::from(std::mem::take(&mut self.text));
        self.segment.checksum.update(&text);
        // The output needs room for the worst case, for this chunk and for what the compressor
        // holds back of those before it. If it fills up during a `Sync` flush, a compressor may
        // omit the empty block that aligns the stream to a byte, and nothing can follow it.
        let room = text.len() + text.len() / 8 + 2 * CHUNK_SIZE;
        self.blocks.reserve(room);
        // Fails only if it is misused. The checksum would show a missing part to the client.
        let _ = self.compress.compress_vec(&text, &mut self.blocks, flush);
        if self.blocks.len() >= CHUNK_SIZE {
            self.end_blocks();
        }
        if !text.is_empty() {
            self.segment.plain.push(text);
        }
    }

    fn end_blocks(&mut self) {
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.shrink_to_fit();
        if !blocks.is_empty() {
            self.segment.deflated.push(blocks.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    /// Decompresses one gzip member, and checks that nothing follows it.
    fn gunzip(bytes: &[u8]) -> Vec<u8> {
        let mut decoder = GzDecoder::new(bytes);
        let mut text = Vec::new();
        decoder.read_to_end(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty());
        text
    }

    /// Returns text that ranges from nearly incompressible to highly compressible.
    fn text(seed: u64, length: usize, letters: u32) -> String {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..length)
            .filter_map(|_| char::from_u32(random.u32(0..letters)))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn joins_any_segments_into_one_member(
            seed in any::<u64>(),
            lengths in (0_usize..300_000, 0_usize..10_000, 0_usize..1_000),
            letters in prop_oneof![Just(2), Just(64), Just(0x80), Just(0x800), Just(0x1_0000)],
        ) {
            let texts = [lengths.0, lengths.1, lengths.2];
            let texts = texts.map(|length| text(seed ^ length as u64, length, letters));
            let segments = texts.each_ref().map(|text| {
                let mut writer = SegmentWriter::default();
                for line in text.split_inclusive(|letter| letter as u32 % 61 == 1) {
                    writer.write_str(line).unwrap();
                }
                writer.finish()
            });
            let bodies = EncodedBodies::join(&segments);
            let plain = texts.concat().into_bytes();
            prop_assert!(bodies.plain.concat() == plain);
            prop_assert!(gunzip(&bodies.gzip.concat()) == plain);
        }
    }

    #[test]
    fn no_segments_are_an_empty_member() {
        let bodies = EncodedBodies::join([]);
        assert!(bodies.plain.is_empty());
        assert!(gunzip(&bodies.gzip.concat()).is_empty());
    }
}
