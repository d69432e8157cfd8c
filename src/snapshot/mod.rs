//! Everything that is known at one moment: what a poll makes and what a scrape shows.

mod failure_reason;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use billing::cost::BillingInput;
use billing::invoice::Invoices;
use billing::usage::Usage;
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::{ClientStats, Endpoint};
use heroku_api::team::{Delinquency, Identity, Licenses};

pub use failure_reason::FailureReason;

/// What is known of every team. Swapped whole, never changed in place, so that nobody sees half an
/// update.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    teams: Vec<Team>,
    several: bool,
    /// The enterprise accounts that are asked for all their teams.
    pub accounts: Vec<Account>,
    /// What came of asking which teams the token sees, where that is asked.
    pub listing: Option<EndpointStatus<Vec<Identity>>>,
    /// Whether everything that is asked has been tried once, whatever came of it.
    pub all_tried: bool,
    /// When the token expires, where Heroku says so.
    pub token_expiry: Option<Timestamp>,
    /// What asking Heroku cost.
    pub traffic: ClientStats,
    /// The endpoints to which requests may go.
    pub endpoints: Vec<Endpoint>,
}

/// An enterprise account that is asked for all its teams.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id or its name as the settings have it.
    pub name: String,
    /// What its teams used.
    pub usage: EndpointStatus<AccountUsage>,
}

/// What is known of a team besides its bill. `None` where Heroku does not offer it.
#[derive(Clone, Debug, Default)]
pub struct TeamMetadata {
    /// Id, name and type.
    pub identity: Option<Arc<Identity>>,
    /// The scheduled suspension and deletion.
    pub delinquency: Option<Delinquency>,
    /// Its licences.
    pub licenses: Option<Arc<Licenses>>,
}

/// What is known of one team. A personal account is one too.
#[derive(Clone, Debug, Default)]
pub struct Team {
    /// The id, where it is known.
    pub id: Option<String>,
    /// The name to call the team by in labels and logs; unique within a Snapshot.
    pub name: String,
    /// Its invoices.
    pub invoices: EndpointStatus<Invoices>,
    /// Its usage.
    pub usage: EndpointStatus<Usage>,
    /// The endpoints that are asked for this team, or stand for one that is: each has its rows of
    /// what the program tells of itself.
    pub asked: &'static [Endpoint],
    /// What is known of it beside its bill.
    pub metadata: TeamMetadata,
}

impl Team {
    /// The endpoints that are asked for a team by itself.
    pub const ENDPOINTS: &'static [Endpoint] = &[Endpoint::Invoices, Endpoint::Usage];

    /// Returns the team's usage and invoices that are not older than `max_age` at the instant `now`.
    pub fn billing_input(&self, now: Timestamp, max_age: Option<Duration>) -> BillingInput<'_> {
        let usage = self.usage.fresh_data(now, max_age);
        let good = self.usage.last_good.as_ref();
        BillingInput {
            name: &self.name,
            id: self.id.as_deref(),
            usage,
            usage_changed_at: usage.and(good).map(|good| good.changed_at),
            invoices: self.invoices.fresh_data(now, max_age),
        }
    }
}

/// An endpoint that is asked, and how that goes, whatever it answers with.
#[derive(Clone, Debug)]
pub struct EndpointHealth<'a> {
    /// Whom it is asked for: a team's name, an enterprise account's, or `*` for the list of teams.
    pub name: Cow<'a, str>,
    /// Which one it is.
    pub endpoint: Endpoint,
    /// How the polls went.
    pub record: &'a PollStats,
    /// Whether the last poll succeeded.
    pub is_up: bool,
    /// Whether Heroku offers it, as far as is known.
    pub is_available: bool,
    /// When Heroku last gave the answer that is known.
    pub last_success: Option<Timestamp>,
    /// When Heroku first gave it.
    pub changed: Option<Timestamp>,
}

impl<'a> EndpointHealth<'a> {
    fn new<T>(name: &'a str, endpoint: Endpoint, outcome: &'a EndpointStatus<T>) -> Self {
        let good = outcome.last_good.as_ref();
        Self {
            name: name.into(),
            endpoint,
            record: &outcome.record,
            is_up: outcome.is_up(),
            is_available: outcome.is_available(),
            last_success: good.map(|good| good.at),
            changed: good.map(|good| good.changed_at),
        }
    }
}

/// What came of asking one endpoint for one team, so far.
#[derive(Debug)]
pub struct EndpointStatus<T> {
    /// The last answer that could be understood. It stays while later polls fail.
    pub last_good: Option<LastSuccess<T>>,
    /// Why the last poll failed; `None` after a success and before the first poll.
    pub failure: Option<Failure>,
    /// How the polls went.
    pub record: PollStats,
}

/// An answer that could be understood, and when it came.
#[derive(Debug)]
pub struct LastSuccess<T> {
    /// The answer, shared with the poll that made it.
    pub data: Arc<T>,
    /// When Heroku last gave it.
    pub at: Timestamp,
    /// When Heroku first gave it: a fresh answer can carry old figures.
    pub changed_at: Timestamp,
}

/// A poll that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The closed word for it.
    pub reason: FailureReason,
    /// What happened, in a line for a person; never holds a token.
    pub message: String,
}

/// How the polls of an endpoint went since the program started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PollStats {
    /// When the last one ended.
    pub last_attempt: Option<Timestamp>,
    /// How long the last one took.
    pub last_duration: Option<Duration>,
    /// How many there were.
    pub polls: u64,
    /// How many rows of the last good answer could not be understood and were left out.
    pub rows_left_out: u64,
    failures: [u64; FailureReason::ALL.len()],
    /// Whether Heroku said that it does not offer this, and nothing else since but failures.
    is_unavailable: bool,
}

impl PollStats {
    /// Each reason and how many polls failed for it.
    pub fn failures(&self) -> impl Iterator<Item = (FailureReason, u64)> {
        FailureReason::ALL.into_iter().zip(self.failures)
    }
}

// Written out because a derive would ask that `T` be cloned, which an `Arc` does not need.
impl<T> Clone for EndpointStatus<T> {
    fn clone(&self) -> Self {
        Self {
            last_good: self.last_good.clone(),
            failure: self.failure.clone(),
            record: self.record.clone(),
        }
    }
}

impl<T> Clone for LastSuccess<T> {
    fn clone(&self) -> Self {
        Self {
            data: Arc::clone(&self.data),
            at: self.at,
            changed_at: self.changed_at,
        }
    }
}

impl<T> Default for EndpointStatus<T> {
    fn default() -> Self {
        Self {
            last_good: None,
            failure: None,
            record: PollStats::default(),
        }
    }
}

/// What a poll brought.
#[derive(Debug)]
pub enum PollResult<T> {
    /// An answer, and how many of its rows could not be understood.
    Answer {
        /// What was understood.
        data: T,
        /// How many rows were left out of it.
        rows_left_out: u64,
    },
    /// Heroku's word that its last answer still stands.
    Unchanged,
    /// Nothing.
    Failed(Failure),
}

impl<T: PartialEq> LastSuccess<T> {
    /// What an answer of the instant `at` makes of the one before. Where they say the same, the same
    /// `Arc` stays, by which others see that nothing changed.
    pub fn renewed(before: Option<Self>, data: T, at: Timestamp) -> Self {
        match before {
            Some(good) if *good.data == data => Self { at, ..good },
            _ => Self {
                data: Arc::new(data),
                at,
                changed_at: at,
            },
        }
    }
}

impl<T: PartialEq> EndpointStatus<T> {
    /// Notes what a poll that ended at `now` brought. A failure keeps what is known; a success
    /// forgets the failure.
    pub fn note(&mut self, polled: PollResult<T>, now: Timestamp, took: Duration) {
        let record = &mut self.record;
        record.polls += 1;
        record.last_attempt = Some(now);
        record.last_duration = Some(took);
        match polled {
            PollResult::Answer {
                data,
                rows_left_out,
            } => {
                record.rows_left_out = rows_left_out;
                record.is_unavailable = false;
                self.failure = None;
                self.last_good = Some(LastSuccess::renewed(self.last_good.take(), data, now));
            }
            PollResult::Unchanged => {
                record.is_unavailable = false;
                self.failure = None;
                if let Some(good) = &mut self.last_good {
                    good.at = now;
                }
            }
            PollResult::Failed(failure) => {
                record.failures[failure.reason as usize] += 1;
                record.is_unavailable |= failure.reason == FailureReason::NotAvailable;
                self.failure = Some(failure);
            }
        }
    }
}

impl<T> EndpointStatus<T> {
    /// The last answer that could be understood.
    pub fn data(&self) -> Option<&T> {
        self.last_good.as_ref().map(|good| &*good.data)
    }

    /// The last answer that could be understood, unless Heroku gave it longer than `max_age` ago.
    pub fn fresh_data(&self, now: Timestamp, max_age: Option<Duration>) -> Option<&T> {
        let good = self.last_good.as_ref()?;
        let expires = max_age.map(|max_age| expiry(good.at, max_age));
        expires
            .is_none_or(|expires| now < expires)
            .then_some(&*good.data)
    }

    /// Whether the last poll succeeded.
    pub fn is_up(&self) -> bool {
        self.record.polls > 0 && self.failure.is_none()
    }

    /// Whether Heroku offers this to the team, as far as is known.
    pub fn is_available(&self) -> bool {
        !self.record.is_unavailable
    }
}

fn expiry(at: Timestamp, max_age: Duration) -> Timestamp {
    at.saturating_add(max_age).unwrap_or(Timestamp::MAX)
}

impl Snapshot {
    /// Puts teams together. `several` says whether more than one was asked for, which does not
    /// change with what Heroku answers: labels that come and go would break every query.
    ///
    /// A team that was asked for twice, once by name and once by id, is kept once. Two teams that
    /// share a name are told apart by their ids: a label set must not stand twice in a scrape.
    pub fn new(teams: Vec<Team>, several: bool, traffic: ClientStats) -> Self {
        let mut ids = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut kept: Vec<Team> = Vec::with_capacity(teams.len());
        for mut team in teams {
            if team.id.as_ref().is_some_and(|id| !ids.insert(id.clone())) {
                continue;
            }
            // Once is enough, unless yet another team has the name that this makes.
            while !names.insert(team.name.clone()) {
                let mark = team
                    .id
                    .clone()
                    .unwrap_or_else(|| (kept.len() + 1).to_string());
                team.name = format!("{} ({mark})", team.name);
            }
            kept.push(team);
        }
        Self {
            teams: kept,
            several,
            traffic,
            endpoints: Endpoint::ALL.to_vec(),
            ..Self::default()
        }
    }

    /// The teams, in the order in which they were asked for.
    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    /// Every endpoint that is asked: those of the teams, the accounts, and the list of teams. None
    /// stands twice.
    pub fn asked(&self) -> Vec<EndpointHealth<'_>> {
        let of_teams = self.teams.iter().flat_map(|team| {
            team.asked.iter().map(|endpoint| match endpoint {
                Endpoint::Usage => EndpointHealth::new(&team.name, *endpoint, &team.usage),
                _ => EndpointHealth::new(&team.name, *endpoint, &team.invoices),
            })
        });
        let mut asked: Vec<_> = of_teams.collect();
        let mut names: BTreeSet<_> = asked
            .iter()
            .filter(|asked| asked.endpoint == Endpoint::Usage)
            .map(|asked| asked.name.clone())
            .collect();
        for account in &self.accounts {
            let mut row = EndpointHealth::new(&account.name, Endpoint::Usage, &account.usage);
            // A team may be called as its account is.
            while !names.insert(row.name.clone()) {
                row.name = format!("{} (enterprise account)", row.name).into();
            }
            asked.push(row);
        }
        let listing = self.listing.as_ref();
        asked.extend(listing.map(|listing| EndpointHealth::new("*", Endpoint::Teams, listing)));
        asked
    }

    /// The first instant after `now` at which some figures will be older than `max_age`.
    pub fn next_expiry(&self, now: Timestamp, max_age: Duration) -> Option<Timestamp> {
        let invoices = self
            .teams
            .iter()
            .filter_map(|team| Some(team.invoices.last_good.as_ref()?.at));
        let usage = self
            .teams
            .iter()
            .filter_map(|team| Some(team.usage.last_good.as_ref()?.at));
        invoices
            .chain(usage)
            .map(|at| expiry(at, max_age))
            .filter(|expires| *expires > now)
            .min()
    }

    /// Whether more than one team was asked for.
    pub fn several_teams(&self) -> bool {
        self.several
    }
}

#[cfg(test)]
mod tests;
