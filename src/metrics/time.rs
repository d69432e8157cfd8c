//! Instants as metric values.

use jiff::Timestamp;

/// Returns an instant in seconds since 1970.
pub(super) fn unix_time(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
