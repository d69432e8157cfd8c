//! The polled targets: teams, enterprise accounts, the personal account, and team discovery.

mod discovery;
mod enterprise_account;
mod lookup;
mod personal_account;
mod team;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task;
use tokio::time::Instant;

use super::context::PollContext;
use super::metadata::{MetadataCache, MetadataTarget};
use super::past_usage::PastUsageTarget;
use super::poll::{Completion, PollJobs, PollRound, Response};
use super::schedule::Schedule;
use crate::config::scope::{Scope, TeamScope};
use crate::snapshot::{Snapshot, Team};
use crate::store::{Loaded, Subject};
use discovery::TeamDiscovery;
use enterprise_account::EnterpriseAccountTarget;
use heroku_api::stats::{ClientStats, Endpoint};
use personal_account::PersonalAccountTarget;
use team::{TeamTarget, listed};

/// All targets.
#[derive(Debug)]
pub(super) struct Targets {
    teams: Vec<TeamTarget>,
    accounts: Vec<EnterpriseAccountTarget>,
    personal_account: Option<PersonalAccountTarget>,
    discovery: Option<TeamDiscovery>,
    several_teams: bool,
    /// The endpoints that may be requested.
    endpoints: Vec<Endpoint>,
    all_attempted: bool,
}

impl Targets {
    /// Creates the targets of `scope`, with the stored responses.
    pub(super) fn new(scope: &Scope, loaded: &mut Loaded) -> Self {
        let several_teams = scope.several_teams();
        let (named, filter) = match &scope.teams {
            TeamScope::Named(teams) => (&**teams, None),
            TeamScope::All(filter) => (&[][..], Some(filter)),
        };
        let named = named.iter();
        let accounts = scope.enterprise_accounts.iter();
        let personal_account = scope.personal_account.then(PersonalAccountTarget::new);
        let mut targets = Self {
            teams: named
                .map(|team| TeamTarget::named(team, several_teams))
                .collect(),
            accounts: accounts.map(|a| EnterpriseAccountTarget::new(a)).collect(),
            personal_account,
            discovery: filter.cloned().map(TeamDiscovery::new),
            several_teams,
            endpoints: endpoints(scope),
            all_attempted: false,
        };
        for team in &mut targets.teams {
            team.restore(loaded);
        }
        for account in &mut targets.accounts {
            account.restore(loaded);
        }
        if let Some(personal) = &mut targets.personal_account {
            personal.invoices.restore(loaded.personal_invoices.take());
        }
        if let Some(discovery) = &mut targets.discovery {
            discovery.teams.restore(loaded.discovery.take());
        }
        targets.apply_discovery(loaded);
        targets.remove_duplicates();
        targets
    }

    fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        let teams = self.teams.iter().flat_map(TeamTarget::schedules);
        let accounts = self.accounts.iter().map(|a| &a.usage.schedule);
        let personal = self.personal_account.iter().map(|p| &p.invoices.schedule);
        let discovery = self.discovery.iter().map(|d| &d.teams.schedule);
        teams.chain(accounts).chain(personal).chain(discovery)
    }

    /// Returns the number of endpoints that are polled.
    pub(super) fn polled_endpoints(&self) -> usize {
        self.schedules().filter(|schedule| schedule.enabled).count()
    }

    /// Returns when the next poll is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.schedules().filter_map(Schedule::next_due).min()
    }

    /// Returns whether everything has been polled once, successfully or not. Remains true when a team
    /// is discovered later.
    pub(super) fn all_attempted(&self) -> bool {
        self.all_attempted
    }

    /// Starts the polls that are due.
    pub(super) fn start_due(
        &mut self,
        jobs: &mut PollJobs,
        context: &Arc<PollContext>,
        now: Timestamp,
        first_polls_only: bool,
    ) {
        let accounts = self.reporting_accounts();
        let mut round = PollRound {
            jobs,
            context,
            now,
            first_polls_only,
            accounts: accounts.map(|a| a.id_or_name().to_owned()).collect(),
        };
        for team in &mut self.teams {
            team.start_due(&mut round);
        }
        for account in &mut self.accounts {
            account.start_due(&mut round);
        }
        if let Some(personal) = &mut self.personal_account {
            personal.start_due(&mut round);
        }
        if let Some(discovery) = &mut self.discovery {
            discovery.start_due(&mut round);
        }
    }

    /// Records the response of `job`.
    pub(super) fn record(&mut self, job: task::Id, response: Response, completion: Completion<'_>) {
        // Responses of targets that have been removed are dropped.
        match response {
            Response::Teams(result) => {
                if let Some(discovery) = &mut self.discovery {
                    let subject = Subject::Discovery;
                    discovery.teams.record("*", subject, result, completion);
                }
                self.apply_discovery(&mut Loaded::default());
            }
            Response::AccountUsage(result) => {
                let mut accounts = self.accounts.iter_mut();
                let account = accounts.find(|a| a.usage.schedule.is_running(job));
                if let Some(account) = account {
                    account.record(result, completion);
                }
                self.assign_usage();
            }
            Response::PersonalInvoices(result) => {
                if let Some(personal) = &mut self.personal_account {
                    let (name, subject) = (personal_account::NAME, Subject::PersonalAccount);
                    personal.invoices.record(name, subject, result, completion);
                }
            }
            response => {
                let team = self.teams.iter_mut().find(|team| team.is_running(job));
                if let Some(team) = team {
                    team.record(response, completion);
                }
            }
        }
        self.remove_duplicates();
        let all_attempted = self.schedules().all(Schedule::is_attempted);
        self.all_attempted |= all_attempted;
    }

    pub(super) fn schedules_mut(&mut self) -> impl Iterator<Item = &mut Schedule> {
        let teams = self.teams.iter_mut().flat_map(TeamTarget::schedules_mut);
        let accounts = self.accounts.iter_mut().map(|a| &mut a.usage.schedule);
        let personal = self.personal_account.iter_mut();
        let personal = personal.map(|p| &mut p.invoices.schedule);
        let discovery = self.discovery.iter_mut().map(|d| &mut d.teams.schedule);
        teams.chain(accounts).chain(personal).chain(discovery)
    }

    /// Brings times in the future down to `now`, after the wall clock was set back.
    pub(super) fn limit_times(&mut self, now: Timestamp) {
        self.teams.iter_mut().for_each(|team| team.limit_times(now));
        for account in &mut self.accounts {
            account.limit_times(now);
        }
        if let Some(personal) = &mut self.personal_account {
            personal.invoices.status.limit_times(now);
        }
        if let Some(discovery) = &mut self.discovery {
            discovery.teams.status.limit_times(now);
        }
    }

    /// Removes teams and accounts that the settings name twice, by id and by name, once the id of
    /// the name is known.
    fn remove_duplicates(&mut self) {
        let mut seen = HashSet::new();
        let mut is_first = |id: Option<&str>| id.is_none_or(|id| seen.insert(id.to_owned()));
        self.teams.retain(|team| is_first(team.id()));
        self.accounts.retain(|account| is_first(account.id()));
    }

    /// Adds, updates and removes teams according to the list of teams.
    fn apply_discovery(&mut self, loaded: &mut Loaded) {
        if let Some(discovery) = &self.discovery
            && let Some(success) = &discovery.teams.status.last_success
        {
            self.teams
                .retain(|team| !(team.is_discovered() && discovery.excludes(team.id_or_name())));
            for identity in discovery.selected() {
                match self.teams.iter_mut().find(|team| team.matches(identity)) {
                    Some(team) => team.set_identity(listed(identity, success.at)),
                    None => {
                        let mut team = TeamTarget::discovered(identity, success.at);
                        team.restore(loaded);
                        self.teams.push(team);
                    }
                }
            }
        }
        self.assign_usage();
    }

    fn reporting_accounts(&self) -> impl Iterator<Item = &EnterpriseAccountTarget> {
        self.accounts
            .iter()
            .filter(|account| account.reports_usage())
    }

    /// Decides for each team whether its usage is polled or reported by an enterprise account.
    /// Belonging to the account is enough, because its response omits teams without usage.
    fn assign_usage(&mut self) {
        for team in &mut self.teams {
            let from_account = self.accounts.iter().any(|account| {
                account.reports_usage()
                    && (team.belongs_to(account.id_or_name())
                        || account.usage_of(team.id(), team.name()).is_some())
            });
            team.set_usage_from_account(from_account);
        }
    }

    /// Returns the teams whose metadata is requested, which are those known to exist.
    pub(super) fn metadata_targets(&self) -> Vec<MetadataTarget<'_>> {
        let teams = self.teams.iter();
        let polled = teams.filter(|team| team.exists() || team.identity().is_some());
        let polled = polled.map(|team| MetadataTarget {
            id_or_name: team.id_or_name().to_owned(),
            id: team.id().map(str::to_owned),
            identity: team.identity(),
        });
        let reported = self.account_teams().into_iter().map(|team| MetadataTarget {
            id: team.id.clone(),
            id_or_name: team.id.unwrap_or(team.name),
            identity: None,
        });
        polled.chain(reported).collect()
    }

    /// Returns the name of the personal account, if it is polled.
    pub(super) fn personal_account(&self) -> Option<&'static str> {
        self.personal_account
            .as_ref()
            .map(|_| personal_account::NAME)
    }

    /// Returns the teams and enterprise accounts whose past usage is requested, which are those whose
    /// usage is known.
    pub(super) fn past_usage_targets(&self) -> Vec<PastUsageTarget> {
        let teams = self.teams.iter().filter_map(TeamTarget::past_usage_target);
        let accounts = self.accounts.iter();
        let accounts = accounts.filter_map(EnterpriseAccountTarget::past_usage_target);
        teams.chain(accounts).collect()
    }

    /// Updates the teams' identities from newer metadata.
    pub(super) fn update_identities(&mut self, metadata: &MetadataCache) {
        for team in &mut self.teams {
            let Some(identity) = metadata.identity(team.id_or_name()) else {
                continue;
            };
            let is_newer = team.identity().is_none_or(|own| own.at < identity.at);
            if identity.data.is_some() && is_newer {
                team.set_identity(identity.clone());
            }
        }
        self.assign_usage();
    }

    /// Returns the teams that only enterprise accounts report.
    fn account_teams(&self) -> Vec<Team> {
        let mut reported: Vec<_> = self.accounts.iter().flat_map(|a| a.teams()).collect();
        if reported.is_empty() {
            return reported;
        }
        // Teams are compared by id if both ids are known, else by name, which is also unique.
        let ids: HashSet<_> = self.teams.iter().map(TeamTarget::id_or_name).collect();
        let names: HashSet<_> = self.teams.iter().map(TeamTarget::name).collect();
        let unidentified = self.teams.iter().filter(|team| team.id().is_none());
        let unidentified: HashSet<_> = unidentified.map(TeamTarget::name).collect();
        let mut seen = HashSet::new();
        reported.retain(|team| {
            let is_polled = match &team.id {
                Some(id) => ids.contains(&**id) || unidentified.contains(&*team.name),
                None => names.contains(&*team.name),
            };
            !is_polled && seen.insert(team.id.clone().unwrap_or_else(|| team.name.clone()))
        });
        reported
    }

    /// Returns a snapshot of all targets.
    pub(super) fn snapshot(
        &self,
        client_stats: ClientStats,
        metadata: &MetadataCache,
        token_generation: u64,
    ) -> Snapshot {
        let polled = self.teams.iter().map(|team| {
            let account_usage = || {
                let mut accounts = self.accounts.iter();
                let usage = accounts.find_map(|a| a.usage_of(team.id(), team.name()));
                usage.or_else(|| {
                    let mut accounts = self.reporting_accounts();
                    let account = accounts.find(|a| team.belongs_to(a.id_or_name()))?;
                    Some(account.status(None))
                })
            };
            let account_usage = team.is_usage_from_account().then(account_usage).flatten();
            (team.id_or_name().to_owned(), team.snapshot(account_usage))
        });
        let reported = self.account_teams().into_iter();
        let reported = reported.map(|team| (team.id.as_ref().unwrap_or(&team.name).clone(), team));
        let with_metadata = polled.chain(reported).map(|(id_or_name, team)| Team {
            metadata: metadata.get(&id_or_name),
            ..team
        });
        let personal = self
            .personal_account
            .iter()
            .map(PersonalAccountTarget::snapshot);
        let teams = with_metadata.chain(personal).collect();
        let mut snapshot = Snapshot::new(teams, self.several_teams, client_stats);
        let accounts = self.accounts.iter();
        snapshot.accounts = accounts.map(EnterpriseAccountTarget::snapshot).collect();
        snapshot.discovery = self.discovery.as_ref().map(|d| d.teams.status.clone());
        snapshot.all_attempted = self.all_attempted;
        snapshot.token_expiry = metadata.token_expiry(token_generation);
        snapshot.endpoints = self.endpoints.clone();
        snapshot
    }
}

/// Returns the endpoints that may be requested, in a fixed order.
fn endpoints(scope: &Scope) -> Vec<Endpoint> {
    let has_accounts = !scope.enterprise_accounts.is_empty();
    let (is_discovering, polls_teams) = match &scope.teams {
        TeamScope::Named(teams) => (false, !teams.is_empty()),
        TeamScope::All(_) => (true, true),
    };
    let is_requested = |endpoint: &Endpoint| match endpoint {
        Endpoint::Team
        | Endpoint::Usage
        | Endpoint::PastUsage
        | Endpoint::Delinquency
        | Endpoint::Licenses => polls_teams || has_accounts,
        Endpoint::Teams => is_discovering,
        Endpoint::EnterpriseAccount => has_accounts,
        Endpoint::Invoices => polls_teams || scope.personal_account,
        Endpoint::Authorizations => true,
        // Added by the inventory.
        Endpoint::Account
        | Endpoint::Apps
        | Endpoint::Addons
        | Endpoint::PipelineCouplings
        | Endpoint::Formation
        | Endpoint::DynoSizes
        | Endpoint::Pipelines => false,
    };
    Endpoint::ALL.into_iter().filter(is_requested).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::name_filter::NameFilter;

    #[test]
    fn lists_endpoints_of_scope() {
        let names = |scope: &Scope| -> Vec<_> {
            let endpoints = endpoints(scope).into_iter();
            endpoints.map(Endpoint::as_str).collect()
        };
        let personal = Scope {
            personal_account: true,
            ..Scope::named(Vec::new())
        };
        assert_eq!(names(&personal), ["invoices", "authorizations"]);
        let account = Scope {
            enterprise_accounts: vec!["acme".to_owned()],
            ..Scope::named(Vec::new())
        };
        let expected = [
            "team",
            "enterprise_account",
            "usage",
            "past_usage",
            "delinquency",
            "licenses",
            "authorizations",
        ];
        assert_eq!(names(&account), expected);
        let all = Scope {
            teams: TeamScope::All(NameFilter::default()),
            ..account
        };
        // All but those of the inventory.
        assert_eq!(names(&all).len(), Endpoint::ALL.len() - 7);
    }
}
