//! The scheduler: starts polls that are due, records results and publishes snapshots.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::Instant;

use super::backoff::{BackoffLimits, METADATA_RETRY, RATE_LIMIT_REFILL};
use super::context::PollContext;
use super::inventory::{self, InventoryCache, InventoryJobs};
use super::metadata::{JobResult, MetadataCache, MetadataJobs};
use super::night_log::NightLog;
use super::poll::{Completion, PollJobs, Response};
use super::schedule::until_next_month;
use super::targets::Targets;
use crate::clock::Clock;
use crate::config::scope::Scope;
use crate::config::token::Token;
use crate::run_blocking::run_blocking;
use crate::snapshot::Snapshot;
use crate::store::{History, Store};
use heroku_api::client::Client;

/// The maximum sleep, so that a clock change or a resume from suspend is noticed soon.
const MAX_SLEEP: Duration = Duration::from_secs(30);

/// The difference between the clocks from which on the wall clock counts as changed. It is more than
/// time synchronization corrects between two iterations.
const CLOCK_CHANGE: SignedDuration = SignedDuration::from_secs(2);

/// The maximum number of concurrent polls.
pub const MAX_CONCURRENT_POLLS: usize = 100;

/// The default of [`Options::rate_limit_floor`]. Heroku's limit is 4,500 requests.
pub const RATE_LIMIT_FLOOR: u64 = 100;

/// The options of a [`Poller`].
#[derive(Debug)]
pub struct Options {
    /// The client of the API.
    pub client: Client,
    /// The API token.
    pub token: Token,
    /// The teams and accounts to poll.
    pub scope: Scope,
    /// The time between two polls of an endpoint. It is increased if the rate limit does not allow
    /// it for the number of endpoints.
    pub interval: Duration,
    /// The time limit for one poll of an endpoint, including all its requests.
    pub timeout: Duration,
    /// The number of requests of the account's rate limit to leave to other clients. Polling pauses
    /// while fewer remain.
    pub rate_limit_floor: u64,
    /// The clock.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// The minimum time between two requests for apps, their dynos and add-ons. `None` if they are not
    /// requested.
    pub resource_interval: Option<Duration>,
}

/// Polls Heroku on a schedule and publishes snapshots.
#[derive(Debug)]
pub struct Poller {
    context: Arc<PollContext>,
    clock: Clock,
    interval: Duration,
    targets: Targets,
    metadata: MetadataCache,
    inventory: InventoryCache,
    rate_limit_floor: u64,
    /// When polling resumes, while the rate limit is low.
    resume_at: Option<Instant>,
    /// The same moment on both clocks.
    clocks: (Instant, Timestamp),
    /// The token generation of the last iteration.
    token_generation: u64,
    /// The check whether the token has changed, and when the next one starts.
    token_check: JoinSet<()>,
    next_token_check: Instant,
    /// Whether each endpoint is polled once only.
    is_single: bool,
    nights: NightLog,
    store: Store,
    polls: PollJobs,
    metadata_jobs: MetadataJobs,
    inventory_jobs: InventoryJobs,
}

/// A finished job with its id, or a panic.
type Finished<T> = Result<(task::Id, T), JoinError>;

impl Poller {
    /// Creates a poller with the stored data. Sends no requests.
    pub fn new(options: Options) -> Self {
        let (client, store) = (options.client, options.store);
        let mut loaded = store.load(options.clock.now());
        let nights = NightLog::new(&mut loaded);
        let targets = Targets::new(&options.scope, &mut loaded);
        let inventory = InventoryCache::new(options.resource_interval, &mut loaded, store.share());
        let context =
            PollContext::new(client, options.token, options.timeout, MAX_CONCURRENT_POLLS);
        let clocks = (Instant::now(), options.clock.now());
        let mut poller = Self {
            context: Arc::new(context),
            clocks,
            token_generation: 0,
            token_check: JoinSet::new(),
            next_token_check: clocks.0 + MAX_SLEEP,
            is_single: false,
            clock: options.clock,
            interval: options.interval,
            targets,
            metadata: MetadataCache::new(loaded),
            inventory,
            rate_limit_floor: options.rate_limit_floor,
            resume_at: None,
            nights,
            store,
            polls: JoinSet::new(),
            metadata_jobs: JoinSet::new(),
            inventory_jobs: JoinSet::new(),
        };
        poller.update_metadata_targets();
        poller
    }

    /// Polls every endpoint once, including those of teams discovered in the process.
    pub async fn once(mut self) -> Snapshot {
        self.is_single = true;
        self.poll_all().await;
        self.snapshot()
    }

    /// Polls as [`Self::once`], and requests the usage of past months that the database does not have,
    /// with `pause` between two requests.
    pub async fn once_with_past_usage(mut self, pause: Duration) -> Snapshot {
        self.is_single = true;
        self.poll_all().await;
        let (context, store) = (Arc::clone(&self.context), &self.store);
        self.metadata
            .fetch_past_usage(&context, store, self.clock.now(), pause)
            .await;
        self.snapshot()
    }

    async fn poll_all(&mut self) {
        self.start_polls(true);
        while let Some(finished) = self.polls.join_next_with_id().await {
            self.record_poll(finished);
            self.start_polls(true);
        }
    }

    /// Polls on schedule until `stop` resolves, and publishes a snapshot after each response. Then
    /// cancels the polls in flight and closes the database.
    pub async fn run(
        mut self,
        published: watch::Sender<Arc<Snapshot>>,
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = pin!(stop);
        loop {
            let is_changed = self.follow_clock();
            self.follow_token();
            if self.resume_at.is_none_or(|at| at <= Instant::now()) {
                self.start_polls(false);
                if self.targets.all_attempted() {
                    let (jobs, context) = (&mut self.metadata_jobs, &self.context);
                    self.metadata.start_due(jobs, context, self.clock.now());
                    self.inventory.start_due(&mut self.inventory_jobs, context);
                }
            }
            if is_changed {
                published.send_replace(Arc::new(self.snapshot()));
            }
            let sleep = self.until_next();
            tokio::select! {
                () = &mut stop => break,
                Some(finished) = self.polls.join_next_with_id() => self.record_poll(finished),
                Some(finished) = self.metadata_jobs.join_next_with_id() => {
                    self.record_metadata(finished);
                }
                Some(finished) = self.inventory_jobs.join_next_with_id() => {
                    if !self.record_inventory(finished) {
                        continue;
                    }
                }
                Some(checked) = self.token_check.join_next() => {
                    if let Err(error) = checked {
                        tracing::error!(%error, "token check panicked");
                    }
                    continue;
                }
                () = tokio::time::sleep(sleep) => continue,
            }
            published.send_replace(Arc::new(self.snapshot()));
        }
        while let Some(finished) = self.polls.try_join_next_with_id() {
            self.record_poll(finished);
        }
        while let Some(finished) = self.metadata_jobs.try_join_next_with_id() {
            self.record_metadata(finished);
        }
        let store = self.store;
        run_blocking(move || store.close()).await;
    }

    /// Follows changes of the wall clock: after a suspend, during which the monotonic clock stops,
    /// polls are due as if it had not; no time stays in the future. Returns whether times changed.
    fn follow_clock(&mut self) -> bool {
        let (instant, time) = (Instant::now(), self.clock.now());
        let elapsed = SignedDuration::try_from(instant.duration_since(self.clocks.0));
        let difference = time.duration_since(self.clocks.1) - elapsed.unwrap_or_default();
        // Slow corrections must not add up, so the next iteration compares the clocks from here on.
        self.clocks = (instant, time);
        if difference.abs() < CLOCK_CHANGE {
            return false;
        }
        let seconds = difference.as_secs();
        if let Ok(suspended) = Duration::try_from(difference) {
            tracing::info!(seconds, "clock moved forward");
            for schedule in self.targets.schedules_mut() {
                schedule.skip(suspended);
            }
            for schedule in self.metadata.schedules_mut() {
                schedule.skip(suspended);
            }
            for schedule in self.inventory.schedules_mut() {
                schedule.skip(suspended);
            }
            return false;
        }
        tracing::warn!(seconds, "clock moved back");
        self.targets.limit_times(time);
        self.metadata.limit_times(time);
        true
    }

    /// Checks for a new token from time to time, and retries failed polls with it.
    fn follow_token(&mut self) {
        let now = Instant::now();
        if self.next_token_check <= now && self.token_check.is_empty() {
            self.next_token_check = now + MAX_SLEEP;
            let context = Arc::clone(&self.context);
            // A poll reports the error, if there is one.
            self.token_check
                .spawn(async move { drop(context.token().await) });
        }
        let generation = self.context.token_generation();
        if self.token_generation != 0 && self.token_generation != generation {
            tracing::info!("token changed, retrying failed polls");
            for schedule in self.targets.schedules_mut() {
                schedule.retry_now();
            }
            for schedule in self.inventory.schedules_mut() {
                schedule.retry_now();
            }
        }
        self.token_generation = generation;
    }

    /// Returns a snapshot of the current state.
    pub fn snapshot(&mut self) -> Snapshot {
        let stats = self.context.client.stats();
        let generation = self.context.token_generation();
        let mut snapshot = self.targets.snapshot(stats, &self.metadata, generation);
        self.nights.update(snapshot.teams_mut());
        self.inventory.complete(&mut snapshot);
        snapshot.storage_up = self.store.is_up();
        snapshot
    }

    /// Returns the read-only view of the database.
    pub fn history(&self) -> History {
        self.store.history()
    }

    /// Returns the backoff limits for the number of endpoints.
    fn backoff_limits(&self) -> BackoffLimits {
        let endpoints = u32::try_from(self.targets.polled_endpoints()).unwrap_or(u32::MAX);
        let floor = RATE_LIMIT_REFILL.saturating_mul(endpoints);
        BackoffLimits {
            interval: self.interval.max(floor),
            floor,
        }
    }

    /// Starts the polls that are due.
    fn start_polls(&mut self, first_polls_only: bool) {
        let now = self.clock.now();
        self.targets
            .start_due(&mut self.polls, &self.context, now, first_polls_only);
    }

    fn record_poll(&mut self, finished: Finished<(Response, Duration)>) {
        let limits = self.backoff_limits();
        match finished {
            Ok((job, (response, duration))) => {
                let completion = Completion {
                    now: self.clock.now(),
                    duration,
                    limits,
                    is_single: self.is_single,
                    store: &self.store,
                };
                self.targets.record(job, response, completion);
                self.update_metadata_targets();
            }
            // Jobs are not cancelled here, so this one panicked. The endpoint is polled again.
            Err(error) => {
                tracing::error!(%error, "poll panicked");
                for schedule in self.targets.schedules_mut() {
                    schedule.abort(error.id(), limits.interval);
                }
            }
        }
        self.apply_rate_limit();
    }

    fn record_metadata(&mut self, finished: Finished<JobResult>) {
        let limits = self.backoff_limits();
        match finished {
            Ok((job, result)) => {
                let now = self.clock.now();
                let (metadata, store) = (&mut self.metadata, &self.store);
                if metadata.record(job, result, now, limits, store) {
                    self.targets.update_identities(&self.metadata);
                }
            }
            Err(error) => {
                tracing::error!(%error, "metadata request panicked");
                for schedule in self.metadata.schedules_mut() {
                    schedule.abort(error.id(), METADATA_RETRY);
                }
            }
        }
        self.apply_rate_limit();
    }

    /// Records a request of the inventory. Returns whether there is something to publish.
    fn record_inventory(&mut self, finished: Finished<inventory::JobResult>) -> bool {
        let is_changed = match finished {
            Ok((_, result)) => self.inventory.record(result),
            Err(error) => {
                tracing::error!(%error, "inventory request panicked");
                self.inventory.abort(error.id());
                false
            }
        };
        self.apply_rate_limit();
        is_changed
    }

    /// Updates the teams whose metadata and inventory are requested.
    fn update_metadata_targets(&mut self) {
        let limits = self.backoff_limits();
        let targets = self.targets.metadata_targets();
        let now = self.clock.now();
        self.metadata.set_targets(&targets, now, limits);
        let personal = self.targets.personal_account();
        self.inventory.set_targets(&targets, personal);
        let targets = self.targets.past_usage_targets();
        self.metadata.add_past_usage(targets, now);
    }

    /// Pauses all requests while the rate limit is low.
    fn apply_rate_limit(&mut self) {
        let Some(remaining) = self.context.client.take_rate_limit_remaining() else {
            return;
        };
        let deficit = self.rate_limit_floor.saturating_sub(remaining);
        let deficit = u32::try_from(deficit).unwrap_or(u32::MAX);
        let pause = RATE_LIMIT_REFILL.saturating_mul(deficit);
        let was_paused = self.resume_at.is_some();
        self.resume_at = (deficit > 0).then(|| Instant::now() + pause);
        if deficit > 0 && !was_paused {
            tracing::warn!(
                rate_limit_remaining = remaining,
                pause_seconds = pause.as_secs(),
                "rate limit low, pausing polls"
            );
        }
    }

    /// Returns the time until something is due.
    fn until_next(&self) -> Duration {
        let generation = self.context.token_generation();
        let metadata = self.metadata.next_due(&self.metadata_jobs, generation);
        let inventory = self.inventory.next_due(&self.inventory_jobs);
        let later = metadata.into_iter().chain(inventory);
        let later = later.filter(|_| self.targets.all_attempted());
        let due = self.targets.next_due().into_iter().chain(later).min();
        let due = due.max(self.resume_at.filter(|_| due.is_some()));
        let until_due = due.map(|due| due.saturating_duration_since(Instant::now()));
        // Never zero, so that an error in calendar arithmetic cannot cause a busy loop.
        until_due
            .unwrap_or(MAX_SLEEP)
            .min(until_next_month(self.clock.now()))
            .clamp(Duration::from_millis(10), MAX_SLEEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heroku_api::client::{ClientOptions, Limits};

    #[test]
    fn increases_interval_to_respect_rate_limit() {
        crate::cli::install_tls();
        let url: url::Url = "http://127.0.0.1:1".parse().unwrap();
        let poller = Poller::new(Options {
            client: Client::new(
                url.clone(),
                ClientOptions {
                    user_agent: "test",
                    limits: Limits::within(Duration::from_secs(1)),
                    proxy: None,
                    duration_buckets: &[],
                },
            )
            .unwrap(),
            token: Token::Value("token".into()),
            scope: Scope::named((0..100).map(|n| format!("team-{n}")).collect()),
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            rate_limit_floor: 0,
            clock: Clock::system(),
            store: Store::in_memory(None, &url),
            resource_interval: None,
        });
        assert_eq!(poller.backoff_limits().interval, Duration::from_secs(160));
    }
}
