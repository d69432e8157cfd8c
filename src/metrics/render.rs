//! Encodes a Snapshot as segments, from which bodies are joined.

use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;

use super::families;
use super::figures::{Figures, same_figures};
use super::options::RenderOptions;
use crate::snapshot::Snapshot;
use expfmt::{EncodedBodies, Family, Format, GzipSegment, SegmentWriter, encode};

/// The segments that follow from a Snapshot at one instant.
#[derive(Debug)]
pub struct Rendered {
    snapshot: Arc<Snapshot>,
    at: Timestamp,
    /// Nearly all of a body. Both formats share it: it has only gauges, and no HELP that needs an
    /// escape.
    figures: Arc<GzipSegment>,
    /// For each [`Format`].
    polls: [GzipSegment; 2],
}

impl Rendered {
    /// Renders `snapshot` at the instant `now`. Reuses the figures of `previous` if they are the
    /// same, so that a poll that changed nothing costs no encoding.
    pub fn new(
        snapshot: Arc<Snapshot>,
        now: Timestamp,
        options: &RenderOptions,
        previous: Option<Self>,
    ) -> Self {
        let same = previous.filter(|previous| {
            let before = (&*previous.snapshot, previous.at);
            same_figures(before, (&snapshot, now), options.max_age)
        });
        let figures = same.map(|same| same.figures).unwrap_or_else(|| {
            let figures = Figures::new(&snapshot, now, options);
            Arc::new(GzipSegment::encode(
                families::figures(&figures),
                Format::Text,
            ))
        });
        Self {
            figures,
            polls: Format::ALL
                .map(|format| GzipSegment::encode(families::polls(&snapshot), format)),
            snapshot,
            at: now,
        }
    }

    /// Returns the Snapshot.
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
            // The writer has no errors.
            let _ = encode(&mut writer, trailer(), format);
            let _ = writer.write_str(format.eof());
            let polls = &self.polls[format as usize];
            EncodedBodies::join([&self.figures, polls, &writer.finish()])
        })
    }
}
