//! The accelerated clock of the exporter, as computed outside its process.

use std::time::{Duration, Instant};

use jiff::civil::{Date, date};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// A clock that starts two hours before the end of a month and runs `speed` times as fast as the
/// system clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Timestamp,
    started: Instant,
    speed: u32,
}

/// The maximum difference from the exporter's clock, in real time: the exporter starts later than
/// this clock, and a scrape is checked after it has ended.
const TOLERANCE: Duration = Duration::from_secs(2);

impl Clock {
    pub(crate) fn start(speed: u32) -> Self {
        let start = Offset::UTC.to_timestamp(date(2026, 11, 30).at(22, 0, 0, 0));
        Self {
            start: start.unwrap_or(Timestamp::UNIX_EPOCH),
            started: Instant::now(),
            speed,
        }
    }

    /// Returns the time at which the clock started.
    pub(crate) fn start_time(&self) -> Timestamp {
        self.start
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.at(self.started.elapsed())
    }

    pub(crate) fn today(&self) -> Date {
        Offset::UTC.to_datetime(self.now()).date()
    }

    /// Returns whether `month` may be the current month for the exporter.
    pub(crate) fn may_be_in(&self, month: Date) -> bool {
        let elapsed = self.started.elapsed();
        [elapsed.saturating_sub(TOLERANCE), elapsed + TOLERANCE]
            .into_iter()
            .any(|elapsed| {
                let day = Offset::UTC.to_datetime(self.at(elapsed)).date();
                day.first_of_month() == month
            })
    }

    fn at(&self, elapsed: Duration) -> Timestamp {
        let elapsed = elapsed.saturating_mul(self.speed);
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// Returns the first day of the next month.
pub(crate) fn month_after(month: Date) -> Date {
    month.last_of_month().tomorrow().unwrap_or(Date::MAX)
}

/// Returns the first day of the previous month.
pub(crate) fn month_before(month: Date) -> Date {
    month
        .first_of_month()
        .yesterday()
        .unwrap_or(Date::MIN)
        .first_of_month()
}
