//! When to ask Heroku, and what to make of the answers: a Snapshot, published whole.
//!
//! Each endpoint of each team has a schedule of its own, so that one that fails or hangs delays no
//! other. This is the one owner of retries; the client makes none. It must not know how figures
//! are shown.

mod schedule;
mod team;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::domain::month::Month;
use crate::domain::snapshot::Snapshot;
use crate::heroku::client::Client;
use crate::state::{Kept, StateFile};
use crate::token::Token;
use schedule::Pauses;
use team::{Answered, Noted, TeamState};

/// Heroku refills 75 requests a minute, one in 800 ms.
/// <https://devcenter.heroku.com/articles/platform-api-reference#rate-limits>
const REFILL_OF_ONE_REQUEST: Duration = Duration::from_millis(800);

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
    /// The teams to ask about, each by its id or its name.
    pub teams: Vec<String>,
    /// The time between two polls. One that is shorter than Heroku's rate limit bears for that
    /// many teams is lengthened.
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
    pauses: Pauses,
    teams: Vec<TeamState>,
    several_teams: bool,
    rate_limit_floor: u64,
    /// Until when the rate limit wants nothing to be asked.
    resume_at: Option<Instant>,
    state: Option<StateFile>,
    saving: Saving,
}

/// What every job shares.
#[derive(Debug)]
struct Asking {
    client: Client,
    token: Arc<Token>,
    timeout: Duration,
    in_flight: Semaphore,
}

/// Whether there is something to save, and whether it is being saved.
#[derive(Debug, Default)]
struct Saving {
    wanted: bool,
    running: Option<JoinHandle<()>>,
}

/// A job's outcome, and which team it is of.
type Job = (usize, Answered, Duration);

impl Poller {
    /// A poller that knows what the state file holds. Nothing is asked before [`Poller::run`] or
    /// [`Poller::once`].
    pub fn new(options: Options) -> Self {
        let Options {
            client,
            token,
            teams,
            interval,
            timeout,
            rate_limit_floor,
            clock,
            state,
        } = options;
        let several_teams = teams.len() > 1;
        let mut teams: Vec<_> = teams
            .iter()
            .map(|team| TeamState::new(team, several_teams))
            .collect();
        if let Some(state) = &state {
            let mut kept = state.read(client.api_url(), clock.now());
            teams.iter_mut().for_each(|team| team.restore(&mut kept));
        }
        let endpoints = u32::try_from(teams.len() * TeamState::ENDPOINTS.len()).unwrap_or(u32::MAX);
        let floor = REFILL_OF_ONE_REQUEST.saturating_mul(endpoints);
        Self {
            asking: Arc::new(Asking {
                client,
                token: Arc::new(token),
                timeout,
                in_flight: Semaphore::new(CONCURRENCY),
            }),
            clock,
            pauses: Pauses {
                interval: interval.max(floor),
                floor,
            },
            teams,
            several_teams,
            rate_limit_floor,
            resume_at: None,
            state,
            saving: Saving::default(),
        }
    }

    /// Asks every endpoint of every team once and gives what is known then.
    pub async fn once(mut self) -> Snapshot {
        let mut jobs = JoinSet::new();
        self.start_due(&mut jobs);
        while let Some(job) = jobs.join_next().await {
            self.note(job);
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
            self.start_due(&mut jobs);
            self.save();
            let pause = self.until_next();
            tokio::select! {
                () = &mut stop => break,
                Some(job) = jobs.join_next() => {
                    self.note(job);
                    published.send_replace(Arc::new(self.snapshot()));
                }
                () = written(&mut self.saving) => {}
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
        let teams = self.teams.iter().map(TeamState::known).collect();
        Snapshot::new(teams, self.several_teams, self.asking.client.traffic())
    }

    /// Starts a job for every endpoint that is due.
    fn start_due(&mut self, jobs: &mut JoinSet<Job>) {
        let (now, instant) = (self.clock.now(), Instant::now());
        if self.resume_at.is_some_and(|resume_at| instant < resume_at) {
            return;
        }
        let (month, settled) = (Month::at(now), settled_month(now));
        for (index, team) in self.teams.iter_mut().enumerate() {
            for endpoint in TeamState::ENDPOINTS {
                if !team.schedule(endpoint).is_due(instant, settled) {
                    continue;
                }
                let question = team.question(endpoint, month);
                let asking = Arc::clone(&self.asking);
                let job = jobs.spawn(async move {
                    // Fails only when closed, which this semaphore never is.
                    let _permit = asking.in_flight.acquire().await;
                    let started = Instant::now();
                    let answered = question
                        .ask(&asking.client, &asking.token, asking.timeout)
                        .await;
                    (index, answered, started.elapsed())
                });
                team.schedule(endpoint).start(job.id(), month);
            }
        }
    }

    /// Takes in what a job brought.
    fn note(&mut self, job: Result<Job, JoinError>) {
        match job {
            Ok((index, answered, took)) => {
                let (now, keep) = (self.clock.now(), self.state.is_some());
                let noted = Noted {
                    now,
                    took,
                    pauses: self.pauses,
                    keep,
                };
                if let Some(team) = self.teams.get_mut(index) {
                    self.saving.wanted |= team.note(answered, noted);
                }
            }
            Err(error) => {
                // A job is never cancelled while the poller lives, so it panicked: a bug, which
                // must not end the polling of its endpoint.
                tracing::error!(%error, "a poll ended in the middle");
                for team in &mut self.teams {
                    for endpoint in TeamState::ENDPOINTS {
                        team.schedule(endpoint)
                            .lose(error.id(), self.pauses.interval);
                    }
                }
            }
        }
        self.mind_rate_limit();
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

    /// Has what Heroku said written to the state file, if there is something to write and the last
    /// writing is done.
    fn save(&mut self) {
        let Some(state) = &self.state else { return };
        let busy = self
            .saving
            .running
            .as_ref()
            .is_some_and(|running| !running.is_finished());
        if !self.saving.wanted || busy {
            return;
        }
        let kept: Vec<Kept<'_>> = self.teams.iter().flat_map(TeamState::kept).collect();
        let write = state.writer(self.asking.client.api_url(), &kept);
        self.saving = Saving {
            wanted: false,
            running: Some(tokio::task::spawn_blocking(write)),
        };
    }

    /// Waits until all that there is to save has been saved.
    async fn finish_saving(&mut self) {
        loop {
            if let Some(running) = self.saving.running.take() {
                // Whatever became of it: it has been said in the log.
                let _ = running.await;
            }
            self.save();
            if self.saving.running.is_none() {
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
        let instant = Instant::now();
        let due = self.teams.iter().filter_map(TeamState::next_due).min();
        let resumed = due.map(|due| due.max(self.resume_at.unwrap_or(due)));
        let until_due = resumed.map_or(LONGEST_SLEEP, |due| due.saturating_duration_since(instant));
        // Never zero, so that no mistake of the calendar can make a busy loop.
        until_due
            .min(until_month)
            .clamp(Duration::from_millis(10), LONGEST_SLEEP)
    }
}

/// Resolves when the state file has been written and there is more to write; else never.
async fn written(saving: &mut Saving) {
    match &mut saving.running {
        Some(running) if saving.wanted => {
            // Whatever became of it: it has been said in the log.
            let _ = running.await;
            saving.running = None;
        }
        _ => std::future::pending().await,
    }
}

/// The month whose figures Heroku can be expected to have begun.
fn settled_month(now: Timestamp) -> Month {
    Month::at(now.saturating_sub(MONTH_SETTLES).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heroku::client::Limits;

    #[test]
    fn an_interval_that_the_rate_limit_does_not_bear_is_lengthened() {
        crate::cli::install_tls();
        let poller = Poller::new(Options {
            client: Client::new(
                "http://127.0.0.1:1".parse().unwrap(),
                Limits::within(Duration::from_secs(1)),
            )
            .unwrap(),
            token: Token::Given("token".into()),
            teams: (0..100).map(|n| format!("team-{n}")).collect(),
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            rate_limit_floor: 0,
            clock: Clock::system(),
            state: None,
        });
        assert_eq!(poller.pauses.interval, Duration::from_secs(160));
    }
}
