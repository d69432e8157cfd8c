//! The mutable state of a simulator, shared by its connections.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use crate::company::Company;
use crate::fault::{Fault, FaultPlan};
use crate::hash;
use crate::rate_limit::TokenBucket;
use crate::request_log::RequestLog;
use crate::route::Route;

#[derive(Debug)]
pub(crate) struct SimState {
    pub(crate) company: Company,
    pub(crate) today: Date,
    pub(crate) token: String,
    pub(crate) rate_limit: TokenBucket,
    pub(crate) page_size: Option<usize>,
    pub(crate) faults: FaultPlan,
    pub(crate) log: RequestLog,
    /// The number of request ids assigned so far.
    pub(crate) request_ids: u64,
}

impl SimState {
    /// Takes the next fault for a route. A fault of one team or enterprise account matches whether
    /// the fault and the path use its id or its name.
    pub(crate) fn take_fault(&mut self, route: &Route) -> Option<Fault> {
        let company = &self.company;
        let is_owner = |owner: &str| {
            let is_team = route.team.as_deref().is_some_and(|identity| {
                let mut teams = company.teams.iter();
                identity == owner
                    || teams.any(|team| team.has_identity(identity) && team.has_identity(owner))
            });
            let is_account = route.enterprise_account.as_deref().is_some_and(|identity| {
                let mut accounts = company.enterprise_accounts.iter();
                identity == owner
                    || accounts.any(|one| one.has_identity(identity) && one.has_identity(owner))
            });
            is_team || is_account
        };
        self.faults.take(route, is_owner)
    }

    /// Returns the `Request-Id` of the next response.
    pub(crate) fn next_request_id(&mut self) -> String {
        self.request_ids += 1;
        hash::uuid(self.request_ids, "request")
    }
}

/// A [`SimState`] behind a lock.
#[derive(Debug)]
pub(crate) struct SharedState(Mutex<SimState>);

impl SharedState {
    pub(crate) fn new(state: SimState) -> SharedState {
        SharedState(Mutex::new(state))
    }

    /// Locks the state. Ignores poisoning, so that a panic in one connection does not break the
    /// others.
    pub(crate) fn lock(&self) -> MutexGuard<'_, SimState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
