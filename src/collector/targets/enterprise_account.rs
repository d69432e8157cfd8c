//! An enterprise account: one response reports the usage of all its teams.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;

use super::lookup::Lookup;
use crate::collector::context::PollContext;
use crate::collector::endpoint::{EndpointState, PollHistory};
use crate::collector::error::Error;
use crate::collector::past_usage::PastUsageTarget;
use crate::collector::poll::{Completion, PollRound, Response};
use crate::snapshot::{self, EndpointStatus, LastSuccess, Team};
use crate::store::{Fact, Key, Loaded, Subject};
use billing::month::Month;
use billing::usage::Usage;
use heroku_api::client::Conditional;
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::Endpoint;
use heroku_api::team::Account;

/// An enterprise account and the usage of its teams.
#[derive(Debug)]
pub(super) struct EnterpriseAccountTarget {
    lookup: Arc<Lookup<Account>>,
    pub(super) usage: EndpointState<AccountUsage>,
    /// The usage of each team by its id, or by its name if the response has no id. A team's value
    /// does not change when only the usage of other teams does.
    teams: BTreeMap<String, LastSuccess<Usage>>,
}

/// A request for the usage of an account's teams.
#[derive(Debug)]
struct Request {
    context: Arc<PollContext>,
    account: Arc<Lookup<Account>>,
    month: Month,
    now: Timestamp,
    history: PollHistory,
}

impl EnterpriseAccountTarget {
    pub(super) fn new(id_or_name: &str) -> Self {
        Self {
            lookup: Lookup::new(id_or_name.to_owned(), None),
            usage: EndpointState::new(Endpoint::Usage),
            teams: BTreeMap::new(),
        }
    }

    /// Returns the account's id or name in the settings.
    pub(super) fn id_or_name(&self) -> &str {
        &self.lookup.id_or_name
    }

    fn key(&self) -> Key {
        let account = self.lookup.identity();
        let name = account.and_then(|account| account.data.as_ref()?.name.as_deref());
        Key {
            id: self.id().map(str::to_owned),
            name: name.unwrap_or(self.id_or_name()).to_owned(),
        }
    }

    fn subject(&self) -> Subject {
        Subject::EnterpriseAccount(self.key())
    }

    /// Returns the target of the request for past usage, if the usage and the id are known.
    pub(super) fn past_usage_target(&self) -> Option<PastUsageTarget> {
        self.id()?;
        let is_known = self.usage.has_succeeded();
        is_known.then(|| PastUsageTarget::EnterpriseAccount(self.key()))
    }

    /// Restores the stored responses.
    pub(super) fn restore(&mut self, loaded: &mut Loaded) {
        let Some(loaded) = loaded.account(self.id_or_name()) else {
            return;
        };
        let account = loaded.identity.clone();
        self.lookup = Lookup::new(self.id_or_name().to_owned(), account);
        self.usage.restore(loaded.usage.take());
        self.split_by_team();
    }

    /// Starts the poll if it is due.
    pub(super) fn start_due(&mut self, round: &mut PollRound<'_>) {
        if round.is_due(&self.usage.schedule) {
            let request = Request {
                context: Arc::clone(round.context),
                account: Arc::clone(&self.lookup),
                month: round.month(),
                now: round.now,
                history: self.usage.history(),
            };
            let poll = async move { Response::AccountUsage(request.fetch().await) };
            round.start(&mut self.usage.schedule, poll);
        }
    }

    /// Records a result.
    pub(super) fn record(
        &mut self,
        result: Result<Conditional<AccountUsage>, Error>,
        completion: Completion<'_>,
    ) {
        let is_gone = result.as_ref().err().is_some_and(Error::is_gone);
        let name = self.id_or_name().to_owned();
        let endpoint = Endpoint::EnterpriseAccount;
        self.lookup
            .store_identity(endpoint, self.subject(), completion.store);
        if self.usage.record(&name, self.subject(), result, completion) {
            self.split_by_team();
        }
        if is_gone && !self.lookup.is_by_id() {
            // An account that was deleted and created again has the same name and another id.
            self.lookup = Lookup::new(name, None);
        }
    }

    /// Splits the last success by team.
    fn split_by_team(&mut self) {
        let Some(success) = &self.usage.status.last_success else {
            return;
        };
        let mut previous = std::mem::take(&mut self.teams);
        for (key, team) in &success.data.teams {
            let usage = match previous.remove(key) {
                Some(previous) => previous.renewed(team.usage.clone(), success.at),
                // The last change of the account's data is the best estimate.
                None => LastSuccess {
                    data: Arc::new(team.usage.clone()),
                    at: success.at,
                    changed_at: success.changed_at,
                },
            };
            self.teams.insert(key.clone(), usage);
        }
    }

    /// Brings times in the future down to `now`.
    pub(super) fn limit_times(&mut self, now: Timestamp) {
        self.usage.status.limit_times(now);
        for usage in self.teams.values_mut() {
            usage.limit_times(now);
        }
    }

    /// Returns the account's id if it is known.
    pub(super) fn id(&self) -> Option<&str> {
        let account = self.lookup.identity();
        let id = account.and_then(|account| account.data.as_ref()?.id.as_deref());
        id.or_else(|| self.lookup.is_by_id().then_some(self.id_or_name()))
    }

    /// Returns whether the account reports the usage of its teams. If Heroku has always denied
    /// access, the teams are polled instead.
    pub(super) fn reports_usage(&self) -> bool {
        self.usage.has_succeeded() || !self.usage.is_denied()
    }

    /// Returns the usage of the team with this id or name, if the last response contains it.
    pub(super) fn usage_of(&self, id: Option<&str>, name: &str) -> Option<EndpointStatus<Usage>> {
        let by_id = id.and_then(|id| self.teams.get(id));
        let usage = by_id.or_else(|| self.teams.get(name))?;
        Some(self.status(Some(usage.clone())))
    }

    /// Returns the status of the poll with `last_success` as its data.
    pub(super) fn status(&self, last_success: Option<LastSuccess<Usage>>) -> EndpointStatus<Usage> {
        EndpointStatus {
            last_success,
            failure: self.usage.status.failure.clone(),
            stats: self.usage.status.stats.clone(),
        }
    }

    /// Returns the account's teams for a snapshot.
    pub(super) fn teams(&self) -> impl Iterator<Item = Team> {
        let usage = self.usage.status.data();
        self.teams.iter().map(move |(key, success)| {
            let team = usage.and_then(|usage| usage.teams.get(key));
            let name = success.data.team_name().unwrap_or(key);
            Team {
                id: team.and_then(|team| team.id.clone()),
                name: name.to_owned(),
                usage: self.status(Some(success.clone())),
                ..Team::default()
            }
        })
    }

    /// Returns the account for a snapshot.
    pub(super) fn snapshot(&self) -> snapshot::Account {
        snapshot::Account {
            name: self.id_or_name().to_owned(),
            usage: self.usage.status.clone(),
        }
    }
}

impl Request {
    async fn fetch(&self) -> Result<Conditional<AccountUsage>, Error> {
        let fetch = self.context.with_token(async |token| {
            let id = self.id(&token).await?;
            let months = (self.month.previous(), self.month);
            let (client, validator) = (&self.context.client, self.history.validator.as_ref());
            let result = client.account_usage(&token, id, months, validator).await;
            match result.map_err(Error::from) {
                Err(error) if error.is_denial() && !self.history.has_succeeded => {
                    self.identity(&token).await?;
                    Err(Error::NotAvailable(Box::new(error)))
                }
                other => other,
            }
        });
        fetch.await
    }

    async fn identity(&self, token: &SecretString) -> Result<&Fact<Account>, Error> {
        let client = &self.context.client;
        let fetch = client.enterprise_account(token, &self.account.id_or_name);
        let identity = self.account.fetch_identity(self.now, fetch).await;
        identity.map_err(|error| match error.is_not_found() {
            true => Error::AccountNotFound(Box::new(error)),
            false => error,
        })
    }

    /// Returns the account's id, which requests for usage require.
    async fn id(&self, token: &SecretString) -> Result<&str, Error> {
        let id_or_name = &self.account.id_or_name;
        if self.account.is_by_id() {
            return Ok(id_or_name);
        }
        let identity = self.identity(token).await?;
        let id = identity
            .data
            .as_ref()
            .and_then(|account| account.id.as_ref());
        Ok(id.unwrap_or(id_or_name))
    }
}
