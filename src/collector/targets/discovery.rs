//! Discovery of the teams that the token can access.

use std::sync::Arc;

use crate::collector::endpoint::EndpointState;
use crate::collector::poll::{PollRound, Response};
use billing::name_filter::NameFilter;
use heroku_api::stats::Endpoint;
use heroku_api::team::Identity;

/// The list of teams and the filter of their names.
#[derive(Debug)]
pub(super) struct TeamDiscovery {
    pub(super) teams: EndpointState<Vec<Identity>>,
    filter: NameFilter,
}

impl TeamDiscovery {
    pub(super) fn new(filter: NameFilter) -> Self {
        let teams = EndpointState::new(Endpoint::Teams);
        Self { teams, filter }
    }

    /// Starts the poll if it is due.
    pub(super) fn start_due(&mut self, round: &mut PollRound<'_>) {
        if !round.is_due(&self.teams.schedule) {
            return;
        }
        let (context, history) = (Arc::clone(round.context), self.teams.history());
        let poll = async move {
            let result = context.with_token(async |token| {
                let teams = context.client.teams(&token, history.validator.as_ref());
                Ok(teams.await?)
            });
            Response::Teams(result.await)
        };
        round.start(&mut self.teams.schedule, poll);
    }

    /// Returns the teams that the filter allows, sorted by name.
    pub(super) fn selected(&self) -> Vec<&Identity> {
        let teams = self.teams.status.data().into_iter().flatten();
        let mut selected: Vec<_> = teams
            .filter(|team| self.filter.allows(&team.name))
            .collect();
        selected.sort_by_key(|team| (&team.name, &team.id));
        selected
    }

    /// Returns whether a team is no longer listed, or the filter rejects its name. If rows were
    /// skipped, absence proves nothing, because an undecodable row could be any team.
    pub(super) fn excludes(&self, id: &str) -> bool {
        let mut teams = self.teams.status.data().into_iter().flatten();
        let listed = teams.find(|team| team.id == id);
        listed.map_or(self.teams.is_complete(), |team| {
            !self.filter.allows(&team.name)
        })
    }
}
