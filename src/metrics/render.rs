//! A scrape's body: what was written and compressed before, and one line of the scrape's own.
//!
//! The body has four parts. Heroku's figures are nearly all of it; they change when Heroku's do,
//! and both dialects write them alike. How the polls go changes with each poll. The ending is of the
//! process, and stands for a moment. The last line counts the scrapes.

use std::sync::Arc;

use bytes::{BufMut, Bytes};
use jiff::Timestamp;
use smallvec::SmallVec;

use expfmt::encode::{Format, encode, encode_series};
use expfmt::family::Family;
use expfmt::gzip::{GZIP_HEADER, GzipSegment};

use super::{self as families, Figures, RenderOptions};
use crate::snapshot::Snapshot;

/// A body in pieces, as few as a small one has being held where the pieces are named.
pub type Pieces = SmallVec<[Bytes; 4]>;

/// What of a body follows from the Snapshot.
#[derive(Debug)]
pub struct Rendered {
    figures: Arc<GzipSegment>,
    polls: [GzipSegment; 2],
}

/// A body but for the count in its last line, in both dialects.
#[derive(Debug)]
pub struct Bodies {
    beginnings: [Beginning; 2],
    /// The last line up to its count.
    last: String,
}

/// A body but for its last line: its parts, with the checksum and the length of them together.
#[derive(Debug)]
struct Beginning {
    plain: Vec<Bytes>,
    gzip: Vec<Bytes>,
    checksum: crc32fast::Hasher,
    length: usize,
}

impl Rendered {
    /// What `snapshot` tells beside `figures`, which are its figures.
    pub fn new(figures: Arc<GzipSegment>, snapshot: &Snapshot) -> Self {
        Self {
            figures,
            polls: in_both(|| families::of_polls(snapshot)),
        }
    }

    /// The figures, for a Snapshot that has the same.
    pub fn figures(&self) -> &Arc<GzipSegment> {
        &self.figures
    }

    /// The bodies of which `ending` are the last families, but for the count of `scrapes`, whose
    /// value is told with each of them.
    pub fn with_ending<'a, F>(&self, ending: impl Fn() -> F, scrapes: Family<'_>) -> Bodies
    where
        F: Iterator<Item = Family<'a>>,
    {
        let [classic, openmetrics] = in_both(ending);
        let [classic_polls, openmetrics_polls] = &self.polls;
        let figures = &*self.figures;
        let mut last = String::new();
        encode_series(&mut last, scrapes);
        Bodies {
            beginnings: [
                Beginning::of([figures, classic_polls, &classic]),
                Beginning::of([figures, openmetrics_polls, &openmetrics]),
            ],
            last,
        }
    }
}

/// The figures of `snapshot` at the instant `now`.
pub fn of_figures(snapshot: &Snapshot, now: Timestamp, shown: &RenderOptions) -> GzipSegment {
    let figures = Figures::of(snapshot, now, shown);
    // Either format: both write gauges alike.
    GzipSegment::of(|text| encode(text, figures.families(), Format::Text))
}

/// A part in each format, in the order of [`Format`].
fn in_both<'a, F: Iterator<Item = Family<'a>>>(families: impl Fn() -> F) -> [GzipSegment; 2] {
    [Format::Text, Format::OpenMetrics]
        .map(|format| GzipSegment::of(|text| encode(text, families(), format)))
}

impl Bodies {
    /// The pieces of a body in `format` but for its end, which is put into `end`: it counts the
    /// `scrapes`, and is no other answer's. Who answers one scrape after another has room for it once.
    pub fn body(&self, format: Format, gzip: bool, scrapes: u64, end: &mut Vec<u8>) -> Pieces {
        let beginning = &self.beginnings[format as usize];
        let mut count = itoa::Buffer::new();
        let last = [&self.last, count.format(scrapes), "\n", format.end()];
        end.clear();
        let pieces = if gzip {
            beginning.put_gzip_end(end, &last);
            &beginning.gzip
        } else {
            last.iter().for_each(|text| end.put_slice(text.as_bytes()));
            &beginning.plain
        };
        pieces.iter().cloned().collect()
    }
}

impl Beginning {
    fn of(parts: [&GzipSegment; 3]) -> Self {
        let mut checksum = crc32fast::Hasher::new();
        for part in parts {
            checksum.combine(part.checksum());
        }
        let plain: Vec<_> = parts
            .into_iter()
            .flat_map(GzipSegment::plain)
            .cloned()
            .collect();
        let header = Bytes::from_static(&GZIP_HEADER);
        let deflated = parts.into_iter().flat_map(GzipSegment::deflated).cloned();
        let gzip: Vec<_> = std::iter::once(header).chain(deflated).collect();
        Self {
            length: plain.iter().map(Bytes::len).sum(),
            plain: with_short_ones_joined(&plain),
            gzip: with_short_ones_joined(&gzip),
            checksum,
        }
    }

    /// Puts the end of the compressed text: the last block, and the trailer with the checksum and the
    /// length of the whole.
    ///
    /// The block is a stored one (RFC 1951, section 3.2.4): to compress a line for one scrape alone
    /// costs more than to send it. A line is far shorter than the most that such a block can have.
    fn put_gzip_end(&self, end: &mut Vec<u8>, last: &[&str]) {
        const LAST_AND_STORED: u8 = 1;
        let length: usize = last.iter().map(|text| text.len()).sum();
        end.put_u8(LAST_AND_STORED);
        end.put_u16_le(length as u16);
        end.put_u16_le(!(length as u16));
        let mut checksum = self.checksum.clone();
        for text in last {
            end.put_slice(text.as_bytes());
            checksum.update(text.as_bytes());
        }
        end.put_u32_le(checksum.finalize());
        // Modulo 2^32 by the standard.
        end.put_u32_le((self.length + length) as u32);
    }
}

/// The same pieces, but that short ones that follow one another are one: for each piece of an answer
/// there is something to do, and to copy these once for many answers is less.
fn with_short_ones_joined(pieces: &[Bytes]) -> Vec<Bytes> {
    const SHORT: usize = 32 << 10;
    let runs = pieces.chunk_by(|one, next| one.len().max(next.len()) < SHORT);
    runs.map(|run| match run {
        [piece] => piece.clone(),
        several => several.concat().into(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Answered;
    use expfmt::encode::Lines;
    use flate2::read::GzDecoder;
    use heroku_api::stats::ClientStats;
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
        let snapshot = Snapshot::new(Vec::new(), false, ClientStats::default());
        let figures = of_figures(&snapshot, Timestamp::UNIX_EPOCH, &RenderOptions::default());
        let rendered = Rendered::new(Arc::new(figures), &snapshot);
        let answered = |path, count| Answered {
            path,
            code: "200",
            count,
        };
        let ending = || {
            let answered = std::iter::once(answered("/", 2));
            families::of_process(Timestamp::UNIX_EPOCH, None, answered)
        };
        let scrapes = families::of_scrapes(answered("/metrics", 0));
        let bodies = rendered.with_ending(ending, scrapes);
        for format in [Format::Text, Format::OpenMetrics] {
            let body = |gzip| {
                let mut end = Vec::new();
                let pieces = bodies.body(format, gzip, 3, &mut end);
                [pieces.concat(), end].concat()
            };
            let plain = String::from_utf8(body(false)).unwrap();
            assert!(
                plain.contains("{path=\"/metrics\",code=\"200\"} 3\n"),
                "{plain}"
            );
            assert_eq!(unzip(&body(true)), plain);
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
            lengths in (0_usize..300_000, 0_usize..10_000, 0_usize..1_000, 0_usize..300),
            letters in prop_oneof![Just(2), Just(64), Just(0x80), Just(0x800), Just(0x1_0000)],
        ) {
            let part = |salt, length| {
                let text = text(seed ^ salt, length, letters);
                GzipSegment::of(|lines| {
                    for line in text.split_inclusive(|letter| letter as u32 % 61 == 1) {
                        lines.open().push_str(line);
                    }
                })
            };
            let parts = [part(0, lengths.0), part(1, lengths.1), part(2, lengths.2)];
            let last = text(!seed, lengths.3, letters);
            let beginning = Beginning::of(parts.each_ref());
            let mut joined = beginning.gzip.concat();
            beginning.put_gzip_end(&mut joined, &[&last]);
            let plain = [&beginning.plain.concat(), last.as_bytes()].concat();
            prop_assert!(unzip(&joined).into_bytes() == plain);
        }
    }
}
