//! What is polled: a team, the list of teams, an enterprise account, or the personal account.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task;
use tokio::time::Instant;

use super::account::{self, AccountState};
use super::asked_team;
use super::asking::Asking;
use super::endpoint::{Before, Noted, Slot};
use super::error::Error;
use super::listing::{self, Listing};
use super::personal::{self, PersonalAccount};
use super::team::TeamState;
use crate::collector::state::{Kept, Restored};
use crate::snapshot::FailureReason;
use billing::invoice::Invoices;
use billing::month::Month;
use billing::usage::Usage;
use heroku_api::client::Conditional;
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::Endpoint;
use heroku_api::team::Identity;

/// One of the things that are polled, with what is known of it.
#[derive(Debug)]
pub(super) enum Source {
    Team(Box<TeamState>),
    Listing(Listing),
    Account(AccountState),
    Personal(PersonalAccount),
}

/// What is to be asked.
#[derive(Debug)]
pub(super) enum Question {
    Team(Box<asked_team::Question>),
    Listing(Before),
    Account(account::Question),
    Personal(Before),
}

/// What an endpoint answered.
#[derive(Debug)]
pub(super) enum Answered {
    Invoices(Result<Conditional<Invoices>, Error>),
    Usage(Result<Conditional<Usage>, Error>),
    /// The team was not asked, because an enterprise account that is asked tells its usage.
    UsageToldByAccount,
    Teams(Result<Conditional<Vec<Identity>>, Error>),
    AccountUsage(Result<Conditional<AccountUsage>, Error>),
}

impl Source {
    /// Its endpoints with their schedules.
    pub(super) fn slots(&mut self) -> Vec<Slot<'_>> {
        match self {
            Self::Team(team) => team.slots().into(),
            Self::Listing(listing) => vec![listing.slot()],
            Self::Account(account) => vec![account.slot()],
            Self::Personal(personal) => vec![personal.slot()],
        }
    }

    /// How many of its endpoints are asked.
    pub(super) fn endpoints_asked(&self) -> usize {
        match self {
            Self::Team(team) => team.endpoints_asked(),
            Self::Listing(_) | Self::Account(_) | Self::Personal(_) => 1,
        }
    }

    /// The endpoints that it is time to ask. `settled_month` is the month whose figures Heroku can be
    /// expected to have begun; with `only_new`, those alone that have never been asked.
    pub(super) fn due(
        &mut self,
        now: Instant,
        settled_month: Month,
        only_new: bool,
    ) -> Vec<Endpoint> {
        let slots = self.slots().into_iter();
        let due = slots.filter(|slot| {
            let schedule = &slot.schedule;
            let is_meant = slot.is_wanted && !(only_new && schedule.was_started());
            is_meant && schedule.is_due(now, settled_month)
        });
        due.map(|slot| slot.endpoint).collect()
    }

    /// Notes that `job` asks an endpoint, in `month`.
    pub(super) fn start(&mut self, endpoint: Endpoint, job: task::Id, month: Month) {
        for slot in self.slots() {
            if slot.endpoint == endpoint {
                slot.schedule.start(job, month);
            }
        }
    }

    /// Whether all that is asked of it has been tried once, whatever came of it.
    pub(super) fn is_tried(&self) -> bool {
        match self {
            Self::Team(team) => team.is_tried(),
            Self::Listing(listing) => listing.known().record.polls > 0,
            Self::Account(account) => account.known().usage.record.polls > 0,
            Self::Personal(personal) => personal.known().invoices.record.polls > 0,
        }
    }

    /// When one of its endpoints is asked next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        match self {
            Self::Team(team) => team.next_due(),
            Self::Listing(listing) => listing.next_due(),
            Self::Account(account) => account.next_due(),
            Self::Personal(personal) => personal.next_due(),
        }
    }

    /// What to ask an endpoint in `month`, at the instant `now`. `accounts` tell the usage of their
    /// teams.
    pub(super) fn question(
        &self,
        endpoint: Endpoint,
        month: Month,
        now: Timestamp,
        accounts: &Arc<[String]>,
    ) -> Question {
        match self {
            Self::Team(team) => {
                let question = team.question(endpoint, month, now, Arc::clone(accounts));
                Question::Team(Box::new(question))
            }
            Self::Listing(listing) => Question::Listing(listing.question()),
            Self::Account(account) => Question::Account(account.question(month, now)),
            Self::Personal(personal) => Question::Personal(personal.question()),
        }
    }

    /// Takes in what an endpoint answered, and tells whether there is something new to keep.
    pub(super) fn note(&mut self, answered: Answered, context: Noted) -> bool {
        match (self, answered) {
            (Self::Team(team), answered) => team.note(answered, context),
            (Self::Listing(listing), Answered::Teams(fetched)) => listing.note(fetched, context),
            (Self::Account(account), Answered::AccountUsage(fetched)) => {
                account.note(fetched, context)
            }
            (Self::Personal(personal), Answered::Invoices(fetched)) => {
                personal.note(fetched, context)
            }
            // A source gets the answers to its own questions only.
            _ => false,
        }
    }

    /// Takes in what an earlier run of the program kept.
    pub(super) fn restore(&mut self, kept: &mut Restored) {
        match self {
            Self::Team(team) => team.restore(kept),
            Self::Listing(listing) => listing.restore(kept),
            Self::Account(account) => account.restore(kept),
            Self::Personal(personal) => personal.restore(kept),
        }
    }

    /// What is to be kept for a later run of the program.
    pub(super) fn kept(&self) -> Vec<Kept<'_>> {
        match self {
            Self::Team(team) => team.kept().collect(),
            Self::Listing(listing) => listing.kept().into_iter().collect(),
            Self::Account(account) => account.kept().collect(),
            Self::Personal(personal) => personal.kept().into_iter().collect(),
        }
    }
}

impl Question {
    /// Asks it.
    pub(super) async fn ask(self, asking: &Asking) -> Answered {
        match self {
            Self::Team(question) => question.ask(asking).await,
            Self::Listing(before) => listing::ask(before, asking).await,
            Self::Account(question) => question.ask(asking).await,
            Self::Personal(before) => personal::ask(before, asking).await,
        }
    }
}

impl Answered {
    /// Whether the team that was asked for may be there no more. One that does not have what was
    /// asked for is.
    pub(super) fn is_gone(&self) -> bool {
        let error = match self {
            Self::Invoices(fetched) => fetched.as_ref().err(),
            Self::Usage(fetched) => fetched.as_ref().err(),
            Self::UsageToldByAccount | Self::Teams(_) | Self::AccountUsage(_) => None,
        };
        error.is_some_and(|error| {
            error.is_absence() && error.reason() != FailureReason::NotAvailable
        })
    }
}
