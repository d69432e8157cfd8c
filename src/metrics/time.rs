//! Timestamps as metric values.

use jiff::Timestamp;

/// Returns a Unix timestamp in seconds, with milliseconds.
pub(super) fn unix_time(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
