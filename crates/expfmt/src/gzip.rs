//! A part of a scrape's body, plain and compressed.
//!
//! A compressed body is one gzip member: each part is deflate blocks that end at a byte, so that
//! those of the next can be put behind them. Members put behind one another would do by the standard
//! (RFC 1952), but not every client reads on after the first.
//!
//! A text is held in pieces, and compressed as they are filled. One as long as the whole would be
//! copied whenever it has to grow, and a client that takes its time would hold the whole of it and
//! not the rest.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

use super::encode::Lines;

/// The gzip header: deflate, no name, no time, no flags, no particular system.
pub const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A piece that is longer is ended.
const PIECE: usize = 128 << 10;

/// A part of a text, plain and compressed.
#[derive(Debug)]
pub struct GzipSegment {
    plain: Vec<Bytes>,
    deflated: Vec<Bytes>,
    checksum: crc32fast::Hasher,
}

impl GzipSegment {
    /// What `write` writes.
    pub fn of(write: impl FnOnce(&mut SegmentWriter)) -> Self {
        let mut draft = SegmentWriter {
            open: String::new(),
            compress: Compress::new(Compression::default(), false),
            blocks: Vec::new(),
            part: Self {
                plain: Vec::new(),
                deflated: Vec::new(),
                checksum: crc32fast::Hasher::new(),
            },
        };
        write(&mut draft);
        draft.end()
    }

    /// The pieces of the text.
    pub fn plain(&self) -> &[Bytes] {
        &self.plain
    }

    /// The pieces of the text as deflate blocks, of which the last ends at a byte.
    pub fn deflated(&self) -> &[Bytes] {
        &self.deflated
    }

    /// The CRC-32 of the text, to be combined with others.
    pub fn checksum(&self) -> &crc32fast::Hasher {
        &self.checksum
    }
}

/// A part that is being written.
#[derive(Debug)]
pub struct SegmentWriter {
    open: String,
    compress: Compress,
    blocks: Vec<u8>,
    part: GzipSegment,
}

impl Lines for SegmentWriter {
    fn open(&mut self) -> &mut String {
        if self.open.len() >= PIECE {
            self.end_piece(FlushCompress::None);
            // The next will be as long; where it ends only a line's end stands beyond.
            self.open.reserve(PIECE + PIECE / 32);
        }
        &mut self.open
    }
}

impl SegmentWriter {
    fn end(mut self) -> GzipSegment {
        self.open.shrink_to_fit();
        self.end_piece(FlushCompress::Sync);
        self.end_blocks();
        self.part
    }

    fn end_piece(&mut self, flush: FlushCompress) {
        let text = Bytes::from(std::mem::take(&mut self.open));
        self.part.checksum.update(&text);
        // Room for the worst case: for this piece, and for what the compressor holds of those before
        // it. Where the output fills up in the middle of a flush, compressors differ in what becomes
        // of the block that aligns it.
        self.blocks.reserve(text.len() + text.len() / 8 + 2 * PIECE);
        // Fails only on a misuse that this is not; a body cut short would be an error for the client.
        let _ = self.compress.compress_vec(&text, &mut self.blocks, flush);
        if self.blocks.len() >= PIECE {
            self.end_blocks();
        }
        if !text.is_empty() {
            self.part.plain.push(text);
        }
    }

    fn end_blocks(&mut self) {
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.shrink_to_fit();
        if !blocks.is_empty() {
            self.part.deflated.push(blocks.into());
        }
    }
}
