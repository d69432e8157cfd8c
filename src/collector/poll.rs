//! A polling round and the responses of its polls.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::backoff::BackoffLimits;
use super::context::PollContext;
use super::error::Error;
use super::schedule::Schedule;
use crate::store::Store;
use billing::invoice::Invoices;
use billing::month::Month;
use billing::usage::Usage;
use heroku_api::client::Conditional;
use heroku_api::enterprise::AccountUsage;
use heroku_api::team::Identity;

/// The polls in flight, each with its response and its duration.
pub(super) type PollJobs = JoinSet<(Response, Duration)>;

/// The response of a poll.
#[derive(Debug)]
pub(super) enum Response {
    TeamInvoices(Result<Conditional<Invoices>, Error>),
    TeamUsage(Result<Conditional<Usage>, Error>),
    /// No request was sent, because a polled enterprise account reports the team's usage.
    UsageFromAccount,
    Teams(Result<Conditional<Vec<Identity>>, Error>),
    AccountUsage(Result<Conditional<AccountUsage>, Error>),
    PersonalInvoices(Result<Conditional<Invoices>, Error>),
}

/// The circumstances of a completed poll.
#[derive(Clone, Copy, Debug)]
pub(super) struct Completion<'a> {
    /// When the response arrived.
    pub(super) now: Timestamp,
    /// The duration of the poll.
    pub(super) duration: Duration,
    pub(super) limits: BackoffLimits,
    /// Whether this poll is the only one, so that nothing can confirm its response.
    pub(super) is_single: bool,
    /// The store to write the response to.
    pub(super) store: &'a Store,
}

/// A pass over all schedules that starts the polls that are due.
pub(super) struct PollRound<'a> {
    pub(super) jobs: &'a mut PollJobs,
    pub(super) context: &'a Arc<PollContext>,
    pub(super) now: Timestamp,
    /// Whether to skip endpoints that were polled before.
    pub(super) first_polls_only: bool,
    /// The ids or names of enterprise accounts that report the usage of their teams.
    pub(super) accounts: Arc<[String]>,
}

impl PollRound<'_> {
    /// Returns the current month.
    pub(super) fn month(&self) -> Month {
        Month::at(self.now)
    }

    /// Returns whether a poll is due in this round.
    pub(super) fn is_due(&self, schedule: &Schedule) -> bool {
        schedule.is_due(Instant::now(), self.now)
            && !(self.first_polls_only && schedule.was_started())
    }

    /// Starts a poll.
    pub(super) fn start(
        &mut self,
        schedule: &mut Schedule,
        poll: impl Future<Output = Response> + Send + 'static,
    ) {
        let context = Arc::clone(self.context);
        let job = self.jobs.spawn(async move {
            // Fails only if the semaphore is closed, which does not happen.
            let _permit = context.permits.acquire().await;
            let started = Instant::now();
            (poll.await, started.elapsed())
        });
        schedule.start(job.id(), Some(self.month()));
    }
}
