//! The clock that the exporter is given, told from the outside.

use std::time::{Duration, Instant};

use jiff::civil::{Date, date};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// A clock that began with the soak, two hours before a month does, and runs `speed` times as fast
/// as the real one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    from: Timestamp,
    began: Instant,
    speed: u32,
}

/// How far the exporter's clock may be from this one, in real time: its process takes a moment to
/// start, and a scrape one to be judged.
const INACCURACY: Duration = Duration::from_secs(2);

impl Clock {
    pub(crate) fn start(speed: u32) -> Self {
        let from = Offset::UTC.to_timestamp(date(2026, 11, 30).at(22, 0, 0, 0));
        Self {
            from: from.unwrap_or(Timestamp::UNIX_EPOCH),
            began: Instant::now(),
            speed,
        }
    }

    pub(crate) fn start_of_clock(&self) -> Timestamp {
        self.from
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.after(self.began.elapsed())
    }

    pub(crate) fn today(&self) -> Date {
        Offset::UTC.to_datetime(self.now()).date()
    }

    /// Whether it can be `month` for the exporter.
    pub(crate) fn may_be(&self, month: Date) -> bool {
        let elapsed = self.began.elapsed();
        [elapsed.saturating_sub(INACCURACY), elapsed + INACCURACY]
            .into_iter()
            .any(|elapsed| {
                let day = Offset::UTC.to_datetime(self.after(elapsed)).date();
                day.first_of_month() == month
            })
    }

    fn after(&self, elapsed: Duration) -> Timestamp {
        let elapsed = elapsed.saturating_mul(self.speed);
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        self.from.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// The first day of the month after.
pub(crate) fn month_after(month: Date) -> Date {
    month.last_of_month().tomorrow().unwrap_or(Date::MAX)
}

/// The first day of the month before.
pub(crate) fn month_before(month: Date) -> Date {
    month
        .first_of_month()
        .yesterday()
        .unwrap_or(Date::MIN)
        .first_of_month()
}
