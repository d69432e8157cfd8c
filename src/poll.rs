//! When to ask Heroku, and what to make of the answers: a Snapshot, published whole.
//!
//! Each endpoint of each team has a schedule of its own, so that one that fails or hangs delays no
//! other. This is the one owner of retries; the client makes none. It must not know how figures
//! are shown.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::domain::invoice::Invoices;
use crate::domain::month::Month;
use crate::domain::snapshot::{Failure, Outcome, Reason, Snapshot, Team};
use crate::domain::usage::Usage;
use crate::heroku::client::{Answer, Client, Identity};
use crate::heroku::error::Error;

/// The first pause after a failure; each further failure in a row doubles it.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// The first pause after Heroku said that its rate limit is used up: time for it to refill a little.
const FIRST_RETRY_WHEN_LIMITED: Duration = Duration::from_secs(15);

/// The longest pause after a failure.
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// Heroku refills 75 requests a minute, one in 800 ms.
/// <https://devcenter.heroku.com/articles/platform-api-reference#rate-limits>
const REFILL_OF_ONE_REQUEST: Duration = Duration::from_millis(800);

/// How long after the beginning of a UTC month everything is asked anew: Heroku's clock and this
/// one may differ by a little, and a month that has not begun for Heroku is an error.
const MONTH_SETTLES: SignedDuration = SignedDuration::from_secs(10);

/// The longest sleep. A suspended machine, or a clock that was set, is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Requests in flight at once, over all teams.
const CONCURRENCY: usize = 8;

/// Asks Heroku on schedule and publishes what is known.
#[derive(Debug)]
pub struct Poller {
    client: Arc<Client>,
    clock: Clock,
    pauses: Pauses,
    teams: Vec<TeamState>,
    several_teams: bool,
    in_flight: Arc<Semaphore>,
}

/// A team as it was asked for, and what is known of it.
#[derive(Debug)]
struct TeamState {
    asked: Arc<AskedTeam>,
    invoices: Outcome<Invoices>,
    usage: Outcome<Usage>,
    /// The schedules of the two endpoints, by `Endpoint as usize`.
    schedules: [Schedule; 2],
}

/// A team as the settings name it, and who it is once Heroku has said so.
#[derive(Debug)]
struct AskedTeam {
    id_or_name: String,
    /// Whether the id or the name that is missing has to be asked for.
    identify: bool,
    identity: OnceCell<Identity>,
}

/// An endpoint that is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Invoices,
    Usage,
}

impl Endpoint {
    const ALL: [Self; 2] = [Self::Invoices, Self::Usage];

    fn word(self) -> &'static str {
        match self {
            Self::Invoices => "invoices",
            Self::Usage => "usage",
        }
    }
}

/// When an endpoint is asked next.
#[derive(Debug)]
struct Schedule {
    due: Instant,
    /// The month in which it was last asked; when the next one has begun it is due, whatever `due`
    /// says.
    asked_in: Option<Month>,
    /// The job that is asking.
    running: Option<task::Id>,
    failures_in_a_row: u32,
    /// What was left out of the last answer, so that it is said once and not every hour.
    left_out: Vec<String>,
}

/// What an endpoint answered.
#[derive(Debug)]
enum Answered {
    Invoices(Result<Answer<Invoices>, Error>),
    Usage(Result<Answer<Usage>, Error>),
}

impl Poller {
    /// A poller of `teams`, each an id or a name. Nothing is asked before [`Poller::run`] or
    /// [`Poller::once`].
    ///
    /// An `interval` shorter than Heroku's rate limit bears for that many teams is lengthened.
    pub fn new(client: Client, teams: &[String], interval: Duration, clock: Clock) -> Self {
        let several_teams = teams.len() > 1;
        let teams: Vec<_> = teams
            .iter()
            .map(|team| TeamState::new(team, several_teams))
            .collect();
        let floor = REFILL_OF_ONE_REQUEST
            * u32::try_from(teams.len() * Endpoint::ALL.len()).unwrap_or(u32::MAX);
        Self {
            client: Arc::new(client),
            clock,
            pauses: Pauses {
                interval: interval.max(floor),
                floor,
            },
            teams,
            several_teams,
            in_flight: Arc::new(Semaphore::new(CONCURRENCY)),
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

    /// Asks on schedule, for ever, and publishes what is known after each answer.
    pub async fn run(mut self, published: watch::Sender<Arc<Snapshot>>) {
        let mut jobs = JoinSet::new();
        loop {
            self.start_due(&mut jobs);
            tokio::select! {
                Some(job) = jobs.join_next() => {
                    self.note(job);
                    published.send_replace(Arc::new(self.snapshot()));
                }
                () = tokio::time::sleep(self.until_next()) => {}
            }
        }
    }

    /// What is known.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(
            self.teams.iter().map(TeamState::known).collect(),
            self.several_teams,
        )
    }

    /// Starts a job for every endpoint that is due.
    fn start_due(&mut self, jobs: &mut JoinSet<(usize, Answered)>) {
        let (now, instant) = (self.clock.now(), Instant::now());
        let settled = settled_month(now);
        for (index, team) in self.teams.iter_mut().enumerate() {
            for endpoint in Endpoint::ALL {
                let schedule = &mut team.schedules[endpoint as usize];
                if !schedule.is_due(instant, settled) {
                    continue;
                }
                let client = Arc::clone(&self.client);
                let asked = Arc::clone(&team.asked);
                let in_flight = Arc::clone(&self.in_flight);
                let month = Month::at(now);
                let job = jobs.spawn(async move {
                    // Fails only when closed, which this semaphore never is.
                    let _permit = in_flight.acquire().await;
                    (index, ask(&client, &asked, endpoint, month).await)
                });
                schedule.running = Some(job.id());
                schedule.asked_in = Some(month);
            }
        }
    }

    /// Takes in what a job brought.
    fn note(&mut self, job: Result<(usize, Answered), JoinError>) {
        let now = self.clock.now();
        let (index, answered) = match job {
            Ok(done) => done,
            Err(error) => {
                // A job is never cancelled while the poller lives, so it panicked: a bug, which
                // must not end the polling of its endpoint.
                tracing::error!(%error, "a poll ended in the middle");
                let schedules = self.teams.iter_mut().flat_map(|team| &mut team.schedules);
                for schedule in schedules.filter(|s| s.running == Some(error.id())) {
                    schedule.finish(self.pauses.interval);
                }
                return;
            }
        };
        let Some(team) = self.teams.get_mut(index) else {
            return;
        };
        match answered {
            Answered::Invoices(answer) => {
                let answer = team.settle(Endpoint::Invoices, answer, self.pauses);
                team.invoices.note(answer, now);
            }
            Answered::Usage(answer) => {
                let answer = team.settle(Endpoint::Usage, answer, self.pauses);
                team.usage.note(answer, now);
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
        let waiting = self
            .teams
            .iter()
            .flat_map(|team| &team.schedules)
            .filter(|s| s.running.is_none());
        let until_due = waiting
            .map(|s| s.due.saturating_duration_since(instant))
            .min();
        // Never zero, so that no mistake of the calendar can make a busy loop.
        until_due
            .unwrap_or(LONGEST_SLEEP)
            .min(until_month)
            .clamp(Duration::from_millis(10), LONGEST_SLEEP)
    }
}

/// The month whose figures Heroku can be expected to have begun.
fn settled_month(now: Timestamp) -> Month {
    Month::at(now.saturating_sub(MONTH_SETTLES).unwrap_or(now))
}

/// Asks one endpoint of one team.
async fn ask(client: &Client, team: &AskedTeam, endpoint: Endpoint, month: Month) -> Answered {
    match endpoint {
        Endpoint::Invoices => {
            if team.identify {
                // Wanted for the team's name only, so its failure is not this endpoint's.
                let _ = team.identity(client).await;
            }
            Answered::Invoices(client.invoices(&team.id_or_name).await)
        }
        Endpoint::Usage => match team.id(client).await {
            Ok(id) => Answered::Usage(client.usage(id, month.previous(), month).await),
            Err(error) => Answered::Usage(Err(error)),
        },
    }
}

impl AskedTeam {
    /// Who the team is, asked for until it was answered once.
    async fn identity(&self, client: &Client) -> Result<&Identity, Error> {
        self.identity
            .get_or_try_init(|| client.team(&self.id_or_name))
            .await
    }

    /// The team's id, which usage is asked by. Where Heroku does not say who the team is, because
    /// the token may see its bills but not the team, what the settings say has to do.
    async fn id(&self, client: &Client) -> Result<&str, Error> {
        if is_id(&self.id_or_name) {
            return Ok(&self.id_or_name);
        }
        match self.identity(client).await {
            Ok(identity) => Ok(&identity.id),
            Err(error) if matches!(error.reason(), Reason::Forbidden | Reason::NotFound) => {
                Ok(&self.id_or_name)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether a team is given by its id, which is a UUID, and not by its name.
fn is_id(team: &str) -> bool {
    let hyphen = |position| matches!(position, 8 | 13 | 18 | 23);
    team.len() == 36
        && team.bytes().enumerate().all(|(i, b)| {
            if hyphen(i) {
                b == b'-'
            } else {
                b.is_ascii_hexdigit()
            }
        })
}

impl TeamState {
    fn new(id_or_name: &str, several_teams: bool) -> Self {
        let asked = AskedTeam {
            id_or_name: id_or_name.to_owned(),
            // With a single team given by its id, each usage row tells the name.
            identify: several_teams || !is_id(id_or_name),
            identity: OnceCell::new(),
        };
        Self {
            asked: Arc::new(asked),
            invoices: Outcome::default(),
            usage: Outcome::default(),
            schedules: Endpoint::ALL.map(|_| Schedule::due_at_once()),
        }
    }

    /// The team's name: as usage has it, which is asked anew each time and so follows a renaming;
    /// else as Heroku once said; else as the settings say.
    fn name(&self) -> &str {
        let usage = self.usage.data().and_then(Usage::team_name);
        let identity = || {
            self.asked
                .identity
                .get()
                .map(|identity| identity.name.as_str())
        };
        usage.or_else(identity).unwrap_or(&self.asked.id_or_name)
    }

    fn known(&self) -> Team {
        let asked = &self.asked.id_or_name;
        let id = self
            .asked
            .identity
            .get()
            .map(|identity| identity.id.clone());
        Team {
            id: id.or_else(|| is_id(asked).then(|| asked.clone())),
            name: self.name().to_owned(),
            invoices: self.invoices.clone(),
            usage: self.usage.clone(),
        }
    }

    /// Ends an endpoint's job: says in the log what came of it, and sets when to ask again.
    fn settle<T>(
        &mut self,
        endpoint: Endpoint,
        answer: Result<Answer<T>, Error>,
        pauses: Pauses,
    ) -> Result<T, Failure> {
        let team = self.name().to_owned();
        let endpoint_word = endpoint.word();
        let schedule = &mut self.schedules[endpoint as usize];
        match answer {
            Ok(Answer { data, left_out }) => {
                schedule.failures_in_a_row = 0;
                schedule.finish(pauses.interval);
                if let Some(first) = left_out.first().filter(|_| schedule.left_out != left_out) {
                    let rows = left_out.len();
                    tracing::warn!(
                        team,
                        endpoint = endpoint_word,
                        rows,
                        first,
                        "rows of the answer could not be understood and are left out"
                    );
                }
                schedule.left_out = left_out;
                tracing::info!(team, endpoint = endpoint_word, "figures are up to date");
                Ok(data)
            }
            Err(error) => {
                let pause = pauses.after(&error, schedule.failures_in_a_row);
                schedule.failures_in_a_row = schedule.failures_in_a_row.saturating_add(1);
                schedule.finish(pause);
                let reason = error.reason();
                let retry_in_seconds = pause.as_secs_f64().round();
                let message = chain(&error);
                tracing::warn!(
                    team,
                    endpoint = endpoint_word,
                    reason = reason.word(),
                    error = message,
                    retry_in_seconds,
                    "Heroku gave no figures; those known so far stay"
                );
                Err(Failure { reason, message })
            }
        }
    }
}

impl Schedule {
    fn due_at_once() -> Self {
        Self {
            due: Instant::now(),
            asked_in: None,
            running: None,
            failures_in_a_row: 0,
            left_out: Vec::new(),
        }
    }

    fn is_due(&self, now: Instant, settled_month: Month) -> bool {
        let new_month = self.asked_in.is_some_and(|asked| asked < settled_month);
        self.running.is_none() && (self.due <= now || new_month)
    }

    fn finish(&mut self, pause: Duration) {
        self.running = None;
        self.due = Instant::now() + pause;
    }
}

/// How long to wait between asking and asking again.
#[derive(Clone, Copy, Debug)]
struct Pauses {
    /// After a success.
    interval: Duration,
    /// The least, which is what Heroku's rate limit bears of requests to all endpoints.
    floor: Duration,
}

impl Pauses {
    /// After a failure that `failures` others came before: exponential, with full jitter so that
    /// many exporters do not ask in step.
    fn after(self, error: &Error, failures: u32) -> Duration {
        let (first, longest) = match error.reason() {
            Reason::RateLimited => (FIRST_RETRY_WHEN_LIMITED, LONGEST_RETRY),
            // As a rule these stay as they are, so the pauses may grow to the interval.
            Reason::Forbidden | Reason::NotFound => (FIRST_RETRY, self.interval),
            _ => (FIRST_RETRY, LONGEST_RETRY),
        };
        let exponential = first
            .saturating_mul(2_u32.saturating_pow(failures))
            .min(longest)
            .min(self.interval.max(first));
        let jittered = exponential.mul_f64(fastrand::f64());
        // Heroku's word counts for more than the interval, but not for a day.
        let asked_for = error
            .retry_after()
            .unwrap_or_default()
            .min(self.interval.max(LONGEST_RETRY));
        jittered.max(asked_for).max(self.floor)
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heroku::error::Explanation;

    const PAUSES: Pauses = Pauses {
        interval: Duration::from_secs(3600),
        floor: Duration::from_millis(1600),
    };

    fn status(status: u16, retry_after: Option<u64>) -> Error {
        Error::Status {
            status,
            explanation: Explanation::default(),
            retry_after: retry_after.map(Duration::from_secs),
        }
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
    fn an_interval_that_the_rate_limit_does_not_bear_is_lengthened() {
        let teams: Vec<_> = (0..100).map(|n| format!("team-{n}")).collect();
        crate::cli::install_tls();
        let client = Client::new(
            "http://127.0.0.1:1".parse().unwrap(),
            "token".to_owned().into(),
            crate::heroku::client::Limits::default(),
        );
        let poller = Poller::new(
            client.unwrap(),
            &teams,
            Duration::from_secs(1),
            Clock::system(),
        );
        assert_eq!(poller.pauses.interval, Duration::from_secs(160));
    }

    #[test]
    fn a_month_is_asked_for_anew_soon_after_it_began() {
        let asked_in = |text: &str| Schedule {
            asked_in: Some(text.parse().unwrap()),
            due: Instant::now() + LONGEST_RETRY,
            ..Schedule::due_at_once()
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

    #[test]
    fn an_id_is_told_from_a_name() {
        assert!(is_id("01234567-89ab-cdef-0123-456789ABCDEF"));
        for name in [
            "acme",
            "01234567-89ab-cdef-0123-456789abcdeg",
            "01234567089ab-cdef-0123-456789abcdef",
            "",
        ] {
            assert!(!is_id(name), "{name}");
        }
    }
}
