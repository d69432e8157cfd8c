//! A scrape's body: the part that follows from the Snapshot, written and compressed once, and the
//! small part that can be different at each scrape, put behind it.

use std::io::Write;
use std::mem;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::DeflateEncoder;
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
    pub fn new(snapshot: &Snapshot, now: Timestamp, shown: Shown) -> Self {
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
        let mut deflate = DeflateEncoder::new(GZIP_HEADER.to_vec(), Compression::default());
        // A flush ends the last block at a byte. Writing to memory cannot fail; could it, a body cut
        // short would be an error for the client, which is right.
        let _ = deflate.write_all(plain.as_bytes()).and_then(|()| deflate.flush());
        let gzip = mem::take(deflate.get_mut());
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(plain.as_bytes());
        Self { plain: plain.into(), gzip: gzip.into(), checksum }
    }

    /// The compressed end of the text, and the trailer: checksum and length of the whole.
    fn gzip_end(&self, end: &str) -> Vec<u8> {
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        let written = deflate.write_all(end.as_bytes());
        let mut gzip = written.and_then(|()| deflate.finish()).unwrap_or_default();
        let mut checksum = self.checksum.clone();
        checksum.update(end.as_bytes());
        // The length is modulo 2^32 by the standard.
        let length = (self.plain.len() + end.len()) as u32;
        gzip.extend(checksum.finalize().to_le_bytes());
        gzip.extend(length.to_le_bytes());
        gzip
    }
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
            Shown::default(),
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_two_texts_are_joined_to_one_member(
            beginning in proptest::collection::vec(".{0,40}\n", 0..2000),
            end in ".{0,3000}",
        ) {
            let beginning = Beginning::new(beginning.concat());
            let joined = unzip([beginning.gzip.clone(), beginning.gzip_end(&end).into()]);
            let plain = std::str::from_utf8(&beginning.plain).unwrap();
            prop_assert_eq!(joined, format!("{plain}{end}"));
        }
    }
}
