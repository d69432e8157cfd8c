//! Something that is rarely asked: what is known of it, and when it is asked again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task;
use tokio::time::Instant;

use super::endpoint::chain;
use super::error::Error;
use crate::collector::state::{About, Kept, Particular};
use heroku_api::client::Decoded;
use heroku_api::stats::Endpoint;

/// How long what was said stands before it is asked again, and how long what is not offered is not
/// asked for.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long after a failure it is asked again.
const AFTER_FAILURE: Duration = Duration::from_secs(3600);

/// Something that is rarely asked.
#[derive(Debug)]
pub(super) struct Fact<T> {
    endpoint: Endpoint,
    known: Option<Particular<T>>,
    timing: Timing,
}

/// When it is asked, and by which job.
#[derive(Debug)]
pub(super) struct Timing {
    due: Instant,
    running: Option<task::Id>,
    /// Whether the last answer was a failure, which is said once.
    is_failing: bool,
}

/// What came of asking.
pub(super) enum Told {
    /// An answer.
    Something,
    /// Heroku does not offer this.
    NotOffered,
    /// Nothing.
    Failed,
}

impl Timing {
    /// Due at once.
    pub(super) fn new() -> Self {
        Self {
            due: Instant::now(),
            running: None,
            is_failing: false,
        }
    }

    /// When it is asked next, unless it is being asked.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.running.is_none().then_some(self.due)
    }

    /// Notes that `job` asks.
    pub(super) fn start(&mut self, job: task::Id) {
        self.running = Some(job);
    }

    /// Notes that `job`, if that is what asks, ended without a word.
    pub(super) fn lose(&mut self, job: task::Id) -> bool {
        let is_own = self.running == Some(job);
        if is_own {
            self.again_in(AFTER_FAILURE);
        }
        is_own
    }

    fn again_in(&mut self, pause: Duration) {
        self.running = None;
        self.due = Instant::now() + pause;
    }

    /// Takes in what was told of `team`: into the schedule and the log.
    pub(super) fn note<T>(
        &mut self,
        team: &str,
        endpoint: Endpoint,
        answered: &Result<T, Error>,
        interval: Duration,
    ) -> Told {
        let rarely = interval.max(DAY);
        let endpoint = endpoint.as_str();
        let Err(error) = answered else {
            self.is_failing = false;
            self.again_in(rarely);
            tracing::debug!(team, endpoint, "particulars are up to date");
            return Told::Something;
        };
        let (told, pause) = if error.is_absence() {
            (Told::NotOffered, rarely)
        } else {
            // Many that failed together are not asked together again.
            let pause = AFTER_FAILURE.mul_f64(1.0 + fastrand::f64() / 5.0);
            (Told::Failed, pause.max(interval.min(DAY)))
        };
        if !self.is_failing {
            tracing::info!(
                team,
                endpoint,
                reason = error.reason().as_str(),
                error = chain(error),
                ask_again_in_seconds = pause.as_secs(),
                "particulars could not be had; the figures do not need them"
            );
        }
        self.is_failing = true;
        self.again_in(pause);
        told
    }
}

impl<T> Fact<T> {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            known: None,
            timing: Timing::new(),
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    pub(super) fn timing(&mut self) -> &mut Timing {
        &mut self.timing
    }

    /// When it is asked next, unless it is being asked.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.timing.next_due()
    }

    /// What is known, if Heroku offers it.
    pub(super) fn data(&self) -> Option<&Arc<T>> {
        self.known.as_ref()?.data.as_ref()
    }

    /// What is known.
    pub(super) fn known(&self) -> Option<&Particular<T>> {
        self.known.as_ref()
    }

    /// Takes in what is known from elsewhere: from an earlier run of the program, or from another
    /// answer. It stands as long as if it had been asked.
    pub(super) fn learn(&mut self, known: &Particular<T>, now: Timestamp, interval: Duration) {
        if self.known.as_ref().is_some_and(|own| own.at >= known.at) {
            return;
        }
        let age = Duration::try_from(now.duration_since(known.at)).unwrap_or_default();
        self.timing.due = Instant::now() + interval.max(DAY).saturating_sub(age);
        self.known = Some(Particular {
            data: known.data.clone(),
            at: known.at,
            pages: known.pages.clone(),
        });
    }

    /// Takes in what was answered for `team` at the instant `now`, and tells whether there is
    /// something new to keep.
    pub(super) fn note(
        &mut self,
        team: &str,
        answered: Result<Decoded<T>, Error>,
        now: Timestamp,
        interval: Duration,
    ) -> bool {
        let told = self.timing.note(team, self.endpoint, &answered, interval);
        let (data, pages) = match (told, answered) {
            (Told::Something, Ok(answer)) => (Some(Arc::new(answer.data)), answer.pages),
            (Told::NotOffered, _) => (None, Vec::new()),
            _ => return false,
        };
        self.known = Some(Particular {
            data,
            at: now,
            pages,
        });
        true
    }

    /// What is to be kept for a later run of the program. What was learnt without an answer of its
    /// own is kept elsewhere.
    pub(super) fn kept(&self, about: About) -> Option<Kept<'_>> {
        let known = self.known.as_ref()?;
        (known.data.is_none() || !known.pages.is_empty()).then_some(Kept {
            about,
            endpoint: self.endpoint,
            at: known.at,
            changed_at: known.at,
            validator: None,
            pages: &known.pages,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heroku_api::error::ApiErrorBody;

    const INTERVAL: Duration = Duration::from_secs(3600);

    fn pause(timing: &Timing) -> Duration {
        timing.due.saturating_duration_since(Instant::now())
    }

    fn status(status: u16) -> Result<(), Error> {
        Err(Error::Api(heroku_api::error::Error::Status {
            status,
            explanation: ApiErrorBody::default(),
            retry_after: None,
        }))
    }

    #[test]
    fn what_was_said_or_is_not_offered_stands_for_a_day_and_a_failure_for_an_hour() {
        let minute = Duration::from_secs(60);
        let table = [
            (Ok(()), INTERVAL, DAY),
            (status(404), INTERVAL, DAY),
            (status(403), INTERVAL, DAY),
            (Ok(()), DAY * 3, DAY * 3),
            (status(404), DAY * 3, DAY * 3),
        ];
        for (answered, interval, expected) in table {
            let mut timing = Timing::new();
            timing.note("ops", Endpoint::Licenses, &answered, interval);
            let pause = pause(&timing);
            assert!(pause > expected - minute && pause <= expected, "{pause:?}");
        }
        for error in [status(503), status(401), status(429)] {
            let mut timing = Timing::new();
            timing.note("ops", Endpoint::Licenses, &error, INTERVAL);
            let pause = pause(&timing);
            assert!(pause > AFTER_FAILURE - minute, "{pause:?}");
            assert!(pause < AFTER_FAILURE * 2, "{pause:?}");
        }
    }

    #[test]
    fn what_is_kept_stands_for_what_is_left_of_its_day() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (hours, expected) in [(0, 24), (2, 22), (23, 1), (24, 0), (1000, 0)] {
            let mut fact = Fact::<()>::new(Endpoint::Licenses);
            let at = now - jiff::SignedDuration::from_hours(hours);
            let known = Particular {
                data: None,
                at,
                pages: Vec::new(),
            };
            fact.learn(&known, now, INTERVAL);
            let pause = pause(&fact.timing).as_secs_f64() / 3600.0;
            assert!(
                (pause - f64::from(expected)).abs() < 0.1,
                "{hours}: {pause}"
            );
        }
    }
}
