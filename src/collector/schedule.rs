//! The schedule of an endpoint.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task;
use tokio::time::Instant;

use billing::month::Month;
use heroku_api::stats::Endpoint;

/// The delay after the start of a UTC month before everything is polled again. Heroku's clock may
/// differ, and Heroku rejects requests for a future month.
const MONTH_START_DELAY: SignedDuration = SignedDuration::from_secs(10);

/// The schedule of an endpoint.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) endpoint: Endpoint,
    /// Whether the endpoint is polled at all.
    pub(super) enabled: bool,
    due: Instant,
    /// The job that is requesting the endpoint.
    running: Option<task::Id>,
    /// The month in which the last poll started. Another month makes the endpoint due.
    polled_in: Option<Month>,
    consecutive_failures: u32,
    /// Whether a request has completed, successfully or not.
    attempted: bool,
}

impl Schedule {
    /// Creates a schedule that is due at once.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            enabled: true,
            due: Instant::now(),
            running: None,
            polled_in: None,
            consecutive_failures: 0,
            attempted: false,
        }
    }

    /// Returns whether a poll is due at the instant `now`, which is `time` on the wall clock.
    pub(super) fn is_due(&self, now: Instant, time: Timestamp) -> bool {
        let is_other_month = self.polled_in.is_some_and(|month| {
            // The wall clock may have been set back.
            month < settled_month(time) || month > Month::at(time)
        });
        self.enabled && self.running.is_none() && (self.due <= now || is_other_month)
    }

    /// Makes the endpoint due earlier, by a time during which the monotonic clock was suspended.
    pub(super) fn skip(&mut self, suspended: Duration) {
        self.due = self.due.checked_sub(suspended).unwrap_or_else(Instant::now);
    }

    /// Makes the endpoint due now if its last request failed.
    pub(super) fn retry_now(&mut self) {
        if self.consecutive_failures > 0 {
            self.set_due_in(Duration::ZERO);
        }
    }

    /// Returns when the endpoint is due, or `None` while it is being requested or disabled.
    pub(super) fn next_due(&self) -> Option<Instant> {
        (self.enabled && self.running.is_none()).then_some(self.due)
    }

    /// Returns whether a poll was ever started.
    pub(super) fn was_started(&self) -> bool {
        self.polled_in.is_some()
    }

    /// Returns whether a request has completed or the endpoint is disabled.
    pub(super) fn is_attempted(&self) -> bool {
        self.attempted || !self.enabled
    }

    /// Returns whether `job` is requesting the endpoint.
    pub(super) fn is_running(&self, job: task::Id) -> bool {
        self.running == Some(job)
    }

    pub(super) fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    /// Records that `job` has started. Polls set the current `month`.
    pub(super) fn start(&mut self, job: task::Id, month: Option<Month>) {
        self.running = Some(job);
        self.polled_in = month.or(self.polled_in);
    }

    /// Records a success.
    pub(super) fn succeed(&mut self, delay: Duration) {
        self.consecutive_failures = 0;
        self.attempted = true;
        self.finish(delay);
    }

    /// Records a failure.
    pub(super) fn fail(&mut self, retry: Duration) {
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        self.attempted = true;
        self.finish(retry);
    }

    /// Records that `job` ended without a result.
    pub(super) fn abort(&mut self, job: task::Id, retry: Duration) {
        if self.is_running(job) {
            self.finish(retry);
        }
    }

    /// Makes the endpoint due after `delay`.
    pub(super) fn set_due_in(&mut self, delay: Duration) {
        self.due = Instant::now() + delay;
    }

    /// Records that the running job ended, and makes the endpoint due after `delay`.
    pub(super) fn finish(&mut self, delay: Duration) {
        self.running = None;
        self.set_due_in(delay);
    }
}

/// Returns the latest month that has certainly begun on Heroku's clock.
pub(super) fn settled_month(now: Timestamp) -> Month {
    Month::at(now.saturating_sub(MONTH_START_DELAY).unwrap_or(now))
}

/// Returns the time until [`settled_month`] changes.
pub(super) fn until_next_month(now: Timestamp) -> Duration {
    let end = settled_month(now).end();
    let next = end
        .saturating_add(MONTH_START_DELAY)
        .unwrap_or(Timestamp::MAX);
    Duration::try_from(next.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_ten_seconds_after_month_start() {
        let polled_in = |month: &str| Schedule {
            polled_in: Some(month.parse().unwrap()),
            due: Instant::now() + Duration::from_secs(300),
            ..Schedule::new(Endpoint::Usage)
        };
        let due =
            |schedule: &Schedule, now: &str| schedule.is_due(Instant::now(), now.parse().unwrap());
        let november = polled_in("2026-11");
        assert!(!due(&november, "2026-11-30T23:59:59Z"));
        assert!(!due(&november, "2026-12-01T00:00:09Z"));
        assert!(due(&november, "2026-12-01T00:00:10Z"));
        assert!(due(&november, "2026-12-01T01:00:10+01:00"));
        // A poll in the first seconds of December covers December.
        assert!(!due(&polled_in("2026-12"), "2026-12-01T00:00:10Z"));
        assert!(!due(&polled_in("2026-12"), "2026-12-01T00:00:00Z"));
        // A clock that was wrong.
        assert!(due(&polled_in("2026-12"), "2026-11-30T23:59:59Z"));
        assert!(due(&polled_in("2027-03"), "2026-11-30T12:00:00Z"));
    }

    #[test]
    fn suspended_time_counts() {
        let now = Instant::now();
        let time = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut schedule = Schedule::new(Endpoint::Usage);
        schedule.set_due_in(Duration::from_secs(3600));
        schedule.skip(Duration::from_secs(1800));
        assert!(!schedule.is_due(now, time));
        schedule.skip(Duration::from_secs(1801));
        assert!(schedule.is_due(now, time));
        schedule.skip(Duration::from_secs(u64::MAX / 4));
        assert!(schedule.is_due(Instant::now(), time));
    }
}
