//! Everything that is known at one moment: what a poll makes and what a scrape shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::invoice::Invoices;
use super::usage::Usage;

/// What is known of every team. Swapped whole, never changed in place, so that nobody sees half an
/// update.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    teams: Vec<Team>,
    several: bool,
}

/// What is known of one team.
#[derive(Clone, Debug)]
pub struct Team {
    /// The id, where it is known.
    pub id: Option<String>,
    /// The name to call the team by in labels and logs; unique within a Snapshot.
    pub name: String,
    /// Its invoices.
    pub invoices: Outcome<Invoices>,
    /// Its usage.
    pub usage: Outcome<Usage>,
}

/// What came of asking one endpoint for one team.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The last answer that could be understood. It stays while later polls fail.
    pub last_good: Option<Good<T>>,
    /// Why the last poll failed; `None` after a success and before the first poll.
    pub failure: Option<Failure>,
}

/// A poll that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The closed word for it.
    pub reason: Reason,
    /// What happened, in a line for a person; never holds a token.
    pub message: String,
}

/// An answer that could be understood, and when it came.
#[derive(Debug)]
pub struct Good<T> {
    /// The answer, shared with the poll that made it.
    pub data: Arc<T>,
    /// When it came.
    pub at: Timestamp,
}

// Written out because a derive would ask that `T` be cloned, which an `Arc` does not need.
impl<T> Clone for Outcome<T> {
    fn clone(&self) -> Self {
        Self {
            last_good: self.last_good.clone(),
            failure: self.failure.clone(),
        }
    }
}

impl<T> Clone for Good<T> {
    fn clone(&self) -> Self {
        Self {
            data: Arc::clone(&self.data),
            at: self.at,
        }
    }
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self {
            last_good: None,
            failure: None,
        }
    }
}

impl<T> Outcome<T> {
    /// The last answer that could be understood.
    pub fn data(&self) -> Option<&T> {
        self.last_good.as_ref().map(|good| &*good.data)
    }

    /// Notes what came of asking at `now`. A failure keeps what is known; a success forgets the
    /// failure.
    pub fn note(&mut self, answer: Result<T, Failure>, now: Timestamp) {
        match answer {
            Ok(data) => {
                *self = Self {
                    last_good: Some(Good {
                        data: Arc::new(data),
                        at: now,
                    }),
                    failure: None,
                }
            }
            Err(failure) => self.failure = Some(failure),
        }
    }
}

/// Why a poll failed: one closed list of words for logs, metrics and documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The token is not valid (401).
    Unauthorized,
    /// The account is delinquent (402).
    PaymentRequired,
    /// The token may not see this, or the team has no such endpoint (403).
    Forbidden,
    /// There is no such team, or no data for it (404).
    NotFound,
    /// Heroku's rate limit is used up (429).
    RateLimited,
    /// Heroku failed (5xx).
    ServerError,
    /// Heroku answered with a status that fits no other reason.
    UnexpectedStatus,
    /// Heroku could not be reached, or the connection broke.
    Network,
    /// The answer did not come in time.
    Timeout,
    /// The answer could not be understood.
    Malformed,
    /// The answer is larger than any that Heroku would give.
    TooLarge,
}

impl Reason {
    /// The word for it in logs, metrics and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::PaymentRequired => "payment_required",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::UnexpectedStatus => "unexpected_status",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
        }
    }

    /// What a person can do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "Heroku refused the token: make one with `heroku authorizations:create` and set HEROKU_API_KEY to it."
            }
            Self::PaymentRequired => "The account is delinquent: settle its bill with Heroku.",
            Self::Forbidden => {
                "The token's owner needs the team's Billing permission (or to be its admin); \
                 an enterprise team has no invoices, and a card-paying one may have no usage."
            }
            Self::NotFound => {
                "Heroku knows no team of this name or id, or has no data for it: `heroku teams` lists what the token sees."
            }
            Self::RateLimited => {
                "The account's rate limit is used up, by this program or by others: it refills by itself."
            }
            Self::ServerError => {
                "Heroku has a fault: https://status.heroku.com tells more. It is asked again."
            }
            Self::UnexpectedStatus => {
                "This is not how Heroku answers: check the API's address and any proxy on the way."
            }
            Self::Network => {
                "Check the network, the API's address, the proxy (HTTPS_PROXY) and the certificates (SSL_CERT_FILE)."
            }
            Self::Timeout => "Heroku or the network is slow. It is asked again.",
            Self::Malformed => {
                "This is not how Heroku answers: check the API's address and any proxy on the way."
            }
            Self::TooLarge => {
                "This is not how Heroku answers: check the API's address and any proxy on the way."
            }
        }
    }
}

impl Snapshot {
    /// Puts teams together. `several` says whether more than one was asked for, which does not
    /// change with what Heroku answers: labels that come and go would break every query.
    ///
    /// A team that was asked for twice, once by name and once by id, is kept once. Two teams that
    /// share a name are told apart by their ids: a label set must not stand twice in a scrape.
    pub fn new(teams: Vec<Team>, several: bool) -> Self {
        let mut ids = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut kept: Vec<Team> = Vec::with_capacity(teams.len());
        for mut team in teams {
            if team.id.as_ref().is_some_and(|id| !ids.insert(id.clone())) {
                continue;
            }
            if !names.insert(team.name.clone()) {
                let Some(id) = &team.id else { continue };
                team.name = format!("{} ({id})", team.name);
                names.insert(team.name.clone());
            }
            kept.push(team);
        }
        Self {
            teams: kept,
            several,
        }
    }

    /// The teams, in the order in which they were asked for.
    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    /// Whether more than one team was asked for.
    pub fn several_teams(&self) -> bool {
        self.several
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(id: Option<&str>, name: &str) -> Team {
        Team {
            id: id.map(Into::into),
            name: name.into(),
            invoices: Outcome::default(),
            usage: Outcome::default(),
        }
    }

    #[test]
    fn every_team_stands_once_and_under_a_name_of_its_own() {
        let teams = vec![
            team(Some("1"), "ops"),
            team(Some("1"), "ops"),
            team(Some("2"), "ops"),
            team(None, "ops"),
            team(None, "web"),
        ];
        let snapshot = Snapshot::new(teams, true);
        let names: Vec<_> = snapshot.teams().iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["ops", "ops (2)", "web"]);
    }

    #[test]
    fn a_failure_keeps_what_is_known_and_a_success_forgets_the_failure() {
        let mut outcome = Outcome::default();
        outcome.note(Ok(1), Timestamp::UNIX_EPOCH);
        let failure = Failure {
            reason: Reason::Timeout,
            message: "late".into(),
        };
        outcome.note(Err(failure.clone()), Timestamp::UNIX_EPOCH);
        assert_eq!(
            (outcome.data(), outcome.failure.as_ref()),
            (Some(&1), Some(&failure))
        );
        outcome.note(Ok(2), Timestamp::UNIX_EPOCH);
        assert_eq!((outcome.data(), outcome.failure.as_ref()), (Some(&2), None));
    }
}
