//! One endpoint as it is polled: what is known of it, when it is asked, and what is said of it in the
//! log.

use std::time::Duration;

use jiff::Timestamp;

use super::error::Error;
use super::schedule::{Pauses, Schedule};
use crate::collector::state::{About, Kept, RestoredAnswer};
use crate::snapshot::FailureReason;
use crate::snapshot::{EndpointStatus, Failure, PollResult};
use heroku_api::client::{Conditional, Decoded, Validator};
use heroku_api::stats::Endpoint;

/// One endpoint.
#[derive(Debug)]
pub(super) struct EndpointState<T> {
    endpoint: Endpoint,
    pub(super) outcome: EndpointStatus<T>,
    pub(super) schedule: Schedule,
    /// By what to ask whether the last good answer still stands.
    validator: Option<Validator>,
    /// The last good answer as Heroku sent it, where it is kept.
    pages: Vec<String>,
    /// What was left out of the last answer, so that it is said once and not every hour.
    left_out: Vec<String>,
}

/// What a poll has to know of the answers before it.
#[derive(Clone, Debug)]
pub(super) struct Before {
    /// By what to ask whether the last one still stands.
    pub(super) validator: Option<Validator>,
    /// Whether there was one: then its absence is a failure, and not the rule.
    pub(super) was_answered: bool,
}

/// One endpoint with its schedule.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) schedule: &'a mut Schedule,
    /// Whether it is asked at all.
    pub(super) is_wanted: bool,
}

impl<T: PartialEq> EndpointState<T> {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            outcome: EndpointStatus::default(),
            schedule: Schedule::new(),
            validator: None,
            pages: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Takes in what an earlier run of the program kept.
    pub(super) fn restore(&mut self, kept: Option<RestoredAnswer<T>>) {
        let Some(kept) = kept else { return };
        self.outcome.last_good = Some(kept.good);
        self.validator = kept.validator;
        self.pages = kept.pages;
        self.outcome.record.rows_left_out = kept.left_out.len() as u64;
        self.left_out = kept.left_out;
    }

    /// What is to be kept for a later run of the program.
    pub(super) fn kept<'a>(&'a self, about: About) -> Option<Kept<'a>> {
        let good = self.outcome.last_good.as_ref()?;
        Some(Kept {
            about,
            endpoint: self.endpoint,
            at: good.at,
            changed_at: good.changed_at,
            validator: self.validator.as_ref(),
            pages: &self.pages,
        })
    }

    pub(super) fn before(&self) -> Before {
        Before {
            validator: self.validator.clone(),
            was_answered: self.was_answered(),
        }
    }

    pub(super) fn was_answered(&self) -> bool {
        self.outcome.last_good.is_some()
    }

    /// Whether the last answer was understood in all its rows.
    pub(super) fn is_whole(&self) -> bool {
        self.left_out.is_empty()
    }

    pub(super) fn slot(&mut self) -> Slot<'_> {
        Slot {
            endpoint: self.endpoint,
            schedule: &mut self.schedule,
            is_wanted: true,
        }
    }

    /// Takes in what was answered: into the outcome, the schedule and the log. Tells whether there is
    /// something new to keep.
    pub(super) fn note(
        &mut self,
        name: &str,
        fetched: Result<Conditional<T>, Error>,
        context: Noted,
    ) -> bool {
        let Noted {
            now,
            took,
            pauses,
            keep,
        } = context;
        let (team, endpoint) = (name, self.endpoint.as_str());
        let was_available = self.outcome.is_available();
        let polled = match fetched {
            Ok(Conditional::NotModified) => PollResult::Unchanged,
            Ok(Conditional::Modified(answer)) => {
                let Decoded {
                    data,
                    left_out,
                    pages,
                    validator,
                } = answer;
                if let Some(first) = left_out.first().filter(|_| self.left_out != left_out) {
                    let rows = left_out.len();
                    tracing::warn!(
                        team,
                        endpoint,
                        rows,
                        first,
                        "rows that could not be understood are left out"
                    );
                }
                let rows_left_out = left_out.len() as u64;
                self.left_out = left_out;
                self.validator = validator;
                self.pages = if keep { pages } else { Vec::new() };
                PollResult::Answer {
                    data,
                    rows_left_out,
                }
            }
            Err(error) => {
                let pause = self.schedule.fail(&error, pauses);
                let (reason, message) = (error.reason(), chain(&error));
                let ask_again_in_seconds = pause.as_secs_f64().round();
                if reason == FailureReason::NotAvailable {
                    // Said once: it is how things are, not an event.
                    if was_available {
                        tracing::info!(
                            team,
                            endpoint,
                            reason = reason.as_str(),
                            error = message,
                            ask_again_in_seconds,
                            "not available for this team"
                        );
                    }
                } else {
                    tracing::warn!(
                        team,
                        endpoint,
                        reason = reason.as_str(),
                        error = message,
                        ask_again_in_seconds,
                        "no figures; those known so far stay"
                    );
                }
                self.outcome
                    .note(PollResult::Failed(Failure { reason, message }), now, took);
                return false;
            }
        };
        self.schedule.succeed(pauses);
        self.outcome.note(polled, now, took);
        tracing::info!(team, endpoint, "figures are up to date");
        true
    }
}

/// What goes with an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    /// When it came.
    pub(super) now: Timestamp,
    /// How long it took.
    pub(super) took: Duration,
    /// How long to wait before asking again.
    pub(super) pauses: Pauses,
    /// Whether it is to be kept as Heroku sent it.
    pub(super) keep: bool,
}

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
