//! When an endpoint is asked next.

use std::time::Duration;

use tokio::task;
use tokio::time::Instant;

use super::error::Error;
use crate::snapshot::FailureReason;
use billing::month::Month;

/// The first pause after a failure; each further failure in a row doubles it.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// The first pause after Heroku said that its rate limit is used up: time for it to refill a little.
const FIRST_RETRY_WHEN_LIMITED: Duration = Duration::from_secs(15);

/// The longest pause after a failure that may pass by itself.
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// The pause before an endpoint that is not there for a team is asked for again: a contract may
/// change, but not by the hour.
const RARELY: Duration = Duration::from_secs(24 * 3600);

/// When an endpoint is asked next.
#[derive(Debug)]
pub(super) struct Schedule {
    due: Instant,
    /// The month in which it was last asked; when the next one has begun it is due, whatever `due`
    /// says.
    asked_in: Option<Month>,
    /// The job that is asking.
    running: Option<task::Id>,
    failures_in_a_row: u32,
}

impl Schedule {
    /// Due at once, for the first time.
    pub(super) fn new() -> Self {
        Self {
            due: Instant::now(),
            asked_in: None,
            running: None,
            failures_in_a_row: 0,
        }
    }

    /// Whether it is time to ask. `settled_month` is the month whose figures Heroku can be expected
    /// to have begun.
    pub(super) fn is_due(&self, now: Instant, settled_month: Month) -> bool {
        let new_month = self.asked_in.is_some_and(|asked| asked < settled_month);
        self.running.is_none() && (self.due <= now || new_month)
    }

    /// Whether it was ever asked.
    pub(super) fn was_started(&self) -> bool {
        self.asked_in.is_some()
    }

    /// When it is time to ask, unless it is being asked.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.running.is_none().then_some(self.due)
    }

    /// Notes that `job` asks, in `month`.
    pub(super) fn start(&mut self, job: task::Id, month: Month) {
        self.running = Some(job);
        self.asked_in = Some(month);
    }

    /// Notes a success.
    pub(super) fn succeed(&mut self, pauses: Pauses) {
        self.failures_in_a_row = 0;
        self.finish(pauses.interval);
    }

    /// Notes a failure, and gives the pause until the next try.
    pub(super) fn fail(&mut self, error: &Error, pauses: Pauses) -> Duration {
        let pause = pauses.after(error, self.failures_in_a_row);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.finish(pause);
        pause
    }

    /// Notes that `job`, if that is what asks, ended without a word.
    pub(super) fn lose(&mut self, job: task::Id, pause: Duration) {
        if self.running == Some(job) {
            self.finish(pause);
        }
    }

    fn finish(&mut self, pause: Duration) {
        self.running = None;
        self.due = Instant::now() + pause;
    }
}

/// How long to wait between asking and asking again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    /// After a success.
    pub(super) interval: Duration,
    /// The least, which is what Heroku's rate limit bears of requests to all endpoints.
    pub(super) floor: Duration,
}

impl Pauses {
    /// After a failure that `failures` others came before: exponential, with full jitter so that
    /// many exporters do not ask in step.
    fn after(self, error: &Error, failures: u32) -> Duration {
        if matches!(error, Error::Api(heroku_api::error::Error::TooManyPages(_))) {
            // It has cost as many requests as many polls.
            return LONGEST_RETRY.max(self.floor);
        }
        let (first, longest) = match error.reason() {
            FailureReason::NotAvailable => return self.interval.max(RARELY),
            FailureReason::RateLimited => (FIRST_RETRY_WHEN_LIMITED, LONGEST_RETRY),
            // As a rule these stay as they are, so the pauses may grow to the interval.
            FailureReason::Forbidden | FailureReason::NotFound | FailureReason::TeamNotFound => {
                (FIRST_RETRY, self.interval)
            }
            _ => (FIRST_RETRY, LONGEST_RETRY),
        };
        let exponential = first.saturating_mul(2_u32.saturating_pow(failures));
        let bounded = exponential.min(longest).min(self.interval.max(first));
        let jittered = bounded.mul_f64(fastrand::f64());
        // Heroku's word counts for more than the interval, but not for a day.
        let asked_for = error
            .retry_after()
            .unwrap_or_default()
            .min(self.interval.max(LONGEST_RETRY));
        jittered.max(asked_for).max(self.floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::settled_month;
    use heroku_api::error::ApiErrorBody;

    const PAUSES: Pauses = Pauses {
        interval: Duration::from_secs(3600),
        floor: Duration::from_millis(1600),
    };

    fn status(status: u16, retry_after: Option<u64>) -> Error {
        let retry_after = retry_after.map(Duration::from_secs);
        Error::Api(heroku_api::error::Error::Status {
            status,
            explanation: ApiErrorBody::default(),
            retry_after,
        })
    }

    #[test]
    fn pauses_grow_are_jittered_and_stay_within_their_bounds() {
        let error = status(503, None);
        for failures in [0, 1, 5, 31, 32, u32::MAX] {
            let bound = FIRST_RETRY
                .saturating_mul(2_u32.saturating_pow(failures))
                .min(LONGEST_RETRY);
            let pauses: Vec<_> = (0..200).map(|_| PAUSES.after(&error, failures)).collect();
            assert!(
                pauses.iter().all(|p| (PAUSES.floor..=bound).contains(p)),
                "{failures}"
            );
            assert!(
                pauses.iter().any(|p| *p != pauses[0]),
                "{failures}: no jitter"
            );
        }
    }

    #[test]
    fn heroku_is_given_the_pause_that_it_asks_for() {
        assert!(PAUSES.after(&status(429, Some(120)), 0) >= Duration::from_secs(120));
        assert!(PAUSES.after(&status(503, Some(u64::MAX)), 0) <= PAUSES.interval);
    }

    #[test]
    fn what_is_not_there_is_asked_for_rarely() {
        let error = Error::NotAvailable(Box::new(status(403, None)));
        assert_eq!(PAUSES.after(&error, 0), RARELY);
    }

    #[test]
    fn a_month_is_asked_for_anew_soon_after_it_began() {
        let asked_in = |text: &str| Schedule {
            asked_in: Some(text.parse().unwrap()),
            due: Instant::now() + LONGEST_RETRY,
            ..Schedule::new()
        };
        let due = |schedule: &Schedule, now: &str| {
            schedule.is_due(Instant::now(), settled_month(now.parse().unwrap()))
        };
        let november = asked_in("2026-11");
        assert!(!due(&november, "2026-11-30T23:59:59Z"));
        assert!(!due(&november, "2026-12-01T00:00:09Z"));
        assert!(due(&november, "2026-12-01T00:00:10Z"));
        assert!(due(&november, "2026-12-01T01:00:10+01:00"));
        // Asked within the first seconds of December: it is done.
        assert!(!due(&asked_in("2026-12"), "2026-12-01T00:00:10Z"));
    }
}
