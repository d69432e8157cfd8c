//! Encodes a Snapshot as segments that are joined into response bodies.

use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;

use super::billing_data::{BillingData, has_same_billing_data};
use super::families;
use super::options::RenderOptions;
use crate::snapshot::Snapshot;
use crate::store::History;
use expfmt::{EncodedBodies, Family, Format, GzipSegment, SegmentWriter, encode};

/// The encoded segments of a Snapshot at one instant.
#[derive(Debug)]
pub struct Rendered {
    snapshot: Arc<Snapshot>,
    at: Timestamp,
    /// The version of the past months.
    past_version: Option<u64>,
    /// Most of a body. Both formats share it, because it has only gauges and no HELP text that
    /// needs escaping.
    billing: Arc<GzipSegment>,
    /// For each [`Format`].
    polls: [GzipSegment; 2],
}

impl Rendered {
    /// Renders `snapshot` at the instant `now`. Reuses the billing segment of `previous` if its
    /// data is the same, so that a poll without changes needs no encoding.
    pub fn new(
        snapshot: Arc<Snapshot>,
        now: Timestamp,
        options: &RenderOptions,
        previous: Option<Self>,
    ) -> Self {
        let past_version = options.history.as_ref().map(History::version);
        let same = previous.filter(|previous| {
            let is_same_past = previous.past_version == past_version;
            let previous = (&*previous.snapshot, previous.at);
            is_same_past && has_same_billing_data(previous, (&snapshot, now), options.max_age)
        });
        let billing = same.map(|same| same.billing).unwrap_or_else(|| {
            let data = BillingData::new(&snapshot, now, options);
            Arc::new(GzipSegment::encode(families::billing(&data), Format::Text))
        });
        Self {
            billing,
            polls: Format::ALL
                .map(|format| GzipSegment::encode(families::polls(&snapshot), format)),
            snapshot,
            at: now,
            past_version,
        }
    }

    /// Returns the rendered Snapshot.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Returns the bodies that end with the families `trailer`, for each [`Format`].
    pub fn bodies<'a, T>(&self, trailer: impl Fn() -> T) -> [EncodedBodies; 2]
    where
        T: Iterator<Item = Family<'a>>,
    {
        Format::ALL.map(|format| {
            let mut writer = SegmentWriter::default();
            // The writer never fails.
            let _ = encode(&mut writer, trailer(), format);
            let _ = writer.write_str(format.eof());
            let polls = &self.polls[format as usize];
            EncodedBodies::join([&self.billing, polls, &writer.finish()])
        })
    }
}
