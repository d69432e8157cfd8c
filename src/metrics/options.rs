//! Options for rendering a Snapshot as metrics or as a report.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::snapshot::Snapshot;
use crate::store::History;
use billing::month::Month;
use billing::rules::Rules;

/// Options for rendering a Snapshot.
#[derive(Clone, Debug)]
pub struct RenderOptions {
    /// The maximum age of data. Older data is omitted; `None` means no limit.
    pub max_age: Option<Duration>,
    /// Whether the legacy metrics are included.
    pub legacy: bool,
    /// Whether the dynos and add-ons of each app are included.
    pub resources: bool,
    /// Whether the data is synthetic.
    pub is_demo: bool,
    /// Prices, budgets and app grouping.
    pub rules: Arc<Rules>,
    /// The past months, if there is a database.
    pub history: Option<History>,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            max_age: None,
            legacy: true,
            resources: false,
            is_demo: false,
            rules: Arc::default(),
            history: None,
        }
    }
}

impl RenderOptions {
    /// Returns when a rendering of `snapshot` at the instant `now` expires: when the month ends or
    /// some data exceeds the maximum age.
    pub fn valid_until(&self, snapshot: &Snapshot, now: Timestamp) -> Timestamp {
        let month_end = Month::at(now).end();
        let max_age = self.max_age;
        let expiry = max_age.and_then(|max_age| snapshot.next_expiry(now, max_age));
        expiry.map_or(month_end, |expiry| expiry.min(month_end))
    }
}
