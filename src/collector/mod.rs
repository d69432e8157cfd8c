//! When to ask Heroku, and what to make of the answers: a Snapshot, published whole.
//!
//! Each endpoint of each source has a schedule of its own, so that one that fails or hangs delays no
//! other. This is the one owner of retries; the client makes none. It must not know how figures
//! are shown.

mod account;
mod asked_team;
mod asking;
mod endpoint;
mod error;
mod fact;
mod listing;
mod particulars;
mod personal;
mod saving;
mod schedule;
mod source;
mod sources;
pub mod state;
mod team;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::collector::state::{Restored, StateFile};
use crate::config::scope::Scope;
use crate::config::token::Token;
use crate::snapshot::Snapshot;
use asking::Asking;
use billing::month::Month;
use endpoint::Noted;
use heroku_api::client::Client;
use particulars::{AllParticulars, Brought};
use saving::Saving;
use schedule::Pauses;
use source::{Answered, Source};
use sources::Sources;

/// Heroku refills 75 requests a minute, one in 800 ms.
/// <https://devcenter.heroku.com/articles/platform-api-reference#rate-limits>
const REFILL_OF_ONE_REQUEST: Duration = Duration::from_millis(800);

/// The number of requests of the account's rate limit that are left to others. The account has 4500;
/// others may need a hundred while polling pauses.
pub const RATE_LIMIT_FLOOR: u64 = 100;

/// How long after the beginning of a UTC month everything is asked anew: Heroku's clock and this
/// one may differ by a little, and a month that has not begun for Heroku is an error.
const MONTH_SETTLES: SignedDuration = SignedDuration::from_secs(10);

/// The longest sleep. A suspended machine, or a clock that was set, is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Polls in flight at once, over all teams.
pub const CONCURRENCY: usize = 100;

/// What a poller needs.
#[derive(Debug)]
pub struct Options {
    /// Whom to ask.
    pub client: Client,
    /// With what to ask.
    pub token: Token,
    /// Whose costs to ask for.
    pub scope: Scope,
    /// The time between two polls. One that is shorter than Heroku's rate limit bears for that
    /// many endpoints is lengthened.
    pub interval: Duration,
    /// How long one poll of one endpoint may take, with all its requests.
    pub timeout: Duration,
    /// How many requests of the account's rate limit are left to others: when fewer remain,
    /// polling pauses.
    pub rate_limit_floor: u64,
    /// What time it is.
    pub clock: Clock,
    /// Where to keep what Heroku said.
    pub state: Option<StateFile>,
}

/// Asks Heroku on schedule and publishes what is known.
#[derive(Debug)]
pub struct Poller {
    asking: Arc<Asking>,
    clock: Clock,
    /// The time between two polls as it is set.
    interval: Duration,
    sources: Sources,
    particulars: AllParticulars,
    rate_limit_floor: u64,
    /// Until when the rate limit wants nothing to be asked.
    resume_at: Option<Instant>,
    saving: Saving,
}

/// What a job brought.
#[derive(Debug)]
enum Job {
    /// An answer, the number of its source, and how long it took.
    PollResult(u64, Box<Answered>, Duration),
    /// Something beside the figures.
    Particular(Box<Brought>),
}

/// What is polled of what is due.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// All of it.
    Again,
    /// What has never been asked.
    Once,
}

impl Poller {
    /// A poller that knows what the state file holds. Nothing is asked before [`Poller::run`] or
    /// [`Poller::once`].
    pub fn new(options: Options) -> Self {
        let Options {
            client,
            token,
            scope,
            interval,
            timeout,
            rate_limit_floor,
            clock,
            state,
        } = options;
        let mut sources = Sources::of(&scope);
        let mut kept = Restored::default();
        if let Some(state) = &state {
            kept = state.read(client.api_url(), clock.now());
            sources.restore(&mut kept);
        }
        let mut poller = Self {
            asking: Arc::new(Asking::new(client, token, timeout, CONCURRENCY)),
            clock,
            interval,
            sources,
            particulars: AllParticulars::new(kept),
            rate_limit_floor,
            resume_at: None,
            saving: Saving::to(state),
        };
        poller.note_particulars();
        poller
    }

    /// Asks every endpoint once, those too of the teams that turn up, and gives what is known then.
    pub async fn once(mut self) -> Snapshot {
        let mut jobs = JoinSet::new();
        self.start_due(&mut jobs, Asked::Once);
        while let Some(job) = jobs.join_next().await {
            self.note(job);
            self.start_due(&mut jobs, Asked::Once);
        }
        self.snapshot()
    }

    /// Asks on schedule until `stop`, and publishes what is known after each answer. Polls that are
    /// under way at the end are dropped; what was answered is saved.
    pub async fn run(
        mut self,
        published: watch::Sender<Arc<Snapshot>>,
        stop: impl Future<Output = ()>,
    ) {
        let mut jobs = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            if self.may_ask() {
                self.start_due(&mut jobs, Asked::Again);
                if self.sources.all_tried() {
                    self.particulars.start_due(&mut jobs, &self.asking);
                }
            }
            self.save();
            let pause = self.until_next();
            tokio::select! {
                () = &mut stop => break,
                Some(job) = jobs.join_next() => {
                    self.note(job);
                    published.send_replace(Arc::new(self.snapshot()));
                }
                () = self.saving.written() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        while let Some(job) = jobs.try_join_next() {
            self.note(job);
        }
        self.finish_saving().await;
    }

    /// What is known.
    pub fn snapshot(&self) -> Snapshot {
        let traffic = self.asking.client.traffic();
        let tokens = self.asking.tokens();
        self.sources.snapshot(traffic, &self.particulars, tokens)
    }

    /// How long to wait, as it follows from how many endpoints there are to ask.
    fn pauses(&self) -> Pauses {
        let endpoints = u32::try_from(self.sources.endpoints_asked()).unwrap_or(u32::MAX);
        let floor = REFILL_OF_ONE_REQUEST.saturating_mul(endpoints);
        Pauses {
            interval: self.interval.max(floor),
            floor,
        }
    }

    /// Whether the rate limit bears a request.
    fn may_ask(&self) -> bool {
        self.resume_at
            .is_none_or(|resume_at| resume_at <= Instant::now())
    }

    /// Starts a job for every endpoint that is due.
    fn start_due(&mut self, jobs: &mut JoinSet<Job>, asked: Asked) {
        let (now, instant) = (self.clock.now(), Instant::now());
        let (month, settled) = (Month::at(now), settled_month(now));
        let accounts = self.sources.telling();
        for (number, source) in self.sources.iter_mut() {
            for endpoint in source.due(instant, settled, asked == Asked::Once) {
                let question = source.question(endpoint, month, now, &accounts);
                let asking = Arc::clone(&self.asking);
                let job = jobs.spawn(async move {
                    // Fails only when closed, which this semaphore never is.
                    let _permit = asking.in_flight.acquire().await;
                    let started = Instant::now();
                    let answered = question.ask(&asking).await;
                    Job::PollResult(number, Box::new(answered), started.elapsed())
                });
                source.start(endpoint, job.id(), month);
            }
        }
    }

    /// Takes in what a job brought.
    fn note(&mut self, job: Result<Job, JoinError>) {
        let pauses = self.pauses();
        match job {
            Ok(Job::PollResult(number, answered, took)) => {
                let noted = Noted {
                    now: self.clock.now(),
                    took,
                    pauses,
                    keep: self.saving.is_on(),
                };
                self.saving.is_wanted |= self.sources.note(number, *answered, noted);
                self.note_particulars();
            }
            Ok(Job::Particular(brought)) => {
                let now = self.clock.now();
                let is_new = self.particulars.note(*brought, now, pauses.interval);
                self.saving.is_wanted |= is_new;
                if is_new {
                    self.sources.identify(&self.particulars);
                }
            }
            Err(error) => {
                // A job is never cancelled while the poller lives, so it panicked: a bug, which
                // must not end the polling of its endpoint.
                tracing::error!(%error, "a poll ended in the middle");
                let slots = self
                    .sources
                    .iter_mut()
                    .flat_map(|(_, source)| source.slots());
                slots.for_each(|slot| slot.schedule.lose(error.id(), pauses.interval));
                self.particulars.lose(error.id());
            }
        }
        self.mind_rate_limit();
    }

    /// Lets the particulars follow what polling has told of the teams.
    fn note_particulars(&mut self) {
        let interval = self.pauses().interval;
        let (now, subjects) = (self.clock.now(), self.sources.subjects());
        self.particulars.turn_to(&subjects, now, interval);
    }

    /// Pauses all polling where Heroku says that too little is left of the rate limit.
    fn mind_rate_limit(&mut self) {
        let Some(remaining) = self.asking.client.take_rate_limit_news() else {
            return;
        };
        let missing = self.rate_limit_floor.saturating_sub(remaining);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let pause = REFILL_OF_ONE_REQUEST.saturating_mul(missing);
        let was_pausing = self.resume_at.is_some();
        self.resume_at = (missing > 0).then(|| Instant::now() + pause);
        if missing > 0 && !was_pausing {
            tracing::warn!(
                rate_limit_remaining = remaining,
                pause_seconds = pause.as_secs(),
                "little is left of the account's rate limit: polling pauses until it has refilled"
            );
        }
    }

    /// Has what Heroku said written to the state file, if there is something to write.
    fn save(&mut self) {
        let (sources, particulars) = (&self.sources, &self.particulars);
        let kept = || {
            let polled = sources.iter().flat_map(Source::kept);
            polled.chain(particulars.kept()).collect()
        };
        self.saving.save(self.asking.client.api_url(), kept);
    }

    /// Waits until all that there is to save has been saved.
    async fn finish_saving(&mut self) {
        loop {
            self.saving.wait().await;
            self.save();
            if !self.saving.wait().await {
                break;
            }
        }
    }

    /// How long until something is due.
    fn until_next(&self) -> Duration {
        let now = self.clock.now();
        let month = settled_month(now)
            .end()
            .saturating_add(MONTH_SETTLES)
            .unwrap_or(Timestamp::MAX);
        let until_month = Duration::try_from(month.duration_since(now)).unwrap_or(Duration::ZERO);
        let polls = self.sources.iter().filter_map(Source::next_due);
        let tokens = self.asking.tokens();
        let particulars = self.particulars.next_due(tokens);
        let particulars = particulars.filter(|_| self.sources.all_tried());
        let due = polls.chain(particulars).min();
        let resumed = due.map(|due| due.max(self.resume_at.unwrap_or(due)));
        let instant = Instant::now();
        let until_due = resumed.map_or(LONGEST_SLEEP, |due| due.saturating_duration_since(instant));
        // Never zero, so that no mistake of the calendar can make a busy loop.
        until_due
            .min(until_month)
            .clamp(Duration::from_millis(10), LONGEST_SLEEP)
    }
}

/// The month whose figures Heroku can be expected to have begun.
fn settled_month(now: Timestamp) -> Month {
    Month::at(now.saturating_sub(MONTH_SETTLES).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heroku_api::client::{ClientOptions, Limits};

    #[test]
    fn an_interval_that_the_rate_limit_does_not_bear_is_lengthened() {
        crate::cli::install_tls();
        let poller = Poller::new(Options {
            client: Client::new(
                "http://127.0.0.1:1".parse().unwrap(),
                ClientOptions {
                    user_agent: "test",
                    limits: Limits::within(Duration::from_secs(1)),
                    use_proxy: false,
                },
            )
            .unwrap(),
            token: Token::Given("token".into()),
            scope: Scope::named((0..100).map(|n| format!("team-{n}")).collect()),
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            rate_limit_floor: 0,
            clock: Clock::system(),
            state: None,
        });
        assert_eq!(poller.pauses().interval, Duration::from_secs(160));
    }
}
