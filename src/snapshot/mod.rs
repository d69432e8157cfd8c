//! The results of all polls at one moment.

mod failure_reason;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use billing::cost::BillingInput;
use billing::invoice::Invoices;
use billing::nights::{Lags, Nights};
use billing::resources::DynoPrices;
use billing::run_rate::Inventory;
use billing::usage::Usage;
use heroku_api::enterprise::AccountUsage;
use heroku_api::skipped::Skipped;
use heroku_api::stats::{ClientStats, Endpoint};
use heroku_api::team::{Delinquency, Identity, Licenses};

pub use failure_reason::FailureReason;

/// The results of all polls at one moment. A snapshot is immutable and replaced as a unit, so
/// readers never see a partial update.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    teams: Vec<Team>,
    several_teams: bool,
    /// The enterprise accounts whose teams are all polled.
    pub accounts: Vec<Account>,
    /// The teams that the token has access to, if team discovery is enabled.
    pub discovery: Option<EndpointStatus<Vec<Identity>>>,
    /// Whether every endpoint has been polled at least once, successfully or not.
    pub all_attempted: bool,
    /// When the token expires, if Heroku reports it.
    pub token_expiry: Option<Timestamp>,
    /// Statistics of the requests to Heroku.
    pub client_stats: ClientStats,
    /// The endpoints that the configured targets can request.
    pub endpoints: Vec<Endpoint>,
    /// Whether the database works as configured.
    pub storage_up: bool,
    /// The prices of dyno sizes.
    pub dyno_prices: Arc<DynoPrices>,
}

/// An enterprise account whose teams are all polled.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account's id or name, as configured.
    pub name: String,
    /// The usage of the account's teams.
    pub usage: EndpointStatus<AccountUsage>,
}

/// Data of a team other than its costs. A field is `None` if Heroku does not offer it.
#[derive(Clone, Debug, Default)]
pub struct TeamMetadata {
    /// The id, name, type and enterprise account.
    pub identity: Option<Arc<Identity>>,
    /// The scheduled suspension and deletion.
    pub delinquency: Option<Delinquency>,
    /// The licenses.
    pub licenses: Option<Arc<Licenses>>,
}

/// A team, or a personal account.
#[derive(Clone, Debug, Default)]
pub struct Team {
    /// The id, if known.
    pub id: Option<String>,
    /// The name in labels and logs; unique within a snapshot.
    pub name: String,
    /// The invoices.
    pub invoices: EndpointStatus<Invoices>,
    /// The usage.
    pub usage: EndpointStatus<Usage>,
    /// The endpoints with self-metrics of this team: those that are polled for it, and configured
    /// ones that are polled for its enterprise account instead.
    pub polled_endpoints: &'static [Endpoint],
    /// Data other than costs.
    pub metadata: TeamMetadata,
    /// The recorded nights of the usage.
    pub nights: Option<Arc<Nights>>,
    /// The lags of usage, which all teams share.
    pub lags: Arc<Lags>,
    /// What runs now, as far as known.
    pub inventory: Option<Arc<Inventory>>,
}

impl Team {
    /// The endpoints that are polled for a single team.
    pub const ENDPOINTS: &'static [Endpoint] = &[Endpoint::Invoices, Endpoint::Usage];

    /// Returns the usage and invoices that are younger than `max_age` at the instant `now`.
    pub fn billing_input(&self, now: Timestamp, max_age: Option<Duration>) -> BillingInput<'_> {
        let usage = self.usage.fresh_data(now, max_age);
        let success = self.usage.last_success.as_ref();
        BillingInput {
            name: &self.name,
            id: self.id.as_deref(),
            usage,
            usage_changed_at: usage.and(success).map(|success| success.changed_at),
            invoices: self.invoices.fresh_data(now, max_age),
            nights: self.nights.as_deref(),
            lags: Some(&self.lags),
        }
    }
}

/// The health of a polled endpoint, independent of its data type.
#[derive(Clone, Debug)]
pub struct EndpointHealth<'a> {
    /// The name of the team or enterprise account, or `*` for team discovery.
    pub name: Cow<'a, str>,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Statistics of its polls.
    pub stats: &'a PollStats,
    /// Whether the last poll succeeded.
    pub is_up: bool,
    /// Whether Heroku offers the endpoint, as far as known.
    pub is_available: bool,
    /// When Heroku last returned or confirmed the data.
    pub last_success: Option<Timestamp>,
    /// When Heroku first returned the data.
    pub changed_at: Option<Timestamp>,
}

impl<'a> EndpointHealth<'a> {
    fn new<T>(name: &'a str, endpoint: Endpoint, status: &'a EndpointStatus<T>) -> Self {
        let success = status.last_success.as_ref();
        Self {
            name: name.into(),
            endpoint,
            stats: &status.stats,
            is_up: status.is_up(),
            is_available: status.is_available(),
            last_success: success.map(|success| success.at),
            changed_at: success.map(|success| success.changed_at),
        }
    }
}

/// The results of polling one endpoint.
#[derive(Debug)]
pub struct EndpointStatus<T> {
    /// The last success, kept while later polls fail.
    pub last_success: Option<LastSuccess<T>>,
    /// The failure of the last poll; `None` after a success and before the first poll.
    pub failure: Option<Failure>,
    /// Statistics of the polls.
    pub stats: PollStats,
}

/// The data of the last successful poll.
#[derive(Debug)]
pub struct LastSuccess<T> {
    /// The decoded response.
    pub data: Arc<T>,
    /// When Heroku last returned or confirmed it.
    pub at: Timestamp,
    /// When Heroku first returned it. A recent response can have old data.
    pub changed_at: Timestamp,
}

/// A failed poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason.
    pub reason: FailureReason,
    /// The error on one line, without tokens.
    pub message: String,
}

/// Statistics of the polls of an endpoint since the program started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PollStats {
    /// When the last poll ended.
    pub last_attempt: Option<Timestamp>,
    /// The duration of the last poll.
    pub last_duration: Option<Duration>,
    /// The number of polls.
    pub polls: u64,
    /// What could not be decoded in the last success.
    pub skipped: Skipped,
    /// Whether the last success was an empty list in place of data, which is kept until the next
    /// poll confirms the list.
    pub is_empty_unconfirmed: bool,
    failures: [u64; FailureReason::ALL.len()],
    /// Whether Heroku does not offer the endpoint, according to the last response. Other failures
    /// do not reset it.
    is_unavailable: bool,
}

impl PollStats {
    /// Returns the number of failed polls by reason.
    pub fn failures(&self) -> impl Iterator<Item = (FailureReason, u64)> {
        FailureReason::ALL.into_iter().zip(self.failures)
    }
}

// Derives would require `T: Clone` and `T: Default`.
impl<T> Clone for EndpointStatus<T> {
    fn clone(&self) -> Self {
        Self {
            last_success: self.last_success.clone(),
            failure: self.failure.clone(),
            stats: self.stats.clone(),
        }
    }
}

impl<T> Clone for LastSuccess<T> {
    fn clone(&self) -> Self {
        Self {
            data: Arc::clone(&self.data),
            ..*self
        }
    }
}

impl<T> Default for EndpointStatus<T> {
    fn default() -> Self {
        Self {
            last_success: None,
            failure: None,
            stats: PollStats::default(),
        }
    }
}

/// The result of a poll.
#[derive(Debug)]
pub enum PollResult<T> {
    /// The response was decoded.
    Success {
        /// The decoded data.
        data: T,
        /// What could not be decoded.
        skipped: Skipped,
    },
    /// The data of the last success is still current.
    NotModified,
    /// The response is an empty list in place of data, which the next poll must confirm.
    EmptyUnconfirmed,
    /// The poll failed.
    Failed(Failure),
}

impl<T: PartialEq> LastSuccess<T> {
    /// Returns the next success. Equal data keeps the same `Arc`, so that changes can be detected
    /// by pointer comparison.
    #[must_use]
    pub fn renewed(self, data: T, at: Timestamp) -> Self {
        match *self.data == data {
            true => Self { at, ..self },
            false => Self::new(data, at),
        }
    }
}

impl<T> LastSuccess<T> {
    /// Brings times in the future down to `now`.
    pub fn limit_times(&mut self, now: Timestamp) {
        self.at = self.at.min(now);
        self.changed_at = self.changed_at.min(self.at);
    }

    /// Creates the first success.
    pub fn new(data: T, at: Timestamp) -> Self {
        Self {
            data: Arc::new(data),
            at,
            changed_at: at,
        }
    }
}

impl<T: PartialEq> EndpointStatus<T> {
    /// Records the result of a poll that ended at `now`. A failure keeps the last success; a
    /// success clears the failure.
    pub fn record(&mut self, result: PollResult<T>, now: Timestamp, duration: Duration) {
        let stats = &mut self.stats;
        stats.polls += 1;
        stats.last_attempt = Some(now);
        stats.last_duration = Some(duration);
        if let PollResult::Failed(failure) = result {
            stats.failures[failure.reason as usize] += 1;
            stats.is_unavailable |= failure.reason == FailureReason::NotAvailable;
            self.failure = Some(failure);
            return;
        }
        stats.is_unavailable = false;
        stats.is_empty_unconfirmed = matches!(result, PollResult::EmptyUnconfirmed);
        self.failure = None;
        let previous = self.last_success.take();
        self.last_success = match result {
            PollResult::Success { data, skipped } => {
                stats.skipped = skipped;
                Some(match previous {
                    Some(previous) => previous.renewed(data, now),
                    None => LastSuccess::new(data, now),
                })
            }
            PollResult::NotModified => previous.map(|previous| LastSuccess {
                at: now,
                ..previous
            }),
            PollResult::EmptyUnconfirmed | PollResult::Failed(_) => previous,
        };
    }
}

impl<T> EndpointStatus<T> {
    /// Brings times in the future down to `now`, after the wall clock was set back.
    pub fn limit_times(&mut self, now: Timestamp) {
        if let Some(success) = &mut self.last_success {
            success.limit_times(now);
        }
        self.stats.last_attempt = self.stats.last_attempt.map(|at| at.min(now));
    }

    /// Returns the data of the last success.
    pub fn data(&self) -> Option<&T> {
        self.last_success.as_ref().map(|success| &*success.data)
    }

    /// Returns the data of the last success, unless it is older than `max_age`.
    pub fn fresh_data(&self, now: Timestamp, max_age: Option<Duration>) -> Option<&T> {
        let success = self.last_success.as_ref()?;
        let is_fresh = max_age.is_none_or(|max_age| now < expiry(success.at, max_age));
        is_fresh.then_some(&*success.data)
    }

    /// Returns whether the last poll succeeded.
    pub fn is_up(&self) -> bool {
        self.stats.polls > 0 && self.failure.is_none()
    }

    /// Returns whether Heroku offers the endpoint, as far as known.
    pub fn is_available(&self) -> bool {
        !self.stats.is_unavailable
    }
}

fn expiry(at: Timestamp, max_age: Duration) -> Timestamp {
    at.saturating_add(max_age).unwrap_or(Timestamp::MAX)
}

impl Snapshot {
    /// Creates a snapshot of `teams`. `several_teams` is whether the configuration allows more than
    /// one team. It does not depend on responses, because labels that come and go break queries.
    ///
    /// A team that is polled twice, by name and by id, is included once. Teams with the same name
    /// get their id appended, so that label sets are unique.
    pub fn new(teams: Vec<Team>, several_teams: bool, client_stats: ClientStats) -> Self {
        let mut ids = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut unique: Vec<Team> = Vec::with_capacity(teams.len());
        for mut team in teams {
            if team.id.as_ref().is_some_and(|id| !ids.insert(id.clone())) {
                continue;
            }
            // Repeated only if another team has the resulting name.
            while !names.insert(team.name.clone()) {
                let position = || (unique.len() + 1).to_string();
                let suffix = team.id.clone().unwrap_or_else(position);
                team.name = format!("{} ({suffix})", team.name);
            }
            unique.push(team);
        }
        Self {
            teams: unique,
            several_teams,
            client_stats,
            endpoints: Endpoint::ALL.to_vec(),
            storage_up: true,
            ..Self::default()
        }
    }

    /// Returns the teams, to complete them before the snapshot is published.
    pub fn teams_mut(&mut self) -> &mut [Team] {
        &mut self.teams
    }

    /// Returns the teams in the order of the configuration, followed by discovered ones.
    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    /// Returns the health of every polled endpoint: those of teams and enterprise accounts, and
    /// team discovery. Pairs of name and endpoint are unique.
    pub fn endpoint_health(&self) -> Vec<EndpointHealth<'_>> {
        let teams = self.teams.iter().flat_map(|team| {
            let endpoints = team.polled_endpoints.iter();
            endpoints.map(|endpoint| match endpoint {
                Endpoint::Usage => EndpointHealth::new(&team.name, *endpoint, &team.usage),
                _ => EndpointHealth::new(&team.name, *endpoint, &team.invoices),
            })
        });
        let mut health: Vec<_> = teams.collect();
        let usage = health.iter().filter(|row| row.endpoint == Endpoint::Usage);
        let mut names: BTreeSet<_> = usage.map(|row| row.name.clone()).collect();
        for account in &self.accounts {
            let mut row = EndpointHealth::new(&account.name, Endpoint::Usage, &account.usage);
            // A team may have the same name as an account.
            while !names.insert(row.name.clone()) {
                row.name = format!("{} (enterprise account)", row.name).into();
            }
            health.push(row);
        }
        let discovery = self.discovery.iter();
        health.extend(discovery.map(|status| EndpointHealth::new("*", Endpoint::Teams, status)));
        health
    }

    /// Returns the first instant after `now` at which some data becomes older than `max_age`.
    pub fn next_expiry(&self, now: Timestamp, max_age: Duration) -> Option<Timestamp> {
        let successes = self.teams.iter().flat_map(|team| {
            let invoices = team
                .invoices
                .last_success
                .as_ref()
                .map(|success| success.at);
            let usage = team.usage.last_success.as_ref().map(|success| success.at);
            [invoices, usage].into_iter().flatten()
        });
        let expiries = successes.map(|at| expiry(at, max_age));
        expiries.filter(|expires| *expires > now).min()
    }

    /// Returns whether the configuration allows more than one team.
    pub fn several_teams(&self) -> bool {
        self.several_teams
    }
}

#[cfg(test)]
mod tests;
