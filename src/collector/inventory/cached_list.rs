//! A list of resources, its validator and its schedule.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::HOUR;
use super::request::Request;
use crate::collector::backoff::DAY;
use crate::collector::error::{CONFIRMING_DENIALS, Error, chain};
use crate::collector::schedule::Schedule;
use heroku_api::client::{Conditional, Validator};
use heroku_api::stats::Endpoint;

/// A list, its validator and its schedule.
#[derive(Debug)]
pub(super) struct CachedList<T> {
    pub(super) rows: Option<Arc<Vec<T>>>,
    pub(super) validator: Option<Validator>,
    pub(super) schedule: Schedule,
    /// Whether the last response was an empty list in place of rows, which the next one must confirm.
    pub(super) is_empty_unconfirmed: bool,
}

impl<T: PartialEq> CachedList<T> {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            rows: None,
            validator: None,
            schedule: Schedule::new(endpoint),
            is_empty_unconfirmed: false,
        }
    }

    /// Returns the request for the list, and its schedule.
    pub(super) fn request(&mut self, team: &str, app: &str) -> (Request, &mut Schedule) {
        let request = Request {
            endpoint: self.schedule.endpoint,
            team: team.to_owned(),
            is_personal: false,
            app: app.to_owned(),
            validator: self.validator.clone(),
        };
        (request, &mut self.schedule)
    }

    /// Records a result. `delay` is the time until the next request after a success. Returns whether
    /// the rows have changed.
    pub(super) fn record(
        &mut self,
        request: &Request,
        result: Result<Conditional<Vec<T>>, Error>,
        delay: Duration,
        logged_failures: &mut BTreeSet<&'static str>,
    ) -> bool {
        let error = match result {
            Ok(Conditional::NotModified) => {
                self.schedule.succeed(delay);
                self.is_empty_unconfirmed = false;
                return false;
            }
            Ok(Conditional::Modified(response)) => {
                self.schedule.succeed(delay.min(HOUR));
                let has_rows = self.rows.as_ref().is_some_and(|rows| !rows.is_empty());
                let is_loss = has_rows && response.data.is_empty();
                self.is_empty_unconfirmed = is_loss && !self.is_empty_unconfirmed;
                if self.is_empty_unconfirmed {
                    return false;
                }
                self.schedule.set_due_in(delay);
                self.validator = response.validator;
                let is_changed = self.rows.as_deref() != Some(&response.data);
                if is_changed {
                    self.rows = Some(Arc::new(response.data));
                }
                return is_changed;
            }
            Err(error) => error,
        };
        let is_denial = error.is_denial();
        // One denial does not prove that rows which were available are not any more.
        let is_believed =
            self.rows.is_none() || self.schedule.consecutive_failures() + 1 >= CONFIRMING_DENIALS;
        let retry = match is_denial && is_believed {
            true => DAY,
            false => HOUR,
        };
        let endpoint = request.endpoint.as_str();
        if logged_failures.insert(endpoint) {
            tracing::info!(
                team = request.team,
                app = request.app,
                endpoint,
                reason = error.reason().as_str(),
                error = chain(&error),
                retry_in_seconds = retry.as_secs(),
                "inventory request failed, further failures of this endpoint are not logged"
            );
        }
        self.schedule.fail(retry);
        let is_lost = is_denial && is_believed && self.rows.take().is_some();
        if is_lost {
            self.validator = None;
        }
        is_lost
    }
}
