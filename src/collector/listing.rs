//! Which teams the token sees: asked again and again, because teams are made, renamed and deleted.

use super::asking::Asking;
use super::endpoint::{Before, EndpointState, Noted, Slot};
use super::error::Error;
use super::source::Answered;
use crate::collector::state::{About, Kept, Restored};
use crate::snapshot::EndpointStatus;
use billing::name_filter::NameFilter;
use heroku_api::client::Conditional;
use heroku_api::stats::Endpoint;
use heroku_api::team::Identity;

/// The list of teams.
#[derive(Debug)]
pub(super) struct Listing {
    teams: EndpointState<Vec<Identity>>,
    filter: NameFilter,
}

impl Listing {
    pub(super) fn new(filter: NameFilter) -> Self {
        let teams = EndpointState::new(Endpoint::Teams);
        Self { teams, filter }
    }

    /// Takes in what an earlier run of the program kept.
    pub(super) fn restore(&mut self, kept: &mut Restored) {
        self.teams.restore(kept.teams.remove(&About::Teams));
    }

    /// What is to be kept for a later run of the program.
    pub(super) fn kept(&self) -> Option<Kept<'_>> {
        self.teams.kept(About::Teams)
    }

    pub(super) fn slot(&mut self) -> Slot<'_> {
        self.teams.slot()
    }

    /// When it is asked next.
    pub(super) fn next_due(&self) -> Option<tokio::time::Instant> {
        self.teams.schedule.next_due()
    }

    pub(super) fn question(&self) -> Before {
        self.teams.before()
    }

    /// Takes in what was answered, and tells whether there is something new to keep.
    pub(super) fn note(
        &mut self,
        fetched: Result<Conditional<Vec<Identity>>, Error>,
        context: Noted,
    ) -> bool {
        self.teams.note("*", fetched, context)
    }

    pub(super) fn known(&self) -> &EndpointStatus<Vec<Identity>> {
        &self.teams.outcome
    }

    /// Whether a team that the list does not have is not there. In a row that could not be
    /// understood any team may stand.
    pub(super) fn is_whole(&self) -> bool {
        self.teams.is_whole()
    }

    /// The teams that are asked for.
    pub(super) fn taken(&self) -> impl Iterator<Item = &Identity> {
        let teams = self.teams.outcome.data().into_iter().flatten();
        teams.filter(|team| self.filter.allows(&team.name))
    }

    /// Whether a team is in the list and its name is one that is not wanted.
    pub(super) fn refuses(&self, id: &str) -> bool {
        let teams = self.teams.outcome.data();
        let listed = teams.and_then(|teams| teams.iter().find(|team| team.id == id));
        listed.is_some_and(|team| !self.filter.allows(&team.name))
    }
}

/// Asks for the list.
pub(super) async fn ask(before: Before, asking: &Asking) -> Answered {
    let teams = async {
        let token = asking.token().await?;
        Ok(asking
            .client
            .teams(&token, before.validator.as_ref())
            .await?)
    };
    Answered::Teams(asking.in_time(teams).await)
}
