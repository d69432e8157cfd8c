//! All that is polled, as a whole: which teams there are, which of them is told of by what, and what
//! is known of them together.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::account::AccountState;
use super::endpoint::Noted;
use super::listing::Listing;
use super::particulars::{AllParticulars, Subject};
use super::personal::PersonalAccount;
use super::source::{Answered, Source};
use super::team::TeamState;
use crate::collector::state::Restored;
use crate::config::targets::{Scope, TeamScope};
use crate::snapshot::{Snapshot, Team};
use heroku_api::stats::{ClientStats, Endpoint};

/// All that is polled. Each source has a number that no other ever has, by which an answer finds its
/// way back.
#[derive(Debug)]
pub(super) struct Sources {
    all: Vec<(u64, Source)>,
    next_number: u64,
    several_teams: bool,
    /// The endpoints to which requests may go.
    endpoints: Vec<Endpoint>,
    /// Whether all has been tried once; that is not taken back.
    all_tried: bool,
}

impl Sources {
    /// What the settings ask for.
    pub(super) fn of(scope: &Scope) -> Self {
        let several_teams = scope.several_teams();
        let mut sources = Self {
            all: Vec::new(),
            next_number: 0,
            several_teams,
            endpoints: endpoints(scope),
            all_tried: false,
        };
        match &scope.teams {
            TeamScope::Named(teams) => {
                for team in teams {
                    let team = TeamState::named(team, several_teams);
                    sources.add(Source::Team(Box::new(team)));
                }
            }
            TeamScope::Seen(filter) => sources.add(Source::Listing(Listing::new(filter.clone()))),
        }
        for account in &scope.enterprise_accounts {
            sources.add(Source::Account(AccountState::new(account)));
        }
        if scope.personal_account {
            sources.add(Source::Personal(PersonalAccount::new()));
        }
        sources
    }

    fn add(&mut self, source: Source) {
        self.all.push((self.next_number, source));
        self.next_number += 1;
    }

    /// Takes in what an earlier run of the program kept.
    pub(super) fn restore(&mut self, kept: &mut Restored) {
        self.iter_mut().for_each(|(_, source)| source.restore(kept));
        self.discover(kept);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.all.iter().map(|(_, source)| source)
    }

    /// Each source and its number.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut Source)> {
        self.all
            .iter_mut()
            .map(|(number, source)| (*number, source))
    }

    fn teams(&self) -> impl Iterator<Item = &TeamState> {
        self.iter().filter_map(|source| match source {
            Source::Team(team) => Some(&**team),
            _ => None,
        })
    }

    fn accounts(&self) -> impl Iterator<Item = &AccountState> {
        self.iter().filter_map(|source| match source {
            Source::Account(account) => Some(account),
            _ => None,
        })
    }

    fn listing(&self) -> Option<&Listing> {
        self.iter().find_map(|source| match source {
            Source::Listing(listing) => Some(listing),
            _ => None,
        })
    }

    /// The enterprise accounts that tell the usage of their teams.
    pub(super) fn telling(&self) -> Arc<[String]> {
        let telling = self.accounts().filter_map(AccountState::telling);
        telling.map(str::to_owned).collect()
    }

    /// How many endpoints are asked.
    pub(super) fn endpoints_asked(&self) -> usize {
        self.iter().map(Source::endpoints_asked).sum()
    }

    /// Takes in which teams the token sees: a new one is asked for at once, one that is there no more
    /// is forgotten, and one that was renamed stays what it is.
    pub(super) fn discover(&mut self, kept: &mut Restored) {
        if let Some(listing) = self.listing()
            && let Some(good) = &listing.known().last_good
        {
            let at = good.at;
            let mut taken: Vec<_> = listing.taken().cloned().collect();
            taken.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
            let ids: BTreeSet<_> = taken.iter().map(|team| team.id.clone()).collect();
            let gone: BTreeSet<String> = self
                .teams()
                .filter(|team| team.is_seen())
                .map(|team| team.id_or_name().to_owned())
                .filter(|id| !ids.contains(id) && (listing.is_whole() || listing.refuses(id)))
                .collect();
            self.all.retain(|(_, source)| match source {
                Source::Team(team) => !(team.is_seen() && gone.contains(team.id_or_name())),
                _ => true,
            });
            for identity in taken {
                let known = self.all.iter_mut().find_map(|(_, source)| match source {
                    Source::Team(team) if team.is_called(Some(&identity.id), &identity.name) => {
                        Some(team)
                    }
                    _ => None,
                });
                match known {
                    Some(team) => team.relist(identity, at),
                    None => {
                        let mut team = TeamState::seen(identity, at);
                        team.restore(kept);
                        self.add(Source::Team(Box::new(team)));
                    }
                }
            }
        }
        self.leave_usage_to_accounts();
    }

    /// Has each team's usage asked where it is told: by its enterprise account, or by itself.
    fn leave_usage_to_accounts(&mut self) {
        let telling = self.telling();
        let (mut teams, mut accounts) = (Vec::new(), Vec::new());
        for (_, source) in &mut self.all {
            match source {
                Source::Team(team) => teams.push(team),
                Source::Account(account) if account.telling().is_some() => accounts.push(&*account),
                _ => {}
            }
        }
        for team in teams {
            team.leave_usage_to(&telling, |team| {
                let mut tellers = accounts.iter();
                tellers.any(|account| account.told_of(team.id(), team.name()).is_some())
            });
        }
    }

    /// Takes in what the source of this number answered, and tells whether there is something new to
    /// keep.
    pub(super) fn note(&mut self, number: u64, answered: Answered, context: Noted) -> bool {
        let found = self.all.iter_mut().find(|(own, _)| *own == number);
        // One that is gone has no use for its answer.
        let Some((_, source)) = found else {
            return false;
        };
        let is_new = source.note(answered, context);
        match source {
            Source::Listing(_) => self.discover(&mut Restored::default()),
            Source::Account(_) => self.leave_usage_to_accounts(),
            Source::Team(_) | Source::Personal(_) => {}
        }
        self.all_tried = self.all_tried || self.iter().all(Source::is_tried);
        is_new
    }

    /// Whether all that is asked has been tried once, whatever came of it. That is not taken back
    /// when a team turns up later.
    pub(super) fn all_tried(&self) -> bool {
        self.all_tried
    }

    /// The teams whose particulars are wanted: those of which Heroku has told anything.
    pub(super) fn subjects(&self) -> Vec<Subject<'_>> {
        let existing = self
            .teams()
            .filter(|team| team.exists() || team.identity().is_some());
        let mut subjects: Vec<_> = existing
            .map(|team| Subject {
                id_or_name: team.id_or_name().to_owned(),
                identity: team.identity(),
                is_polled: true,
            })
            .collect();
        let told = self.told_by_accounts();
        subjects.extend(told.into_iter().map(|team| Subject {
            id_or_name: team.id.unwrap_or(team.name),
            identity: None,
            is_polled: false,
        }));
        subjects
    }

    /// Takes in who the teams are, as it was last asked.
    pub(super) fn identify(&mut self, particulars: &AllParticulars) {
        for (_, source) in &mut self.all {
            let Source::Team(team) = source else { continue };
            let Some(identity) = particulars.identity(team.id_or_name()) else {
                continue;
            };
            let known = team.identity().map(|identity| identity.at);
            if identity.data.is_some() && known.is_none_or(|known| known < identity.at) {
                team.identify(identity.clone());
            }
        }
        self.leave_usage_to_accounts();
    }

    /// The teams of which enterprise accounts alone tell.
    fn told_by_accounts(&self) -> Vec<Team> {
        let mut told: Vec<_> = self.accounts().flat_map(AccountState::teams).collect();
        if told.is_empty() {
            return told;
        }
        // By id where both are known, else by the name, which is one team's alone too.
        let ids: HashSet<_> = self.teams().map(TeamState::id_or_name).collect();
        let names: HashSet<_> = self.teams().map(TeamState::name).collect();
        let unidentified: HashSet<_> = self
            .teams()
            .filter(|team| team.id().is_none())
            .map(TeamState::name)
            .collect();
        let mut seen = HashSet::new();
        told.retain(|team| {
            let is_polled = match &team.id {
                Some(id) => ids.contains(&**id) || unidentified.contains(&*team.name),
                None => names.contains(&*team.name),
            };
            !is_polled && seen.insert(team.id.clone().unwrap_or_else(|| team.name.clone()))
        });
        told
    }

    /// What is known.
    pub(super) fn snapshot(
        &self,
        traffic: ClientStats,
        particulars: &AllParticulars,
        tokens: u64,
    ) -> Snapshot {
        let polled = self.teams().map(|team| {
            let metadata = particulars.of(team.id_or_name());
            let known = team.known(|team| {
                let mut accounts = self.accounts();
                let told = accounts.find_map(|account| account.told_of(team.id(), team.name()));
                told.or_else(|| {
                    let mut accounts = self.accounts();
                    let own = accounts
                        .find(|account| account.telling().is_some_and(|name| team.is_of(name)));
                    own.map(AccountState::told_nothing)
                })
            });
            Team { metadata, ..known }
        });
        let told = self.told_by_accounts().into_iter().map(|team| Team {
            metadata: particulars.of(team.id.as_deref().unwrap_or(&team.name)),
            ..team
        });
        let personal = self.iter().filter_map(|source| match source {
            Source::Personal(personal) => Some(personal.known()),
            _ => None,
        });
        let teams = polled.chain(told).chain(personal).collect();
        let mut snapshot = Snapshot::new(teams, self.several_teams, traffic);
        snapshot.accounts = self.accounts().map(AccountState::known).collect();
        snapshot.listing = self.listing().map(|listing| listing.known().clone());
        snapshot.all_tried = self.all_tried;
        snapshot.token_expiry = particulars.token_expiry(tokens);
        snapshot.endpoints = self.endpoints.clone();
        snapshot
    }
}

/// The endpoints to which requests may go, in a fixed order.
fn endpoints(scope: &Scope) -> Vec<Endpoint> {
    let has_accounts = !scope.enterprise_accounts.is_empty();
    let (is_seen, polls_teams) = match &scope.teams {
        TeamScope::Named(teams) => (false, !teams.is_empty()),
        TeamScope::Seen(_) => (true, true),
    };
    let is_asked = |endpoint: &Endpoint| match endpoint {
        Endpoint::Team | Endpoint::Usage | Endpoint::Delinquency | Endpoint::Licenses => {
            polls_teams || has_accounts
        }
        Endpoint::Teams => is_seen,
        Endpoint::EnterpriseAccount => has_accounts,
        Endpoint::Invoices => polls_teams || scope.personal_account,
        Endpoint::Authorizations => true,
    };
    Endpoint::ALL.into_iter().filter(is_asked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::name_filter::NameFilter;

    #[test]
    fn requests_are_counted_for_the_endpoints_that_can_be_asked() {
        let words = |scope: &Scope| -> Vec<_> {
            let endpoints = endpoints(scope).into_iter();
            endpoints.map(Endpoint::as_str).collect()
        };
        let personal = Scope {
            personal_account: true,
            ..Scope::named(Vec::new())
        };
        assert_eq!(words(&personal), ["invoices", "authorizations"]);
        let account = Scope {
            enterprise_accounts: vec!["acme".to_owned()],
            ..Scope::named(Vec::new())
        };
        let expected = [
            "team",
            "enterprise_account",
            "usage",
            "delinquency",
            "licenses",
            "authorizations",
        ];
        assert_eq!(words(&account), expected);
        let all = Scope {
            teams: TeamScope::Seen(NameFilter::default()),
            ..account
        };
        assert_eq!(words(&all).len(), Endpoint::ALL.len());
    }
}
