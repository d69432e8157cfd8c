//! What is rendered of a Snapshot.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::snapshot::Snapshot;
use billing::month::Month;
use billing::rules::Rules;

/// Selects the figures of a Snapshot that are shown.
#[derive(Clone, Debug)]
pub struct RenderOptions {
    /// Older figures are left out. `None` keeps figures of any age.
    pub max_age: Option<Duration>,
    /// Whether the metrics of the Go exporter are included.
    pub legacy: bool,
    /// Whether the data is synthetic.
    pub is_demo: bool,
    /// How figures become costs and rows.
    pub rules: Arc<Rules>,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            max_age: None,
            legacy: true,
            is_demo: false,
            rules: Arc::default(),
        }
    }
}

impl RenderOptions {
    /// Returns until when figures of `snapshot` that are computed at the instant `now` are valid:
    /// until the month ends or one of them exceeds the maximum age.
    pub fn valid_until(&self, snapshot: &Snapshot, now: Timestamp) -> Timestamp {
        let month_end = Month::at(now).end();
        let max_age = self.max_age;
        let expiry = max_age.and_then(|max_age| snapshot.next_expiry(now, max_age));
        expiry.map_or(month_end, |expiry| expiry.min(month_end))
    }
}
