//! The state of a polled endpoint: its last response, its schedule and its log lines.

use super::error::{Error, chain};
use super::poll::Completion;
use super::schedule::Schedule;
use crate::collector::state::{Entry, LoadedResponse, Subject};
use crate::snapshot::{EndpointStatus, Failure, FailureReason, PollResult};
use heroku_api::client::{Conditional, Validator};
use heroku_api::skipped::Skipped;
use heroku_api::stats::Endpoint;

/// The state of a polled endpoint.
#[derive(Debug)]
pub(super) struct EndpointState<T> {
    pub(super) status: EndpointStatus<T>,
    pub(super) schedule: Schedule,
    /// The validator of the last success, for a conditional request.
    validator: Option<Validator>,
    /// The raw pages of the last success, if there is a state file.
    pages: Vec<String>,
}

/// The results of earlier polls that the next poll depends on.
#[derive(Clone, Debug)]
pub(super) struct PollHistory {
    /// The validator of the last success, for a conditional request.
    pub(super) validator: Option<Validator>,
    /// Whether a poll has ever succeeded. If not, the endpoint may not be available.
    pub(super) has_succeeded: bool,
}

impl<T: PartialEq> EndpointState<T> {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            status: EndpointStatus::default(),
            schedule: Schedule::new(endpoint),
            validator: None,
            pages: Vec::new(),
        }
    }

    /// Restores the response in the state file.
    pub(super) fn restore(&mut self, loaded: Option<LoadedResponse<T>>) {
        let Some(loaded) = loaded else { return };
        self.status.last_success = Some(loaded.success);
        self.validator = loaded.validator;
        self.pages = loaded.pages;
        self.status.stats.skipped = loaded.skipped;
    }

    /// Returns the entry for the state file.
    pub(super) fn entry(&self, subject: Subject) -> Option<Entry<'_>> {
        let success = self.status.last_success.as_ref()?;
        Some(Entry {
            subject,
            endpoint: self.schedule.endpoint.as_str().into(),
            at: success.at,
            changed_at: success.changed_at,
            validator: self.validator.as_ref().map(std::borrow::Cow::Borrowed),
            pages: (&self.pages).into(),
        })
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

    /// Returns whether all rows of the last success were decoded.
    pub(super) fn is_complete(&self) -> bool {
        self.status.stats.skipped.rows.count == 0
    }

    /// Records the result of a poll. Returns whether there is something new to save.
    pub(super) fn record(
        &mut self,
        team: &str,
        result: Result<Conditional<T>, Error>,
        completion: Completion,
    ) -> bool {
        let Completion { now, duration, .. } = completion;
        let endpoint = self.schedule.endpoint.as_str();
        let result = match result {
            Ok(Conditional::NotModified) => PollResult::NotModified,
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
                self.pages = if completion.keep_pages {
                    response.pages
                } else {
                    Vec::new()
                };
                PollResult::Success {
                    data: response.data,
                    skipped,
                }
            }
            Err(error) => {
                let failures = self.schedule.consecutive_failures();
                let retry = completion.limits.poll_retry(&error, failures);
                self.schedule.fail(retry);
                let (reason, message) = (error.reason(), chain(&error));
                let retry_in_seconds = retry.as_secs_f64().round();
                if reason != FailureReason::NotAvailable {
                    tracing::warn!(
                        team,
                        endpoint,
                        reason = reason.as_str(),
                        error = message,
                        retry_in_seconds,
                        "poll failed"
                    );
                } else if self.status.is_available() {
                    // Logged once, because the state is usually permanent.
                    tracing::info!(
                        team,
                        endpoint,
                        reason = reason.as_str(),
                        error = message,
                        retry_in_seconds,
                        "endpoint not available"
                    );
                }
                let failure = PollResult::Failed(Failure { reason, message });
                self.status.record(failure, now, duration);
                return false;
            }
        };
        self.schedule.succeed(completion.limits.interval);
        self.status.record(result, now, duration);
        tracing::info!(team, endpoint, "poll succeeded");
        true
    }
}
