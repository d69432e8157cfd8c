//! A scrape's body: the part that follows from the Snapshot, written and compressed once, and the
//! small part that can be different at each scrape, put behind it.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use jiff::Timestamp;

use super::encode::{Dialect, encode};
use super::families::{self, Family, Shown};
use crate::domain::snapshot::Snapshot;

/// The part of a scrape that follows from the Snapshot, in both dialects.
#[derive(Debug)]
pub struct Rendered {
    classic: Beginning,
    openmetrics: Beginning,
}

/// The beginning of a text, plain and compressed.
///
/// The compressed form is a gzip header and deflate blocks that end at a byte, so that the blocks
/// of the rest can be put behind it: together they are one gzip member. Members put behind one
/// another would do by the standard (RFC 1952), but not every client reads on after the first.
#[derive(Debug)]
struct Beginning {
    plain: Bytes,
    gzip: Bytes,
    checksum: crc32fast::Hasher,
}

/// The gzip header: deflate, no name, no time, no flags, no particular system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

impl Rendered {
    /// Writes `snapshot` as it stands at the instant `now`.
    pub fn new(snapshot: &Snapshot, now: Timestamp, shown: &Shown) -> Self {
        let families = families::of_snapshot(snapshot, now, shown);
        let beginning = |dialect| {
            let mut text = String::new();
            encode(&mut text, &families, dialect);
            Beginning::new(text)
        };
        Self {
            classic: beginning(Dialect::Classic),
            openmetrics: beginning(Dialect::OpenMetrics),
        }
    }

    /// The pieces of a whole body in `dialect`, of which `families` are the end.
    pub fn body(&self, dialect: Dialect, gzip: bool, families: &[Family<'_>]) -> [Bytes; 2] {
        let beginning = match dialect {
            Dialect::Classic => &self.classic,
            Dialect::OpenMetrics => &self.openmetrics,
        };
        let mut end = String::new();
        encode(&mut end, families, dialect);
        end.push_str(dialect.end());
        if gzip {
            [beginning.gzip.clone(), beginning.gzip_end(&end).into()]
        } else {
            [beginning.plain.clone(), end.into()]
        }
    }
}

impl Beginning {
    fn new(plain: String) -> Self {
        let mut gzip = GZIP_HEADER.to_vec();
        deflate(plain.as_bytes(), &mut gzip, FlushCompress::Sync);
        gzip.shrink_to_fit();
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(plain.as_bytes());
        Self {
            plain: plain.into(),
            gzip: gzip.into(),
            checksum,
        }
    }

    /// The compressed end of the text, and the trailer: checksum and length of the whole.
    fn gzip_end(&self, end: &str) -> Vec<u8> {
        let mut gzip = Vec::new();
        deflate(end.as_bytes(), &mut gzip, FlushCompress::Finish);
        let mut checksum = self.checksum.clone();
        checksum.update(end.as_bytes());
        // The length is modulo 2^32 by the standard.
        let length = (self.plain.len() + end.len()) as u32;
        gzip.extend(checksum.finalize().to_le_bytes());
        gzip.extend(length.to_le_bytes());
        gzip
    }
}

/// Appends `text` to `output` as deflate blocks. `flush` says how the last one ends: `Sync` at a
/// byte, `Finish` as the last of all.
///
/// It is done in one call, with room for the worst case: where the output fills up in the middle of
/// a `Sync`, the compressor drops the block that aligns it.
fn deflate(text: &[u8], output: &mut Vec<u8>, flush: FlushCompress) {
    output.reserve(text.len() + text.len() / 8 + 1024);
    let mut compress = Compress::new(Compression::default(), false);
    // Fails only on a misuse that this is not; a body cut short would be an error for the client.
    let _ = compress.compress_vec(text, output, flush);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::own;
    use crate::domain::traffic::Traffic;
    use crate::exposition::families::Sample;
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    /// Reads one gzip member, and sees that nothing stands behind it.
    fn unzip(pieces: [Bytes; 2]) -> String {
        let bytes = pieces.concat();
        let mut decoder = GzDecoder::new(bytes.as_slice());
        let mut text = String::new();
        decoder.read_to_string(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty());
        text
    }

    #[test]
    fn plain_and_compressed_are_the_same_text_in_each_dialect() {
        let rendered = Rendered::new(
            &Snapshot::new(Vec::new(), false, Traffic::default()),
            Timestamp::UNIX_EPOCH,
            &Shown::default(),
        );
        let family = Family {
            metric: &own::PROCESS_THREADS,
            labels: Vec::new(),
            samples: vec![Sample {
                suffix: "",
                label_values: Vec::new(),
                value: 3.0,
            }],
        };
        for dialect in [Dialect::Classic, Dialect::OpenMetrics] {
            let families = std::slice::from_ref(&family);
            let plain =
                String::from_utf8(rendered.body(dialect, false, families).concat()).unwrap();
            assert!(plain.contains("\nprocess_threads 3\n"), "{plain}");
            assert_eq!(unzip(rendered.body(dialect, true, families)), plain);
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
        fn any_two_texts_are_joined_to_one_member(
            seed in any::<u64>(),
            lengths in (0_usize..60_000, 0_usize..10_000),
            letters in prop_oneof![Just(2), Just(64), Just(0x80), Just(0x800), Just(0x1_0000)],
        ) {
            let beginning = Beginning::new(text(seed, lengths.0, letters));
            let end = text(!seed, lengths.1, letters);
            let joined = unzip([beginning.gzip.clone(), beginning.gzip_end(&end).into()]);
            let plain = std::str::from_utf8(&beginning.plain).unwrap();
            prop_assert!(joined == [plain, &end].concat());
        }
    }
}
