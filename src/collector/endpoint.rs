//! The state of a polled endpoint: its last response, its schedule and its log lines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::error::{CONFIRMING_DENIALS, Error, chain};
use super::poll::Completion;
use super::schedule::Schedule;
use crate::snapshot::{EndpointStatus, Failure, FailureReason, LastSuccess, PollResult};
use crate::store::{Answer, Data, LoadedAnswer, Store, Subject};
use billing::invoice::Invoices;
use billing::month::Month;
use billing::usage::{MonthlyUsage, Usage};
use heroku_api::client::{Conditional, Validator};
use heroku_api::enterprise::AccountUsage;
use heroku_api::skipped::Skipped;
use heroku_api::stats::Endpoint;
use heroku_api::team::Identity;

/// The minimum time between the first and the last of these denials.
const CONFIRMATION_TIME: Duration = Duration::from_secs(10);

/// The state of a polled endpoint.
#[derive(Debug)]
pub(super) struct EndpointState<T> {
    pub(super) status: EndpointStatus<T>,
    pub(super) schedule: Schedule,
    /// The validator of the last success, for a conditional request.
    validator: Option<Validator>,
    /// The denials since the last success.
    denials: Option<Denials>,
}

/// Consecutive responses that deny that the endpoint exists or is accessible.
#[derive(Debug)]
struct Denials {
    count: u32,
    since: Instant,
    is_confirmed: bool,
}

/// The data of an endpoint, which an empty list may replace by mistake.
pub(super) trait PolledData: PartialEq {
    /// Returns whether a list is empty that was not empty in `previous`.
    fn is_emptied_since(&self, previous: &Self) -> bool;
}

impl PolledData for Invoices {
    fn is_emptied_since(&self, previous: &Self) -> bool {
        self.is_empty() && !previous.is_empty()
    }
}

impl PolledData for Usage {
    fn is_emptied_since(&self, previous: &Self) -> bool {
        let is_emptied = self.months.is_empty() && !previous.months.is_empty();
        let has_lost_apps = |(month, after): (&Month, &MonthlyUsage)| {
            let before = previous.months.get(month);
            let had_apps = before.is_some_and(|before| before.known_apps().len() > 0);
            had_apps && after.apps.as_ref().is_some_and(BTreeMap::is_empty)
        };
        is_emptied || self.months.iter().any(has_lost_apps)
    }
}

impl PolledData for AccountUsage {
    fn is_emptied_since(&self, previous: &Self) -> bool {
        let mut teams = self.teams.iter();
        (self.teams.is_empty() && !previous.teams.is_empty())
            || teams.any(|(key, team)| {
                let before = previous.teams.get(key);
                before.is_some_and(|before| team.usage.is_emptied_since(&before.usage))
            })
    }
}

impl PolledData for Vec<Identity> {
    fn is_emptied_since(&self, previous: &Self) -> bool {
        self.is_empty() && !previous.is_empty()
    }
}

/// The results of earlier polls that the next poll depends on.
#[derive(Clone, Debug)]
pub(super) struct PollHistory {
    /// The validator of the last success, for a conditional request.
    pub(super) validator: Option<Validator>,
    /// Whether a poll has ever succeeded. If not, the endpoint may not be available.
    pub(super) has_succeeded: bool,
}

impl<T: PolledData> EndpointState<T>
where
    Data: From<Arc<T>>,
{
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            status: EndpointStatus::default(),
            schedule: Schedule::new(endpoint),
            validator: None,
            denials: None,
        }
    }

    /// Restores the stored response.
    pub(super) fn restore(&mut self, loaded: Option<LoadedAnswer<T>>) {
        let Some(loaded) = loaded else { return };
        self.status.last_success = Some(LastSuccess {
            data: Arc::new(loaded.data),
            at: loaded.at,
            changed_at: loaded.changed_at,
        });
        self.validator = loaded.validator;
        self.status.stats.skipped = loaded.skipped;
    }

    pub(super) fn history(&self) -> PollHistory {
        PollHistory {
            validator: self.validator.clone(),
            has_succeeded: self.has_succeeded(),
        }
    }

    pub(super) fn has_succeeded(&self) -> bool {
        self.status.last_success.is_some()
    }

    /// Returns whether Heroku has denied the endpoint often enough to believe it.
    pub(super) fn is_denied(&self) -> bool {
        self.denials
            .as_ref()
            .is_some_and(|denials| denials.is_confirmed)
    }

    /// Counts a denial. Until it is confirmed, the endpoint may be available. Returns the failure
    /// and whether it must be confirmed.
    fn weigh(&mut self, error: Error, is_single: bool) -> (Error, bool) {
        if !error.is_denial() {
            return (error, false);
        }
        let denials = self.denials.get_or_insert_with(|| Denials {
            count: 0,
            since: Instant::now(),
            is_confirmed: is_single,
        });
        denials.count += 1;
        let is_enough = denials.count >= CONFIRMING_DENIALS;
        denials.is_confirmed |= is_enough && denials.since.elapsed() >= CONFIRMATION_TIME;
        match error {
            Error::NotAvailable(denial) if !denials.is_confirmed => (*denial, true),
            error => (error, false),
        }
    }

    /// Returns whether a response must be confirmed by the next poll before it is believed.
    fn is_doubtful(&self, data: &T) -> bool {
        let previous = self.status.data();
        !self.status.stats.is_empty_unconfirmed
            && previous.is_some_and(|previous| data.is_emptied_since(previous))
    }

    /// Returns whether all rows of the last success were decoded.
    pub(super) fn is_complete(&self) -> bool {
        self.status.stats.skipped.rows.count == 0
    }

    /// Records the result of a poll, also in the store. Returns whether the poll succeeded.
    pub(super) fn record(
        &mut self,
        team: &str,
        subject: Subject,
        result: Result<Conditional<T>, Error>,
        completion: Completion<'_>,
    ) -> bool {
        let Completion { now, duration, .. } = completion;
        let previous = self.status.last_success.clone();
        let endpoint = self.schedule.endpoint.as_str();
        let result = match result {
            Ok(Conditional::NotModified) => PollResult::NotModified,
            Ok(Conditional::Modified(response)) if self.is_doubtful(&response.data) => {
                tracing::warn!(
                    team,
                    endpoint,
                    "empty response, keeping previous data until the next poll"
                );
                PollResult::EmptyUnconfirmed
            }
            Ok(Conditional::Modified(response)) => {
                let skipped = response.skipped;
                let Skipped { rows, fields } = &skipped;
                // Logged once, not at every poll.
                let previous = &self.status.stats.skipped;
                if let Some(error) = rows.first_error.as_ref().filter(|_| previous.rows != *rows) {
                    let rows = rows.count;
                    tracing::warn!(team, endpoint, rows, error, "undecodable rows skipped");
                }
                if let Some(error) = fields
                    .first_error
                    .as_ref()
                    .filter(|_| previous.fields != *fields)
                {
                    let fields = fields.count;
                    tracing::warn!(team, endpoint, fields, error, "undecodable fields skipped");
                }
                self.validator = response.validator;
                PollResult::Success {
                    data: response.data,
                    skipped,
                }
            }
            Err(error) => {
                let (error, is_unconfirmed) = self.weigh(error, completion.is_single);
                let failures = self.schedule.consecutive_failures();
                let retry = if is_unconfirmed {
                    completion.limits.confirmation_retry()
                } else {
                    completion.limits.poll_retry(&error, failures)
                };
                self.schedule.fail(retry);
                let (reason, message) = (error.reason(), chain(&error));
                let retry_in_seconds = retry.as_secs_f64().round();
                let is_unavailable = reason == FailureReason::NotAvailable;
                if is_unconfirmed || (is_unavailable && self.status.is_available()) {
                    // Logged at this level because the state is usually permanent, and only once.
                    let event = match is_unavailable {
                        true => "endpoint not available",
                        false => "endpoint denied, retrying",
                    };
                    tracing::info!(
                        team,
                        endpoint,
                        reason = reason.as_str(),
                        error = message,
                        retry_in_seconds,
                        "{event}"
                    );
                } else if !is_unavailable {
                    tracing::warn!(
                        team,
                        endpoint,
                        reason = reason.as_str(),
                        error = message,
                        retry_in_seconds,
                        "poll failed"
                    );
                }
                let failure = PollResult::Failed(Failure { reason, message });
                self.status.record(failure, now, duration);
                return false;
            }
        };
        self.denials = None;
        self.schedule.succeed(completion.limits.interval);
        self.status.record(result, now, duration);
        self.store(subject, previous, completion.store);
        tracing::info!(team, endpoint, "poll succeeded");
        true
    }

    /// Writes the last success to the store, after the success `previous`.
    fn store(&self, subject: Subject, previous: Option<LastSuccess<T>>, store: &Store) {
        let Some(success) = &self.status.last_success else {
            return;
        };
        let endpoint = self.schedule.endpoint;
        let is_same = |previous: &LastSuccess<T>| Arc::ptr_eq(&previous.data, &success.data);
        if previous.as_ref().is_some_and(is_same) {
            store.confirm(subject, endpoint, success.at, self.validator.clone());
        } else {
            store.write(Answer {
                subject,
                endpoint,
                at: success.at,
                changed_at: success.changed_at,
                validator: self.validator.clone(),
                skipped: self.status.stats.skipped.clone(),
                data: Some(Arc::clone(&success.data).into()),
            });
        }
    }
}
