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
use super::schedule::Schedule;
use crate::collector::state::{Entry, LoadedState, MetadataValue, Subject};
use crate::snapshot::TeamMetadata;
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
    /// When the next request may start.
    next_start: Instant,
    /// The metadata in the state file of teams that are not yet known.
    loaded: LoadedState,
}

/// The metadata of a team.
#[derive(Debug)]
struct CachedTeam {
    identity: CachedValue<Identity>,
    delinquency: CachedValue<Delinquency>,
    licenses: CachedValue<Licenses>,
    /// Whether the team is polled. If so, its target saves the identity.
    is_polled: bool,
}

/// A cached value and its schedule.
#[derive(Debug)]
struct CachedValue<T> {
    value: Option<MetadataValue<T>>,
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
    /// The identity, if polling has found it.
    pub(super) identity: Option<&'a MetadataValue<Identity>>,
    /// Whether the team is a target, and not only reported by an enterprise account.
    pub(super) is_polled: bool,
}

/// The result of a metadata request.
#[derive(Debug)]
pub(super) enum JobResult {
    Identity(Result<Decoded<Identity>, Error>),
    Delinquency(Result<Decoded<Delinquency>, Error>),
    Licenses(Result<Decoded<Licenses>, Error>),
    /// The seconds until the token of this generation expires.
    TokenExpiry(u64, Result<Option<i64>, Error>),
}

impl MetadataCache {
    /// Creates a cache with the metadata in the state file.
    pub(super) fn new(loaded: LoadedState) -> Self {
        Self {
            teams: BTreeMap::new(),
            token: TokenExpiry {
                schedule: Schedule::new(Endpoint::Authorizations),
                generation: None,
                expiry: None,
            },
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
            team.is_polled = target.is_polled;
            team.identity.seed_from(target.identity, now, limits);
            self.teams.insert(key.clone(), team);
        }
    }

    /// Creates a team with the metadata in the state file.
    fn restore(&mut self, id_or_name: &str, now: Timestamp, limits: BackoffLimits) -> CachedTeam {
        let subject = Subject::Team(id_or_name.to_owned());
        let loaded = &mut self.loaded;
        let mut team = CachedTeam {
            identity: CachedValue::new(Endpoint::Team),
            delinquency: CachedValue::new(Endpoint::Delinquency),
            licenses: CachedValue::new(Endpoint::Licenses),
            is_polled: false,
        };
        let identity = loaded.identities.remove(&subject);
        team.identity.seed_from(identity.as_ref(), now, limits);
        let delinquency = loaded.delinquencies.remove(&subject);
        team.delinquency
            .seed_from(delinquency.as_ref(), now, limits);
        let licenses = loaded.licenses.remove(&subject);
        team.licenses.seed_from(licenses.as_ref(), now, limits);
        team
    }

    /// Starts the requests that are due.
    pub(super) fn start_due(&mut self, jobs: &mut MetadataJobs, context: &Arc<PollContext>) {
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
        let teams = teams.filter_map(Schedule::next_due);
        let due = teams
            .chain(self.token.next_due(Instant::now(), token_generation))
            .min()?;
        Some(due.max(self.next_start))
    }

    /// Records the result of `job`. Returns whether there is something new to save.
    pub(super) fn record(
        &mut self,
        job: task::Id,
        result: JobResult,
        now: Timestamp,
        limits: BackoffLimits,
    ) -> bool {
        if let JobResult::TokenExpiry(generation, expires_in) = result {
            self.token.record(generation, expires_in, now, limits);
            return false;
        }
        let mut teams = self.teams.iter_mut();
        let team = teams.find(|(_, team)| team.schedules().iter().any(|s| s.is_running(job)));
        // Results of teams that have been removed are dropped.
        let Some((key, team)) = team else {
            return false;
        };
        let name = team.identity.data().map_or(key, |identity| &identity.name);
        let name = name.clone();
        match result {
            JobResult::Identity(result) => team.identity.record(&name, result, now, limits),
            JobResult::Delinquency(result) => team.delinquency.record(&name, result, now, limits),
            JobResult::Licenses(result) => team.licenses.record(&name, result, now, limits),
            JobResult::TokenExpiry(..) => false,
        }
    }

    pub(super) fn schedules_mut(&mut self) -> impl Iterator<Item = &mut Schedule> {
        let teams = self.teams.values_mut().flat_map(CachedTeam::schedules_mut);
        teams.chain([&mut self.token.schedule])
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
    pub(super) fn identity(&self, id_or_name: &str) -> Option<&MetadataValue<Identity>> {
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

    /// Returns the entries for the state file.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.teams.iter().flat_map(|(key, team)| {
            let subject = || Subject::Team(key.clone());
            let identity = team.identity.entry(subject());
            let entries = [
                identity.filter(|_| !team.is_polled),
                team.delinquency.entry(subject()),
                team.licenses.entry(subject()),
            ];
            entries.into_iter().flatten()
        })
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

    /// Replaces the value with a newer one from the state file or another response. It is refreshed
    /// at the same age as a requested value.
    fn seed_from(
        &mut self,
        value: Option<&MetadataValue<T>>,
        now: Timestamp,
        limits: BackoffLimits,
    ) {
        let cached_at = self.value.as_ref().map(|cached| cached.at);
        let Some(value) = value.filter(|value| cached_at.is_none_or(|at| at < value.at)) else {
            return;
        };
        let age = Duration::try_from(now.duration_since(value.at)).unwrap_or_default();
        let delay = limits.metadata_refresh().saturating_sub(age);
        self.schedule.set_due_in(delay);
        self.value = Some(value.clone());
    }

    /// Records a result. Returns whether there is something new to save.
    fn record(
        &mut self,
        team: &str,
        result: Result<Decoded<T>, Error>,
        now: Timestamp,
        limits: BackoffLimits,
    ) -> bool {
        // One denial does not prove that data which was available is not any more.
        let is_believed =
            self.data().is_none() || self.schedule.consecutive_failures() + 1 >= CONFIRMING_DENIALS;
        let is_final = is_believed && result.as_ref().is_err_and(Error::is_denial);
        record_result(&mut self.schedule, team, &result, is_final, limits);
        let (data, pages) = match result {
            Ok(response) => (Some(Arc::new(response.data)), response.pages),
            Err(_) if is_final => (None, Vec::new()),
            Err(_) => return false,
        };
        let at = now;
        self.value = Some(MetadataValue { data, at, pages });
        true
    }

    /// Returns the entry for the state file, unless the value is part of another entry.
    fn entry(&self, subject: Subject) -> Option<Entry<'_>> {
        let value = self.value.as_ref()?;
        let is_own = value.data.is_none() || !value.pages.is_empty();
        is_own.then(|| value.entry(subject, self.schedule.endpoint))
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
            let value = MetadataValue {
                data: None,
                at: now - SignedDuration::from_hours(hours),
                pages: Vec::new(),
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
