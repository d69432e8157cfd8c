//! A scrape's body: what follows from the Snapshot, written and compressed once, and the small part
//! that can be different at each scrape, put behind it.
//!
//! The body has three parts. Heroku's figures are nearly all of it; they change when Heroku's do,
//! and both dialects write them alike. How the polls go changes with each poll. The end is of the
//! scrape.
//!
//! A compressed body is one gzip member: each part is deflate blocks that end at a byte, so that
//! those of the next can be put behind them. Members put behind one another would do by the standard
//! (RFC 1952), but not every client reads on after the first.

use std::sync::Arc;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use jiff::Timestamp;

use super::encode::{Dialect, encode};
use super::families::{self, Family, Figures, Shown};
use crate::domain::snapshot::Snapshot;

/// The part of a scrape that follows from the Snapshot, in both dialects.
#[derive(Debug)]
pub struct Rendered {
    figures: Arc<Part>,
    classic: Part,
    openmetrics: Part,
}

/// A part of a text, plain and compressed.
#[derive(Debug)]
pub struct Part {
    plain: Bytes,
    deflated: Bytes,
    checksum: crc32fast::Hasher,
}

/// The gzip header: deflate, no name, no time, no flags, no particular system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

impl Rendered {
    /// What `snapshot` tells beside `figures`, which are its figures.
    pub fn new(figures: Arc<Part>, snapshot: &Snapshot) -> Self {
        let polls = |dialect| {
            let mut text = String::new();
            encode(&mut text, families::of_polls(snapshot), dialect);
            Part::new(text)
        };
        Self {
            figures,
            classic: polls(Dialect::Classic),
            openmetrics: polls(Dialect::OpenMetrics),
        }
    }

    /// The figures, for a Snapshot that has the same.
    pub fn figures(&self) -> &Arc<Part> {
        &self.figures
    }

    /// The pieces of a whole body in `dialect`, of which `families` are the end.
    pub fn body<'a>(
        &self,
        dialect: Dialect,
        gzip: bool,
        families: impl Iterator<Item = Family<'a>>,
    ) -> [Bytes; 4] {
        let polls = match dialect {
            Dialect::Classic => &self.classic,
            Dialect::OpenMetrics => &self.openmetrics,
        };
        let mut end = String::new();
        encode(&mut end, families, dialect);
        end.push_str(dialect.end());
        let parts = [&*self.figures, polls];
        if gzip {
            let [figures, polls] = parts.map(|part| part.deflated.clone());
            let header = Bytes::from_static(&GZIP_HEADER);
            [header, figures, polls, gzip_end(parts, &end).into()]
        } else {
            let [figures, polls] = parts.map(|part| part.plain.clone());
            [Bytes::new(), figures, polls, end.into()]
        }
    }
}

impl Part {
    /// The figures of `snapshot` at the instant `now`.
    pub fn of_figures(snapshot: &Snapshot, now: Timestamp, shown: &Shown) -> Self {
        let mut text = String::new();
        let figures = Figures::of(snapshot, now, shown);
        // Either dialect: both write gauges alike.
        encode(&mut text, figures.families(), Dialect::Classic);
        Self::new(text)
    }

    fn new(plain: String) -> Self {
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(plain.as_bytes());
        Self {
            deflated: deflated(plain.as_bytes()).into(),
            plain: plain.into(),
            checksum,
        }
    }
}

/// `text` as deflate blocks of which the last ends at a byte.
///
/// It is done in one call, with room for the worst case: where the output fills up in the middle of
/// such a flush, compressors differ in what becomes of the block that aligns it.
fn deflated(text: &[u8]) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(text.len() + text.len() / 8 + 1024);
    let mut compress = Compress::new(Compression::default(), false);
    // Fails only on a misuse that this is not; a body cut short would be an error for the client.
    let _ = compress.compress_vec(text, &mut blocks, FlushCompress::Sync);
    blocks.shrink_to_fit();
    blocks
}

/// The end of a compressed text of which `parts` are the beginning: the last blocks, and the trailer
/// with the checksum and the length of the whole.
///
/// The blocks are stored ones (RFC 1951, section 3.2.4): to compress a few kilobytes for one scrape
/// alone costs more than to send them.
fn gzip_end(parts: [&Part; 2], end: &str) -> Vec<u8> {
    const MOST: usize = u16::MAX as usize;
    let mut gzip = Vec::with_capacity(end.len() + end.len() / MOST * 5 + 16);
    let mut rest = end.as_bytes();
    loop {
        let (block, others) = rest.split_at(rest.len().min(MOST));
        let length = block.len() as u16;
        gzip.push(u8::from(others.is_empty()));
        gzip.extend(length.to_le_bytes());
        gzip.extend((!length).to_le_bytes());
        gzip.extend(block);
        rest = others;
        if rest.is_empty() {
            break;
        }
    }
    let [figures, polls] = parts;
    let mut checksum = figures.checksum.clone();
    checksum.combine(&polls.checksum);
    checksum.update(end.as_bytes());
    // The length is modulo 2^32 by the standard.
    let length = (figures.plain.len() + polls.plain.len() + end.len()) as u32;
    gzip.extend(checksum.finalize().to_le_bytes());
    gzip.extend(length.to_le_bytes());
    gzip
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::own;
    use crate::domain::traffic::Traffic;
    use crate::exposition::families::{LabelValues, Sample};
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    /// Reads one gzip member, and sees that nothing stands behind it.
    fn unzip(bytes: &[u8]) -> String {
        let mut decoder = GzDecoder::new(bytes);
        let mut text = String::new();
        decoder.read_to_string(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty());
        text
    }

    #[test]
    fn plain_and_compressed_are_the_same_text_in_each_dialect() {
        let snapshot = Snapshot::new(Vec::new(), false, Traffic::default());
        let figures = Part::of_figures(&snapshot, Timestamp::UNIX_EPOCH, &Shown::default());
        let rendered = Rendered::new(Arc::new(figures), &snapshot);
        let family = || Family {
            metric: &own::PROCESS_THREADS,
            labels: Vec::new(),
            samples: Box::new(std::iter::once(Sample {
                suffix: "",
                label_values: LabelValues::new(),
                value: 3.0,
            })),
        };
        for dialect in [Dialect::Classic, Dialect::OpenMetrics] {
            let body = |gzip| rendered.body(dialect, gzip, std::iter::once(family()));
            let plain = String::from_utf8(body(false).concat()).unwrap();
            assert!(plain.contains("\nprocess_threads 3\n"), "{plain}");
            assert_eq!(unzip(&body(true).concat()), plain);
        }
    }

    /// Text that shrinks little, where a compressor fills its buffers, to text that shrinks much.
    fn text(seed: u64, length: usize, letters: u32) -> String {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..length)
            .filter_map(|_| char::from_u32(random.u32(0..letters)))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_texts_are_joined_to_one_member(
            seed in any::<u64>(),
            lengths in (0_usize..60_000, 0_usize..10_000, 0_usize..200_000),
            letters in prop_oneof![Just(2), Just(64), Just(0x80), Just(0x800), Just(0x1_0000)],
        ) {
            let parts = [Part::new(text(seed, lengths.0, letters)), Part::new(text(!seed, lengths.1, letters))];
            let end = text(seed ^ 1, lengths.2, letters);
            let [figures, polls] = &parts;
            let joined = [
                &GZIP_HEADER,
                &figures.deflated[..],
                &polls.deflated,
                &gzip_end(parts.each_ref(), &end),
            ]
            .concat();
            let plain = [&figures.plain[..], &polls.plain, end.as_bytes()].concat();
            prop_assert!(unzip(&joined).into_bytes() == plain);
        }
    }
}
