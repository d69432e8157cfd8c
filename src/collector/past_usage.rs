//! Requests for the usage of past months: one ranged request for each team and enterprise account.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task;

use super::backoff::BackoffLimits;
use super::context::PollContext;
use super::error::{Error, chain};
use super::schedule::Schedule;
use crate::store::{Key, Loaded, PastUsage, Store};
use billing::month::Month;
use heroku_api::stats::Endpoint;

/// The number of closed months that Heroku reports.
const MONTHS: usize = 12;

/// A team or an enterprise account with known usage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PastUsageTarget {
    /// A team that is polled.
    Team(Key),
    /// An enterprise account that reports the usage of its teams.
    EnterpriseAccount(Key),
}

/// The requests by the id, or by the name while the id is unknown.
#[derive(Debug, Default)]
pub(super) struct PastUsageRequests {
    requests: BTreeMap<String, Request>,
}

#[derive(Debug)]
struct Request {
    target: PastUsageTarget,
    schedule: Schedule,
    is_done: bool,
}

impl PastUsageTarget {
    fn key(&self) -> &Key {
        match self {
            Self::Team(key) | Self::EnterpriseAccount(key) => key,
        }
    }

    fn id_or_name(&self) -> &str {
        let key = self.key();
        key.id.as_deref().unwrap_or(&key.name)
    }

    /// Returns whether the usage of past months is stored, without a gap up to the stored usage of the
    /// current and the previous month.
    fn is_stored(&self, loaded: &mut Loaded, now: Timestamp) -> bool {
        let times = match self {
            Self::Team(_) => loaded
                .team(self.id_or_name())
                .map(|team| (team.past_usage_at, team.usage_at)),
            Self::EnterpriseAccount(_) => loaded
                .account(self.id_or_name())
                .map(|account| (account.past_usage_at, account.usage_at)),
        };
        let Some((Some(_), Some(usage_at))) = times else {
            return false;
        };
        Month::at(usage_at) >= Month::at(now).previous()
    }
}

impl PastUsageRequests {
    /// Adds the requests for new targets, unless the store has their past usage.
    pub(super) fn add(
        &mut self,
        targets: Vec<PastUsageTarget>,
        loaded: &mut Loaded,
        now: Timestamp,
    ) {
        for target in targets {
            let id_or_name = target.id_or_name().to_owned();
            self.requests.entry(id_or_name).or_insert_with(|| Request {
                is_done: target.is_stored(loaded, now),
                schedule: Schedule::new(Endpoint::PastUsage),
                target,
            });
        }
    }

    /// Returns the targets whose past usage is not stored.
    pub(super) fn pending(&self) -> impl Iterator<Item = &PastUsageTarget> {
        let pending = self.requests.values().filter(|request| !request.is_done);
        pending.map(|request| &request.target)
    }

    pub(super) fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        let pending = self.requests.values().filter(|request| !request.is_done);
        pending.map(|request| &request.schedule)
    }

    pub(super) fn schedules_mut(&mut self) -> impl Iterator<Item = &mut Schedule> {
        self.requests
            .values_mut()
            .map(|request| &mut request.schedule)
    }

    /// Returns a request that is due, to be started.
    pub(super) fn next(
        &mut self,
        is_due: impl Fn(&Schedule) -> bool,
    ) -> Option<(PastUsageTarget, &mut Schedule)> {
        let mut pending = self.requests.values_mut();
        let request = pending.find(|request| !request.is_done && is_due(&request.schedule))?;
        Some((request.target.clone(), &mut request.schedule))
    }

    /// Records the result of `job`, also in the store. Returns whether there is something new.
    pub(super) fn record(
        &mut self,
        job: task::Id,
        result: Result<PastUsage, Error>,
        now: Timestamp,
        limits: BackoffLimits,
        store: &Store,
    ) -> bool {
        let mut requests = self.requests.values_mut();
        let Some(request) = requests.find(|request| request.schedule.is_running(job)) else {
            return false;
        };
        let team = request.target.key().name.as_str();
        match result {
            Ok(usage) => {
                request.is_done = true;
                request.schedule.succeed(limits.metadata_refresh());
                tracing::info!(team, "past usage request succeeded");
                store.write_past_usage(usage, now);
                true
            }
            Err(error) => {
                let retry = limits.metadata_retry(error.is_denial());
                tracing::info!(
                    team,
                    reason = error.reason().as_str(),
                    error = chain(&error),
                    retry_in_seconds = retry.as_secs(),
                    "past usage request failed"
                );
                request.schedule.fail(retry);
                false
            }
        }
    }
}

/// Logs that past usage cannot be requested.
pub(super) fn warn(target: &PastUsageTarget, error: &Error) {
    let team = target.key().name.as_str();
    tracing::error!(
        team,
        reason = error.reason().as_str(),
        error = chain(error),
        "past usage request failed"
    );
}

/// Fetches the usage of the closed months before `now`.
pub(super) async fn fetch(
    context: Arc<PollContext>,
    target: PastUsageTarget,
    now: Timestamp,
) -> Result<PastUsage, Error> {
    let last = Month::at(now).previous();
    let mut months = std::iter::successors(Some(last), |month| Some(month.previous()));
    let first = months.nth(MONTHS - 1).unwrap_or(last);
    let (client, months) = (&context.client, (first, last));
    context
        .with_token(async |token| match &target {
            PastUsageTarget::Team(key) => {
                let usage = client.past_usage(&token, target.id_or_name(), months);
                Ok(PastUsage::Team(key.clone(), usage.await?.data))
            }
            PastUsageTarget::EnterpriseAccount(key) => {
                let usage = client.past_account_usage(&token, target.id_or_name(), months);
                Ok(PastUsage::EnterpriseAccount(key.clone(), usage.await?.data))
            }
        })
        .await
}
