//! What is asked beside the figures, rarely: who teams are, what is scheduled for them, their
//! licences, and when the token expires.
//!
//! Nothing here holds up a poll: it begins when every endpoint has been tried, and asks no faster
//! than Heroku's rate limit refills. What fails here is no failure of an endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::{self, JoinSet};
use tokio::time::Instant;

use super::asking::Asking;
use super::error::Error;
use super::fact::{Fact, Timing};
use super::{Job, REFILL_OF_ONE_REQUEST};
use crate::collector::state::{About, Kept, Particular, Restored};
use crate::snapshot::TeamMetadata;
use heroku_api::client::Decoded;
use heroku_api::stats::Endpoint;
use heroku_api::team::{Delinquency, Identity, Licenses};

/// How many requests for particulars may be under way at once.
const AT_ONCE: usize = 4;

/// The particulars of all teams, and of the token.
#[derive(Debug)]
pub(super) struct AllParticulars {
    teams: BTreeMap<String, TeamFacts>,
    token: TokenFact,
    running: usize,
    /// When the next request may be sent.
    next_start: Instant,
    /// What an earlier run of the program kept of teams that have not turned up.
    restored: Restored,
}

/// The particulars of a team.
#[derive(Debug)]
struct TeamFacts {
    identity: Fact<Identity>,
    delinquency: Fact<Delinquency>,
    licenses: Fact<Licenses>,
    keeps_identity: bool,
}

/// When the token expires. It is asked once for each token, and never kept on disk.
#[derive(Debug)]
struct TokenFact {
    timing: Timing,
    /// For which of the tokens that there have been it was last asked.
    asked_for: Option<u64>,
    /// Whether that was answered.
    is_answered: bool,
    /// When the program began.
    begun: Instant,
    expiry: Option<Timestamp>,
}

/// A team whose particulars are wanted.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// By what to ask: its id, or its name while the id is not known.
    pub(super) id_or_name: String,
    /// Who it is, as far as polling has told.
    pub(super) identity: Option<&'a Particular<Identity>>,
    /// Whether it is polled by itself: then who it is is kept with its answers.
    pub(super) is_polled: bool,
}

/// What a job brought.
#[derive(Debug)]
pub(super) enum Brought {
    Identity(String, Result<Decoded<Identity>, Error>),
    Delinquency(String, Result<Decoded<Delinquency>, Error>),
    Licenses(String, Result<Decoded<Licenses>, Error>),
    Token {
        asked_for: u64,
        expires_in: Result<Option<i64>, Error>,
    },
}

impl AllParticulars {
    /// Nothing known but what an earlier run of the program kept.
    pub(super) fn new(restored: Restored) -> Self {
        Self {
            teams: BTreeMap::new(),
            token: TokenFact {
                timing: Timing::new(),
                asked_for: None,
                is_answered: false,
                begun: Instant::now(),
                expiry: None,
            },
            running: 0,
            next_start: Instant::now(),
            restored,
        }
    }

    /// Takes in which teams there are, and what polling has told of them.
    pub(super) fn turn_to(&mut self, subjects: &[Subject<'_>], now: Timestamp, interval: Duration) {
        let mut before = std::mem::take(&mut self.teams);
        for subject in subjects {
            let key = &subject.id_or_name;
            let mut facts = before
                .remove(key)
                .unwrap_or_else(|| TeamFacts::restored(key, &mut self.restored, now, interval));
            facts.keeps_identity = !subject.is_polled;
            if let Some(identity) = subject.identity {
                facts.identity.learn(identity, now, interval);
            }
            self.teams.insert(key.clone(), facts);
        }
    }

    /// Starts jobs for what is due.
    pub(super) fn start_due(&mut self, jobs: &mut JoinSet<Job>, asking: &Arc<Asking>) {
        let now = Instant::now();
        while self.running < AT_ONCE && self.next_start <= now {
            let Some(due) = self.due(now, asking.tokens()) else {
                break;
            };
            let job = jobs.spawn({
                let (due, asking) = (due.clone(), Arc::clone(asking));
                async move { Job::Particular(Box::new(due.ask(&asking).await)) }
            });
            self.running += 1;
            self.next_start = now + REFILL_OF_ONE_REQUEST;
            if let Some(timing) = self.timing(&due) {
                timing.start(job.id());
            }
        }
    }

    /// When something is due.
    pub(super) fn next_due(&self, tokens: u64) -> Option<Instant> {
        if self.running >= AT_ONCE {
            return None;
        }
        let teams = self.teams.values().flat_map(TeamFacts::next_due);
        let due = teams.chain(self.token.next_due(tokens)).min()?;
        Some(due.max(self.next_start))
    }

    fn due(&self, now: Instant, tokens: u64) -> Option<Due> {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if is_due(self.token.next_due(tokens)) {
            return Some(Due::Token);
        }
        self.teams.iter().find_map(|(team, facts)| {
            let endpoint = facts.first_due(is_due)?;
            Some(Due::Of(team.clone(), endpoint))
        })
    }

    fn timing(&mut self, due: &Due) -> Option<&mut Timing> {
        match due {
            Due::Token => Some(&mut self.token.timing),
            Due::Of(team, endpoint) => {
                let facts = self.teams.get_mut(team)?;
                Some(match endpoint {
                    Endpoint::Delinquency => facts.delinquency.timing(),
                    Endpoint::Licenses => facts.licenses.timing(),
                    _ => facts.identity.timing(),
                })
            }
        }
    }

    /// Takes in what a job brought at the instant `now`, and tells whether there is something new to
    /// keep.
    pub(super) fn note(&mut self, brought: Brought, now: Timestamp, interval: Duration) -> bool {
        self.running = self.running.saturating_sub(1);
        let team = |key: &String, teams: &mut BTreeMap<String, TeamFacts>| {
            let facts = teams.remove(key)?;
            let name = facts.identity.data().map(|identity| identity.name.clone());
            Some((facts, name.unwrap_or_else(|| key.clone())))
        };
        // A team that is not there any more has no use for what is said of it.
        let (key, facts, is_new) = match brought {
            Brought::Token {
                asked_for,
                expires_in,
            } => {
                self.token.note(asked_for, expires_in, now, interval);
                return false;
            }
            Brought::Identity(key, answered) => {
                let Some((mut facts, name)) = team(&key, &mut self.teams) else {
                    return false;
                };
                let is_new = facts.identity.note(&name, answered, now, interval);
                (key, facts, is_new)
            }
            Brought::Delinquency(key, answered) => {
                let Some((mut facts, name)) = team(&key, &mut self.teams) else {
                    return false;
                };
                let is_new = facts.delinquency.note(&name, answered, now, interval);
                (key, facts, is_new)
            }
            Brought::Licenses(key, answered) => {
                let Some((mut facts, name)) = team(&key, &mut self.teams) else {
                    return false;
                };
                let is_new = facts.licenses.note(&name, answered, now, interval);
                (key, facts, is_new)
            }
        };
        self.teams.insert(key, facts);
        is_new
    }

    /// Notes that a job ended without a word.
    pub(super) fn lose(&mut self, job: task::Id) {
        let teams = self.teams.values_mut().flat_map(TeamFacts::timings);
        let mut timings = teams.chain([&mut self.token.timing]);
        if timings.any(|timing| timing.lose(job)) {
            self.running = self.running.saturating_sub(1);
        }
    }

    /// Who the team is, as it was last asked.
    pub(super) fn identity(&self, id_or_name: &str) -> Option<&Particular<Identity>> {
        self.teams.get(id_or_name)?.identity.known()
    }

    /// What is known of a team.
    pub(super) fn of(&self, id_or_name: &str) -> TeamMetadata {
        let Some(facts) = self.teams.get(id_or_name) else {
            return TeamMetadata::default();
        };
        TeamMetadata {
            identity: facts.identity.data().cloned(),
            delinquency: facts.delinquency.data().map(|delinquency| **delinquency),
            licenses: facts.licenses.data().cloned(),
        }
    }

    /// When the token expires, where Heroku has said so.
    pub(super) fn token_expiry(&self, tokens: u64) -> Option<Timestamp> {
        let is_of_this = self.token.asked_for == Some(tokens);
        self.token.expiry.filter(|_| is_of_this)
    }

    /// What is to be kept for a later run of the program.
    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        self.teams.iter().flat_map(|(team, facts)| {
            let about = || About::Team(team.clone());
            let kept = [
                facts
                    .identity
                    .kept(about())
                    .filter(|_| facts.keeps_identity),
                facts.delinquency.kept(about()),
                facts.licenses.kept(about()),
            ];
            kept.into_iter().flatten()
        })
    }
}

impl TeamFacts {
    fn restored(team: &str, kept: &mut Restored, now: Timestamp, interval: Duration) -> Self {
        fn fact<T>(
            endpoint: Endpoint,
            kept: Option<Particular<T>>,
            now: Timestamp,
            interval: Duration,
        ) -> Fact<T> {
            let mut fact = Fact::new(endpoint);
            if let Some(kept) = kept {
                fact.learn(&kept, now, interval);
            }
            fact
        }
        let about = About::Team(team.to_owned());
        let identity = kept.identities.remove(&about);
        let delinquency = kept.delinquencies.remove(&about);
        let licenses = kept.licenses.remove(&about);
        Self {
            identity: fact(Endpoint::Team, identity, now, interval),
            delinquency: fact(Endpoint::Delinquency, delinquency, now, interval),
            licenses: fact(Endpoint::Licenses, licenses, now, interval),
            keeps_identity: true,
        }
    }

    fn by_endpoint(&self) -> [(Endpoint, Option<Instant>); 3] {
        [
            (self.identity.endpoint(), self.identity.next_due()),
            (self.delinquency.endpoint(), self.delinquency.next_due()),
            (self.licenses.endpoint(), self.licenses.next_due()),
        ]
    }

    fn next_due(&self) -> impl Iterator<Item = Instant> {
        self.by_endpoint().into_iter().filter_map(|(_, due)| due)
    }

    fn first_due(&self, is_due: impl Fn(Option<Instant>) -> bool) -> Option<Endpoint> {
        let mut endpoints = self.by_endpoint().into_iter();
        let found = endpoints.find(|(_, due)| is_due(*due));
        found.map(|(endpoint, _)| endpoint)
    }

    fn timings(&mut self) -> [&mut Timing; 3] {
        [
            self.identity.timing(),
            self.delinquency.timing(),
            self.licenses.timing(),
        ]
    }
}

impl TokenFact {
    /// When it is asked next; `tokens` is how many there have been.
    fn next_due(&self, tokens: u64) -> Option<Instant> {
        let due = self.timing.next_due()?;
        match self.asked_for == Some(tokens) {
            // Another token's answer says nothing of this one.
            false => Some(due.min(self.begun)),
            true => (!self.is_answered).then_some(due),
        }
    }

    fn note(
        &mut self,
        asked_for: u64,
        expires_in: Result<Option<i64>, Error>,
        now: Timestamp,
        interval: Duration,
    ) {
        self.timing
            .note("*", Endpoint::Authorizations, &expires_in, interval);
        let expiry = |seconds| now.saturating_add(SignedDuration::from_secs(seconds)).ok();
        self.asked_for = Some(asked_for);
        self.is_answered = expires_in.is_ok();
        self.expiry = expires_in.ok().flatten().and_then(expiry);
    }
}

/// What is due.
#[derive(Clone, Debug)]
enum Due {
    Token,
    Of(String, Endpoint),
}

impl Due {
    async fn ask(self, asking: &Asking) -> Brought {
        let client = &asking.client;
        match self {
            Self::Token => {
                // Where it cannot be read, it is the last one that waits.
                let mut asked_for = asking.tokens();
                let expires_in = asking.in_time(async {
                    let (token, number) = asking.numbered_token().await?;
                    asked_for = number;
                    Ok(client.token_expires_in(&token).await?)
                });
                let expires_in = expires_in.await;
                Brought::Token {
                    asked_for,
                    expires_in,
                }
            }
            Self::Of(team, Endpoint::Delinquency) => {
                let answered = asking.in_time(async {
                    let token = asking.token().await?;
                    Ok(client.delinquency(&token, &team).await?)
                });
                let answered = answered.await;
                Brought::Delinquency(team, answered)
            }
            Self::Of(team, Endpoint::Licenses) => {
                let answered = asking.in_time(async {
                    let token = asking.token().await?;
                    Ok(client.licenses(&token, &team).await?)
                });
                let answered = answered.await;
                Brought::Licenses(team, answered)
            }
            Self::Of(team, _) => {
                let answered = asking.in_time(async {
                    let token = asking.token().await?;
                    Ok(client.team(&token, &team).await?)
                });
                let answered = answered.await;
                Brought::Identity(team, answered)
            }
        }
    }
}
