//! Metadata: identities, delinquency and licenses of teams, and the expiry of the token.
//!
//! Metadata changes rarely, and costs do not depend on it. It is requested after everything has been
//! polled, no faster than the rate limit refills, and a failure does not count as a failed poll.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::{self, JoinSet};
use tokio::time::Instant;

use super::backoff::{BackoffLimits, RATE_LIMIT_REFILL};
use super::context::PollContext;
use super::error::{CONFIRMING_DENIALS, Error, chain};
use super::past_usage::{self, PastUsageRequests, PastUsageTarget};
use super::schedule::Schedule;
use crate::snapshot::TeamMetadata;
use crate::store::{Answer, Data, Fact, Key, Loaded, PastUsage, Store, Subject};
use heroku_api::client::Decoded;
use heroku_api::stats::Endpoint;
use heroku_api::team::{Delinquency, Identity, Licenses};

/// The maximum number of concurrent metadata requests.
const MAX_CONCURRENT_REQUESTS: usize = 4;

/// The metadata requests in flight.
pub(super) type MetadataJobs = JoinSet<JobResult>;

/// The metadata of all teams and of the token.
#[derive(Debug)]
pub(super) struct MetadataCache {
    teams: BTreeMap<String, CachedTeam>,
    token: TokenExpiry,
    past_usage: PastUsageRequests,
    /// When the next request may start.
    next_start: Instant,
    /// The stored metadata of teams that are not yet known.
    loaded: Loaded,
}

/// The metadata of a team.
#[derive(Debug)]
struct CachedTeam {
    id: Option<String>,
    identity: CachedValue<Identity>,
    delinquency: CachedValue<Delinquency>,
    licenses: CachedValue<Licenses>,
}

/// A cached value and its schedule.
#[derive(Debug)]
struct CachedValue<T> {
    value: Option<Fact<T>>,
    schedule: Schedule,
}

/// The expiry of the token. It is requested once for each token and never saved.
#[derive(Debug)]
struct TokenExpiry {
    schedule: Schedule,
    /// The token generation of the last result.
    generation: Option<u64>,
    expiry: Option<Timestamp>,
}

/// A team whose metadata is requested.
#[derive(Debug)]
pub(super) struct MetadataTarget<'a> {
    /// The team's id, or its name while the id is unknown.
    pub(super) id_or_name: String,
    /// The team's id, if it is known.
    pub(super) id: Option<String>,
    /// The identity, if polling has found it.
    pub(super) identity: Option<&'a Fact<Identity>>,
}

/// The circumstances of a completed metadata request.
#[derive(Debug)]
struct RecordContext<'a> {
    subject: Subject,
    now: Timestamp,
    limits: BackoffLimits,
    store: &'a Store,
}

/// The result of a metadata request.
#[derive(Debug)]
pub(super) enum JobResult {
    Identity(Result<Decoded<Identity>, Error>),
    Delinquency(Result<Decoded<Delinquency>, Error>),
    Licenses(Result<Decoded<Licenses>, Error>),
    /// The seconds until the token of this generation expires.
    TokenExpiry(u64, Result<Option<i64>, Error>),
    PastUsage(Result<Box<PastUsage>, Error>),
}

impl MetadataCache {
    /// Creates a cache with the stored metadata.
    pub(super) fn new(loaded: Loaded) -> Self {
        Self {
            teams: BTreeMap::new(),
            token: TokenExpiry {
                schedule: Schedule::new(Endpoint::Authorizations),
                generation: None,
                expiry: None,
            },
            past_usage: PastUsageRequests::default(),
            next_start: Instant::now(),
            loaded,
        }
    }

    /// Sets the teams to those of `targets`, with their identities. Teams that remain keep their
    /// metadata.
    pub(super) fn set_targets(
        &mut self,
        targets: &[MetadataTarget<'_>],
        now: Timestamp,
        limits: BackoffLimits,
    ) {
        let mut previous = std::mem::take(&mut self.teams);
        for target in targets {
            let key = &target.id_or_name;
            let team = previous.remove(key);
            let mut team = team.unwrap_or_else(|| self.restore(key, now, limits));
            team.id.clone_from(&target.id);
            team.identity.seed_from(target.identity, now, limits);
            self.teams.insert(key.clone(), team);
        }
    }

    /// Adds the teams and enterprise accounts whose past usage is requested.
    pub(super) fn add_past_usage(&mut self, targets: Vec<PastUsageTarget>, now: Timestamp) {
        self.past_usage.add(targets, &mut self.loaded, now);
    }

    /// Creates a team with the stored metadata.
    fn restore(&mut self, id_or_name: &str, now: Timestamp, limits: BackoffLimits) -> CachedTeam {
        let mut team = CachedTeam {
            id: None,
            identity: CachedValue::new(Endpoint::Team),
            delinquency: CachedValue::new(Endpoint::Delinquency),
            licenses: CachedValue::new(Endpoint::Licenses),
        };
        if let Some(loaded) = self.loaded.team(id_or_name) {
            team.identity
                .seed_from(loaded.identity.as_ref(), now, limits);
            team.delinquency
                .seed_from(loaded.delinquency.as_ref(), now, limits);
            team.licenses
                .seed_from(loaded.licenses.as_ref(), now, limits);
        }
        team
    }

    /// Requests all past usage that is not stored, one request after the other.
    pub(super) async fn fetch_past_usage(
        &self,
        context: &Arc<PollContext>,
        store: &Store,
        now: Timestamp,
        pause: Duration,
    ) {
        for (number, target) in self.past_usage.pending().enumerate() {
            if number > 0 {
                tokio::time::sleep(pause).await;
            }
            match past_usage::fetch(Arc::clone(context), target.clone(), now).await {
                Ok(usage) => store.write_past_usage(usage, now),
                Err(error) => past_usage::warn(target, &error),
            }
        }
    }

    /// Starts the requests that are due.
    pub(super) fn start_due(
        &mut self,
        jobs: &mut MetadataJobs,
        context: &Arc<PollContext>,
        time: Timestamp,
    ) {
        let now = Instant::now();
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        while jobs.len() < MAX_CONCURRENT_REQUESTS && self.next_start <= now {
            let mut teams = self.teams.iter_mut();
            if is_due(self.token.next_due(now, context.token_generation())) {
                let job = jobs.spawn(fetch_token_expiry(Arc::clone(context)));
                self.token.schedule.start(job.id(), None);
            } else if let Some((key, schedule)) = teams.find_map(|(key, team)| {
                let mut schedules = team.schedules_mut().into_iter();
                Some((key, schedules.find(|schedule| is_due(schedule.next_due()))?))
            }) {
                let fetch = fetch(Arc::clone(context), key.clone(), schedule.endpoint);
                schedule.start(jobs.spawn(fetch).id(), None);
            } else if let Some((target, schedule)) =
                self.past_usage.next(|schedule| is_due(schedule.next_due()))
            {
                let context = Arc::clone(context);
                let fetch = async move {
                    let result = past_usage::fetch(context, target, time).await;
                    JobResult::PastUsage(result.map(Box::new))
                };
                schedule.start(jobs.spawn(fetch).id(), None);
            } else {
                break;
            }
            self.next_start = now + RATE_LIMIT_REFILL;
        }
    }

    /// Returns when the next request is due.
    pub(super) fn next_due(&self, jobs: &MetadataJobs, token_generation: u64) -> Option<Instant> {
        if jobs.len() >= MAX_CONCURRENT_REQUESTS {
            return None;
        }
        let teams = self.teams.values().flat_map(CachedTeam::schedules);
        let requests = teams.chain(self.past_usage.schedules());
        let due = requests
            .filter_map(Schedule::next_due)
            .chain(self.token.next_due(Instant::now(), token_generation))
            .min()?;
        Some(due.max(self.next_start))
    }

    /// Records the result of `job`, also in the store. Returns whether there is something new.
    pub(super) fn record(
        &mut self,
        job: task::Id,
        result: JobResult,
        now: Timestamp,
        limits: BackoffLimits,
        store: &Store,
    ) -> bool {
        if let JobResult::TokenExpiry(generation, expires_in) = result {
            self.token.record(generation, expires_in, now, limits);
            return false;
        }
        if let JobResult::PastUsage(result) = result {
            let result = result.map(|usage| *usage);
            return self.past_usage.record(job, result, now, limits, store);
        }
        let mut teams = self.teams.iter_mut();
        let team = teams.find(|(_, team)| team.schedules().iter().any(|s| s.is_running(job)));
        // Results of teams that have been removed are dropped.
        let Some((key, team)) = team else {
            return false;
        };
        let name = team.identity.data().map_or(key, |identity| &identity.name);
        let context = RecordContext {
            subject: Subject::Team(Key {
                id: team.id.clone(),
                name: name.clone(),
            }),
            now,
            limits,
            store,
        };
        match result {
            JobResult::Identity(result) => team.identity.record(result, context),
            JobResult::Delinquency(result) => team.delinquency.record(result, context),
            JobResult::Licenses(result) => team.licenses.record(result, context),
            JobResult::TokenExpiry(..) | JobResult::PastUsage(_) => false,
        }
    }

    pub(super) fn schedules_mut(&mut self) -> impl Iterator<Item = &mut Schedule> {
        let teams = self.teams.values_mut().flat_map(CachedTeam::schedules_mut);
        let requests = teams.chain(self.past_usage.schedules_mut());
        requests.chain([&mut self.token.schedule])
    }

    /// Brings times in the future down to `now`, after the wall clock was set back.
    pub(super) fn limit_times(&mut self, now: Timestamp) {
        for team in self.teams.values_mut() {
            team.identity.limit_times(now);
            team.delinquency.limit_times(now);
            team.licenses.limit_times(now);
        }
    }

    /// Returns the identity of a team.
    pub(super) fn identity(&self, id_or_name: &str) -> Option<&Fact<Identity>> {
        self.teams.get(id_or_name)?.identity.value.as_ref()
    }

    /// Returns the metadata of a team.
    pub(super) fn get(&self, id_or_name: &str) -> TeamMetadata {
        let Some(team) = self.teams.get(id_or_name) else {
            return TeamMetadata::default();
        };
        TeamMetadata {
            identity: team.identity.data().cloned(),
            delinquency: team.delinquency.data().map(|delinquency| **delinquency),
            licenses: team.licenses.data().cloned(),
        }
    }

    /// Returns when the token of this generation expires, if Heroku has reported it.
    pub(super) fn token_expiry(&self, generation: u64) -> Option<Timestamp> {
        let is_current = self.token.generation == Some(generation);
        self.token.expiry.filter(|_| is_current)
    }
}

impl CachedTeam {
    fn schedules(&self) -> [&Schedule; 3] {
        [
            &self.identity.schedule,
            &self.delinquency.schedule,
            &self.licenses.schedule,
        ]
    }

    fn schedules_mut(&mut self) -> [&mut Schedule; 3] {
        [
            &mut self.identity.schedule,
            &mut self.delinquency.schedule,
            &mut self.licenses.schedule,
        ]
    }
}

impl<T> CachedValue<T> {
    fn limit_times(&mut self, now: Timestamp) {
        if let Some(value) = &mut self.value {
            value.at = value.at.min(now);
        }
    }
}

impl<T: Clone> CachedValue<T> {
    fn new(endpoint: Endpoint) -> Self {
        Self {
            value: None,
            schedule: Schedule::new(endpoint),
        }
    }

    /// Returns the data, if it is available.
    fn data(&self) -> Option<&Arc<T>> {
        self.value.as_ref()?.data.as_ref()
    }

    /// Replaces the value with a newer one from the store or another response. It is refreshed
    /// at the same age as a requested value.
    fn seed_from(&mut self, value: Option<&Fact<T>>, now: Timestamp, limits: BackoffLimits) {
        let cached_at = self.value.as_ref().map(|cached| cached.at);
        let Some(value) = value.filter(|value| cached_at.is_none_or(|at| at < value.at)) else {
            return;
        };
        let age = Duration::try_from(now.duration_since(value.at)).unwrap_or_default();
        let delay = limits.metadata_refresh().saturating_sub(age);
        self.schedule.set_due_in(delay);
        self.value = Some(value.clone());
    }

    /// Records a result. Returns whether there is something new.
    fn record(&mut self, result: Result<Decoded<T>, Error>, context: RecordContext<'_>) -> bool
    where
        Data: From<Arc<T>>,
    {
        let RecordContext {
            subject,
            now,
            limits,
            store,
        } = context;
        let team = match &subject {
            Subject::Team(key) => &*key.name,
            _ => "*",
        };
        // One denial does not prove that data which was available is not any more.
        let is_believed =
            self.data().is_none() || self.schedule.consecutive_failures() + 1 >= CONFIRMING_DENIALS;
        let is_final = is_believed && result.as_ref().is_err_and(Error::is_denial);
        record_result(&mut self.schedule, team, &result, is_final, limits);
        let data = match result {
            Ok(response) => Some(Arc::new(response.data)),
            Err(_) if is_final => None,
            Err(_) => return false,
        };
        let fact = self.value.insert(Fact { data, at: now });
        store.write(Answer::of_fact(subject, self.schedule.endpoint, fact));
        true
    }
}

impl TokenExpiry {
    /// Returns when the expiry is due: at once for a new token generation, else only after a failure.
    fn next_due(&self, now: Instant, generation: u64) -> Option<Instant> {
        let due = self.schedule.next_due()?;
        if self.generation != Some(generation) {
            return Some(due.min(now));
        }
        (self.schedule.consecutive_failures() > 0).then_some(due)
    }

    fn record(
        &mut self,
        generation: u64,
        expires_in: Result<Option<i64>, Error>,
        now: Timestamp,
        limits: BackoffLimits,
    ) {
        let is_final = expires_in.as_ref().is_err_and(Error::is_denial);
        record_result(&mut self.schedule, "*", &expires_in, is_final, limits);
        let expiry = |seconds| now.saturating_add(SignedDuration::from_secs(seconds)).ok();
        self.generation = Some(generation);
        self.expiry = expires_in.ok().flatten().and_then(expiry);
    }
}

/// Records a result in the schedule and the log. Consecutive failures are logged once. `is_final` is
/// whether Heroku does not offer the metadata.
fn record_result<T>(
    schedule: &mut Schedule,
    team: &str,
    result: &Result<T, Error>,
    is_final: bool,
    limits: BackoffLimits,
) {
    let endpoint = schedule.endpoint.as_str();
    let Err(error) = result else {
        schedule.succeed(limits.metadata_refresh());
        tracing::debug!(team, endpoint, "metadata request succeeded");
        return;
    };
    let retry = limits.metadata_retry(is_final);
    if schedule.consecutive_failures() == 0 {
        tracing::info!(
            team,
            endpoint,
            reason = error.reason().as_str(),
            error = chain(error),
            retry_in_seconds = retry.as_secs(),
            "metadata request failed"
        );
    }
    schedule.fail(retry);
}

/// Fetches the metadata of a team from one endpoint.
async fn fetch(context: Arc<PollContext>, team: String, endpoint: Endpoint) -> JobResult {
    let client = &context.client;
    match endpoint {
        Endpoint::Delinquency => {
            let fetch = async |token| Ok(client.delinquency(&token, &team).await?);
            JobResult::Delinquency(context.with_token(fetch).await)
        }
        Endpoint::Licenses => {
            let fetch = async |token| Ok(client.licenses(&token, &team).await?);
            JobResult::Licenses(context.with_token(fetch).await)
        }
        _ => {
            let fetch = async |token| Ok(client.team(&token, &team).await?);
            JobResult::Identity(context.with_token(fetch).await)
        }
    }
}

async fn fetch_token_expiry(context: Arc<PollContext>) -> JobResult {
    // If the token cannot be read, the failure counts for the previous generation.
    let mut generation = context.token_generation();
    let expires_in = context.within_deadline(async {
        let token;
        (token, generation) = context.token().await?;
        Ok(context.client.token_expires_in(&token).await?)
    });
    let expires_in = expires_in.await;
    JobResult::TokenExpiry(generation, expires_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaded_metadata_is_refreshed_at_age_of_one_day() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let limits = BackoffLimits {
            interval: Duration::from_secs(3600),
            floor: Duration::ZERO,
        };
        for (hours, expected) in [(0, 24), (2, 22), (23, 1), (24, 0), (1000, 0)] {
            let mut cached = CachedValue::<()>::new(Endpoint::Licenses);
            let value = Fact {
                data: None,
                at: now - SignedDuration::from_hours(hours),
            };
            cached.seed_from(Some(&value), now, limits);
            let due = cached.schedule.next_due().unwrap();
            let delay = due.saturating_duration_since(Instant::now()).as_secs_f64() / 3600.0;
            assert!(
                (delay - f64::from(expected)).abs() < 0.1,
                "{hours}: {delay}"
            );
        }
    }
}
