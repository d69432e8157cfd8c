//! A team whose endpoints are polled.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::task;

use super::lookup::Lookup;
use crate::collector::context::PollContext;
use crate::collector::endpoint::{EndpointState, PollHistory};
use crate::collector::error::Error;
use crate::collector::past_usage::PastUsageTarget;
use crate::collector::poll::{Completion, PollRound, Response};
use crate::collector::schedule::Schedule;
use crate::snapshot::{EndpointStatus, Team};
use crate::store::{Fact, Key, Loaded, Subject};
use billing::invoice::Invoices;
use billing::month::Month;
use billing::usage::Usage;
use heroku_api::client::Conditional;
use heroku_api::stats::Endpoint;
use heroku_api::team::Identity;

/// The time limit for fetching an identity that the poll does not require. The next poll retries.
const IDENTITY_TIMEOUT: Duration = Duration::from_secs(5);

/// A team and the state of its endpoints.
#[derive(Debug)]
pub(super) struct TeamTarget {
    lookup: Arc<Lookup<Identity>>,
    /// Whether the team was discovered. Otherwise the settings name it.
    is_discovered: bool,
    /// Whether polling invoices includes a lookup of the team's name.
    needs_name: bool,
    /// The team's name in the last usage response that contains one.
    usage_name: Option<String>,
    invoices: EndpointState<Invoices>,
    /// Disabled while a polled enterprise account reports the team's usage.
    usage: EndpointState<Usage>,
}

/// A request for a team's invoices or usage.
#[derive(Debug)]
struct Request {
    context: Arc<PollContext>,
    team: Arc<Lookup<Identity>>,
    needs_name: bool,
    month: Month,
    now: Timestamp,
    history: PollHistory,
    /// Whether the team is known to exist.
    team_exists: bool,
    /// The ids or names of enterprise accounts that report the usage of their teams.
    accounts: Arc<[String]>,
}

impl TeamTarget {
    /// Creates a team that the settings name.
    pub(super) fn named(id_or_name: &str, several_teams: bool) -> Self {
        let lookup = Lookup::new(id_or_name.to_owned(), None);
        // For a single team set by its id, the name in the usage rows is enough.
        let needs_name = several_teams || !lookup.is_by_id();
        Self::new(lookup, false, needs_name)
    }

    /// Creates a team that was discovered.
    pub(super) fn discovered(identity: &Identity, at: Timestamp) -> Self {
        let lookup = Lookup::new(identity.id.clone(), Some(listed(identity, at)));
        Self::new(lookup, true, false)
    }

    fn new(lookup: Arc<Lookup<Identity>>, is_discovered: bool, needs_name: bool) -> Self {
        Self {
            lookup,
            is_discovered,
            needs_name,
            usage_name: None,
            invoices: EndpointState::new(Endpoint::Invoices),
            usage: EndpointState::new(Endpoint::Usage),
        }
    }

    /// Restores the stored responses.
    pub(super) fn restore(&mut self, loaded: &mut Loaded) {
        let Some(loaded) = loaded.team(&self.lookup.id_or_name) else {
            return;
        };
        if !self.is_discovered
            && let Some(identity) = loaded.identity.clone()
            && identity.data.is_some()
        {
            self.set_identity(identity);
        }
        self.invoices.restore(loaded.invoices.take());
        self.usage.restore(loaded.usage.take());
        self.update_usage_name();
    }

    /// Returns the key in the store. A team that the settings name keeps that name, by which it is
    /// found again; usage can have another one.
    fn key(&self) -> Key {
        let name = match self.lookup.is_by_id() {
            true => self.name(),
            false => &self.lookup.id_or_name,
        };
        Key {
            id: self.id().map(str::to_owned),
            name: name.to_owned(),
        }
    }

    fn subject(&self) -> Subject {
        Subject::Team(self.key())
    }

    /// Returns the target of the request for past usage, if the team's own usage and its id are known.
    pub(super) fn past_usage_target(&self) -> Option<PastUsageTarget> {
        self.id()?;
        let is_known = self.usage.has_succeeded() && !self.is_usage_from_account();
        is_known.then(|| PastUsageTarget::Team(self.key()))
    }

    pub(super) fn schedules(&self) -> [&Schedule; 2] {
        [&self.invoices.schedule, &self.usage.schedule]
    }

    pub(super) fn schedules_mut(&mut self) -> [&mut Schedule; 2] {
        [&mut self.invoices.schedule, &mut self.usage.schedule]
    }

    pub(super) fn is_running(&self, job: task::Id) -> bool {
        self.schedules()
            .iter()
            .any(|schedule| schedule.is_running(job))
    }

    /// Starts the polls that are due.
    pub(super) fn start_due(&mut self, round: &mut PollRound<'_>) {
        if round.is_due(&self.invoices.schedule) {
            let request = self.request(self.invoices.history(), round);
            let poll = async move { request.fetch_invoices().await };
            round.start(&mut self.invoices.schedule, poll);
        }
        if round.is_due(&self.usage.schedule) {
            let request = self.request(self.usage.history(), round);
            let poll = async move { request.fetch_usage().await };
            round.start(&mut self.usage.schedule, poll);
        }
    }

    fn request(&self, history: PollHistory, round: &PollRound<'_>) -> Request {
        Request {
            context: Arc::clone(round.context),
            team: Arc::clone(&self.lookup),
            needs_name: self.needs_name,
            month: round.month(),
            now: round.now,
            history,
            team_exists: self.exists(),
            accounts: Arc::clone(&round.accounts),
        }
    }

    /// Records a response.
    pub(super) fn record(&mut self, response: Response, completion: Completion<'_>) {
        let (team, subject) = (self.name().to_owned(), self.subject());
        let error = match &response {
            Response::TeamInvoices(Err(error)) | Response::TeamUsage(Err(error)) => Some(error),
            _ => None,
        };
        let is_gone = error.is_some_and(Error::is_gone);
        self.lookup
            .store_identity(Endpoint::Team, subject.clone(), completion.store);
        match response {
            Response::TeamInvoices(result) => {
                self.invoices.record(&team, subject, result, completion);
            }
            Response::TeamUsage(result) => {
                self.usage.record(&team, subject, result, completion);
            }
            _ => {
                self.usage.schedule.finish(completion.limits.interval);
                self.usage.schedule.enabled = false;
            }
        }
        self.update_usage_name();
        if is_gone && !self.lookup.is_by_id() {
            // A team that was deleted and created again has the same name and another id.
            self.lookup = Lookup::new(self.lookup.id_or_name.clone(), None);
        }
    }

    /// Brings times in the future down to `now`.
    pub(super) fn limit_times(&mut self, now: Timestamp) {
        self.invoices.status.limit_times(now);
        self.usage.status.limit_times(now);
    }

    fn update_usage_name(&mut self) {
        if let Some(name) = self.usage.status.data().and_then(Usage::team_name) {
            self.usage_name = Some(name.to_owned());
        }
    }

    /// Returns whether the team is known to exist.
    pub(super) fn exists(&self) -> bool {
        self.is_discovered || self.invoices.has_succeeded() || self.usage.has_succeeded()
    }

    pub(super) fn is_discovered(&self) -> bool {
        self.is_discovered
    }

    /// Replaces the identity.
    pub(super) fn set_identity(&mut self, identity: Fact<Identity>) {
        self.lookup = Lookup::new(self.lookup.id_or_name.clone(), Some(identity));
    }

    /// Returns the identity if it is known.
    pub(super) fn identity(&self) -> Option<&Fact<Identity>> {
        self.lookup.identity()
    }

    fn identity_data(&self) -> Option<&Identity> {
        self.identity()?.data.as_deref()
    }

    /// Returns whether the team is known to belong to an enterprise account with this id or name.
    pub(super) fn belongs_to(&self, account: &str) -> bool {
        self.identity_data()
            .is_some_and(|identity| belongs_to(identity, account))
    }

    /// Returns whether the team has this identity. Compares names while the id is unknown.
    pub(super) fn matches(&self, identity: &Identity) -> bool {
        match self.id() {
            Some(id) => id == identity.id,
            None => self.name() == identity.name || self.lookup.id_or_name == identity.id,
        }
    }

    /// Returns the team's name: from the list of teams if it was discovered, else from the usage,
    /// which reflects a renaming, else from the identity, else from the settings.
    pub(super) fn name(&self) -> &str {
        let identity = self.identity_data().map(|identity| &*identity.name);
        let listed = identity.filter(|_| self.is_discovered);
        let name = listed.or(self.usage_name.as_deref()).or(identity);
        name.unwrap_or(&self.lookup.id_or_name)
    }

    /// Returns the team's id if it is known.
    pub(super) fn id(&self) -> Option<&str> {
        let id = self.identity_data().map(|identity| &*identity.id);
        id.or_else(|| self.lookup.is_by_id().then_some(&*self.lookup.id_or_name))
    }

    /// Returns the id, or the name while the id is unknown.
    pub(super) fn id_or_name(&self) -> &str {
        self.id().unwrap_or(&self.lookup.id_or_name)
    }

    /// Sets whether a polled enterprise account reports the team's usage.
    pub(super) fn set_usage_from_account(&mut self, from_account: bool) {
        self.usage.schedule.enabled = !from_account;
    }

    pub(super) fn is_usage_from_account(&self) -> bool {
        !self.usage.schedule.enabled
    }

    /// Returns the team for a snapshot, with the usage that its enterprise account reports, if any.
    pub(super) fn snapshot(&self, account_usage: Option<EndpointStatus<Usage>>) -> Team {
        let mut usage = self.usage.status.clone();
        // A team in the settings keeps the series of both endpoints, which alerts may use.
        let mut polled_endpoints = Team::ENDPOINTS;
        if self.is_usage_from_account() && self.is_discovered {
            polled_endpoints = &[Endpoint::Invoices];
        }
        if let Some(account_usage) = account_usage {
            let own = usage.last_success;
            usage = account_usage;
            usage.last_success = usage.last_success.or(own);
        }
        Team {
            id: self.id().map(str::to_owned),
            name: self.name().to_owned(),
            invoices: self.invoices.status.clone(),
            usage,
            polled_endpoints,
            ..Team::default()
        }
    }
}

impl Request {
    async fn fetch_invoices(&self) -> Response {
        let result = self.context.with_token(async |token| {
            let identity = async {
                if self.needs_name {
                    // Only the name is needed, so the poll succeeds without it.
                    self.identity_in_time(&token).await;
                }
            };
            let (client, validator) = (&self.context.client, self.history.validator.as_ref());
            let invoices = client.invoices(&token, &self.team.id_or_name, validator);
            let (result, ()) = tokio::join!(invoices, identity);
            self.classify(result.map_err(Error::from), &token).await
        });
        Response::TeamInvoices(result.await)
    }

    /// Fetches the usage, unless the team belongs to an enterprise account that reports it.
    async fn fetch_usage(&self) -> Response {
        let result = self.context.with_token(async |token| {
            if !self.accounts.is_empty() {
                let identity = self.identity_in_time(&token).await;
                let reports = |identity| self.accounts.iter().any(|a| belongs_to(identity, a));
                if identity.is_some_and(reports) {
                    return Ok(None);
                }
            }
            let id = self.id(&token).await?;
            let months = (self.month.previous(), self.month);
            let (client, validator) = (&self.context.client, self.history.validator.as_ref());
            let result = client.usage(&token, id, months, validator).await;
            let result = self.classify(result.map_err(Error::from), &token).await;
            result.map(Some)
        });
        match result.await.transpose() {
            Some(result) => Response::TeamUsage(result),
            None => Response::UsageFromAccount,
        }
    }

    /// Classifies the error of a missing endpoint that has never succeeded: either the team does not
    /// exist, or the endpoint is not available to it.
    async fn classify<T>(
        &self,
        result: Result<Conditional<T>, Error>,
        token: &SecretString,
    ) -> Result<Conditional<T>, Error> {
        let error = match result {
            Err(error) if error.is_denial() && !self.history.has_succeeded => error,
            other => return other,
        };
        if self.team_exists {
            return Err(Error::NotAvailable(Box::new(error)));
        }
        Err(match self.identity(token).await {
            Ok(_) => Error::NotAvailable(Box::new(error)),
            Err(lookup) if lookup.is_not_found() => Error::TeamNotFound(Box::new(lookup)),
            Err(_) => error,
        })
    }

    async fn identity(&self, token: &SecretString) -> Result<&Fact<Identity>, Error> {
        let fetch = self.context.client.team(token, &self.team.id_or_name);
        self.team.fetch_identity(self.now, fetch).await
    }

    async fn identity_in_time(&self, token: &SecretString) -> Option<&Identity> {
        let identity = tokio::time::timeout(IDENTITY_TIMEOUT, self.identity(token)).await;
        identity.ok()?.ok()?.data.as_deref()
    }

    /// Returns the team's id, which requests for usage require. Falls back to the name in the
    /// settings if the token can access the team's usage but not the team.
    async fn id(&self, token: &SecretString) -> Result<&str, Error> {
        let id_or_name = &self.team.id_or_name;
        if self.team.is_by_id() {
            return Ok(id_or_name);
        }
        match self.identity(token).await {
            Ok(identity) => Ok(identity.data.as_ref().map_or(id_or_name, |data| &data.id)),
            Err(error) if error.is_denial() => Ok(id_or_name),
            Err(error) => Err(error),
        }
    }
}

/// Returns whether a team belongs to an enterprise account with this id or name.
fn belongs_to(identity: &Identity, account: &str) -> bool {
    let owner = identity.enterprise_account.as_ref();
    owner.is_some_and(|owner| owner.matches(account))
}

/// Returns the identity of a team in the list of teams.
pub(super) fn listed(identity: &Identity, at: Timestamp) -> Fact<Identity> {
    Fact {
        data: Some(Arc::new(identity.clone())),
        at,
    }
}
