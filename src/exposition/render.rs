//! A Snapshot as a scrape gets it: both dialects, plain and compressed, made once and then served
//! as they are.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use super::encode::{Dialect, encode};
use super::families;
use crate::domain::snapshot::Snapshot;

/// A Snapshot's text in both dialects.
#[derive(Debug)]
pub struct Rendered {
    classic: Text,
    openmetrics: Text,
}

/// A text, plain and compressed.
#[derive(Debug)]
pub struct Text {
    /// As it is.
    pub plain: Bytes,
    /// As one gzip member.
    pub gzip: Bytes,
}

impl Rendered {
    /// Writes `snapshot` as it stands at the instant `now`.
    pub fn new(snapshot: &Snapshot, now: Timestamp) -> Self {
        let families = families::collect(snapshot, now);
        let text = |dialect| Text::new(encode(&families, dialect));
        Self {
            classic: text(Dialect::Classic),
            openmetrics: text(Dialect::OpenMetrics),
        }
    }

    /// The text in `dialect`.
    pub fn text(&self, dialect: Dialect) -> &Text {
        match dialect {
            Dialect::Classic => &self.classic,
            Dialect::OpenMetrics => &self.openmetrics,
        }
    }
}

impl Text {
    fn new(plain: String) -> Self {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to memory cannot fail; were it to, an empty text would be a scrape error, which
        // is what Prometheus should see then.
        let gzip = gzip
            .write_all(plain.as_bytes())
            .and_then(|()| gzip.finish())
            .unwrap_or_default();
        Self {
            plain: plain.into(),
            gzip: gzip.into(),
        }
    }
}
