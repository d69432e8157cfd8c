//! A team as it is polled by itself: who it is, what is known of it, and how its endpoints are asked.

use std::sync::Arc;

use jiff::Timestamp;

use super::asked_team::{AskedTeam, Question, is_id};
use super::endpoint::{EndpointState, Noted, Slot};
use super::source::Answered;
use crate::collector::state::{About, Kept, Particular, Restored};
use crate::snapshot::{EndpointStatus, Team};
use billing::invoice::Invoices;
use billing::month::Month;
use billing::usage::Usage;
use heroku_api::stats::Endpoint;
use heroku_api::team::Identity;

/// A team, and what is known of it.
#[derive(Debug)]
pub(super) struct TeamState {
    asked: Arc<AskedTeam>,
    /// Whether it is asked for because the token sees it, and not because the settings name it.
    is_seen: bool,
    /// The name by which usage last called it.
    called: Option<String>,
    invoices: EndpointState<Invoices>,
    usage: EndpointState<Usage>,
    /// Whether an enterprise account that is asked tells its usage.
    is_told_by_account: bool,
}

impl TeamState {
    /// A team that the settings name.
    pub(super) fn named(id_or_name: &str, several_teams: bool) -> Self {
        // With a single team given by its id, each usage row tells the name.
        let identify = several_teams || !is_id(id_or_name);
        Self::new(AskedTeam::new(id_or_name.to_owned(), identify), false)
    }

    /// A team that the token sees.
    pub(super) fn seen(identity: Identity, at: Timestamp) -> Self {
        Self::new(
            AskedTeam::known(identity.id.clone(), listed(identity, at)),
            true,
        )
    }

    fn new(asked: AskedTeam, is_seen: bool) -> Self {
        Self {
            asked: Arc::new(asked),
            is_seen,
            called: None,
            invoices: EndpointState::new(Endpoint::Invoices),
            usage: EndpointState::new(Endpoint::Usage),
            is_told_by_account: false,
        }
    }

    /// Takes in what an earlier run of the program kept.
    pub(super) fn restore(&mut self, kept: &mut Restored) {
        let about = self.about();
        if !self.is_seen
            && let Some(identity) = kept.identities.remove(&about)
        {
            self.identify(identity);
        }
        self.invoices.restore(kept.invoices.remove(&about));
        self.usage.restore(kept.usage.remove(&about));
        self.learn_name();
    }

    /// What is to be kept for a later run of the program.
    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        let asked = self
            .identity()
            .filter(|identity| !identity.pages.is_empty());
        let identity = asked.map(|identity| Kept {
            about: self.about(),
            endpoint: Endpoint::Team,
            at: identity.at,
            changed_at: identity.at,
            validator: None,
            pages: &identity.pages,
        });
        let answers = [
            identity.filter(|_| !self.is_seen),
            self.invoices.kept(self.about()),
            self.usage.kept(self.about()),
        ];
        answers.into_iter().flatten()
    }

    /// Whom its answers are about, in the state file.
    pub(super) fn about(&self) -> About {
        About::Team(self.asked.id_or_name.clone())
    }

    pub(super) fn slots(&mut self) -> [Slot<'_>; 2] {
        let usage = Slot {
            is_wanted: !self.is_told_by_account,
            ..self.usage.slot()
        };
        [self.invoices.slot(), usage]
    }

    /// How many of its endpoints are asked.
    pub(super) fn endpoints_asked(&self) -> usize {
        if self.is_told_by_account { 1 } else { 2 }
    }

    /// When an endpoint is asked next.
    pub(super) fn next_due(&self) -> Option<tokio::time::Instant> {
        let usage = self.usage.schedule.next_due();
        let usage = usage.filter(|_| !self.is_told_by_account);
        let due = [self.invoices.schedule.next_due(), usage];
        due.into_iter().flatten().min()
    }

    /// What to ask an endpoint in `month`, at the instant `now`. `accounts` tell the usage of their
    /// teams.
    pub(super) fn question(
        &self,
        endpoint: Endpoint,
        month: Month,
        now: Timestamp,
        accounts: Arc<[String]>,
    ) -> Question {
        let before = match endpoint {
            Endpoint::Usage => self.usage.before(),
            _ => self.invoices.before(),
        };
        Question {
            team: Arc::clone(&self.asked),
            endpoint,
            month,
            now,
            before,
            team_exists: self.exists(),
            accounts,
        }
    }

    /// Whether Heroku has told anything of the team, so that there is one.
    pub(super) fn exists(&self) -> bool {
        self.is_seen || self.invoices.was_answered() || self.usage.was_answered()
    }

    /// Whether all that is asked of it has been tried once.
    pub(super) fn is_tried(&self) -> bool {
        let tried = |polls| polls > 0;
        tried(self.invoices.outcome.record.polls)
            && (self.is_told_by_account || tried(self.usage.outcome.record.polls))
    }

    pub(super) fn is_seen(&self) -> bool {
        self.is_seen
    }

    /// Takes in who the team is.
    pub(super) fn identify(&mut self, identity: Particular<Identity>) {
        let AskedTeam {
            id_or_name,
            identify,
            ..
        } = &*self.asked;
        self.asked = Arc::new(AskedTeam {
            identify: *identify,
            ..AskedTeam::known(id_or_name.clone(), identity)
        });
    }

    /// Takes in what the list of teams says of it.
    pub(super) fn relist(&mut self, identity: Identity, at: Timestamp) {
        self.identify(listed(identity, at));
    }

    /// Who the team is, as far as is known.
    pub(super) fn identity(&self) -> Option<&Particular<Identity>> {
        self.asked.identity.get()
    }

    fn known_identity(&self) -> Option<&Identity> {
        self.identity()?.data.as_deref()
    }

    /// Takes in whether one of `accounts` tells its usage. Such an account tells of the teams that
    /// used something; that a team belongs to it is enough.
    pub(super) fn leave_usage_to(&mut self, accounts: &[String], tells: impl Fn(&Self) -> bool) {
        let belongs = accounts.iter().any(|account| self.is_of(account));
        self.is_told_by_account = belongs || tells(self);
    }

    /// Whether it is known to belong to this enterprise account, given by its id or its name.
    pub(super) fn is_of(&self, account: &str) -> bool {
        let owner = self
            .known_identity()
            .and_then(|identity| identity.enterprise_account.as_ref());
        owner.is_some_and(|owner| owner.is_called(account))
    }

    /// Whether it is the team that has this id, or, while its id is not known, this name.
    pub(super) fn is_called(&self, id: Option<&str>, name: &str) -> bool {
        match (self.id(), id) {
            (Some(own), Some(id)) => own == id,
            _ => self.name() == name || id == Some(&self.asked.id_or_name),
        }
    }

    /// Takes in what an endpoint answered, and tells whether there is something new to keep.
    pub(super) fn note(&mut self, answered: Answered, context: Noted) -> bool {
        let team = self.name().to_owned();
        let is_gone = answered.is_gone();
        let is_new = match answered {
            Answered::Invoices(fetched) => self.invoices.note(&team, fetched, context),
            Answered::Usage(fetched) => self.usage.note(&team, fetched, context),
            Answered::UsageToldByAccount => {
                self.usage.schedule.succeed(context.pauses);
                self.is_told_by_account = true;
                false
            }
            Answered::Teams(_) | Answered::AccountUsage(_) => false,
        };
        self.learn_name();
        if is_gone && !is_id(&self.asked.id_or_name) {
            // A team that was deleted and made again has its name back, and another id.
            let AskedTeam {
                id_or_name,
                identify,
                ..
            } = &*self.asked;
            self.asked = Arc::new(AskedTeam::new(id_or_name.clone(), *identify));
        }
        is_new
    }

    fn learn_name(&mut self) {
        if let Some(name) = self.usage.outcome.data().and_then(Usage::team_name) {
            self.called = Some(name.to_owned());
        }
    }

    /// The team's name: where the token's teams are listed, as the list has it; else as usage has
    /// it, which is asked anew each time too and so follows a renaming; else as Heroku once said;
    /// else as the settings say.
    pub(super) fn name(&self) -> &str {
        let identity = self.known_identity().map(|identity| &*identity.name);
        let listed = identity.filter(|_| self.is_seen);
        let named = listed.or(self.called.as_deref()).or(identity);
        named.unwrap_or(&self.asked.id_or_name)
    }

    /// The team's id, where it is known.
    pub(super) fn id(&self) -> Option<&str> {
        let asked = &self.asked.id_or_name;
        let id = self.known_identity().map(|identity| &*identity.id);
        id.or_else(|| is_id(asked).then_some(asked.as_str()))
    }

    /// By what to ask for its particulars.
    pub(super) fn id_or_name(&self) -> &str {
        self.id().unwrap_or(&self.asked.id_or_name)
    }

    /// What is known of the team. `told` is what an enterprise account tells of its usage.
    pub(super) fn known(&self, told: impl FnOnce(&Self) -> Option<EndpointStatus<Usage>>) -> Team {
        let mut usage = self.usage.outcome.clone();
        // Users alert on the two rows of a team that they name; they stay, and say what is so.
        let mut asked = Team::ENDPOINTS;
        if self.is_told_by_account {
            if self.is_seen {
                asked = &[Endpoint::Invoices];
            }
            if let Some(told) = told(self) {
                let own = usage.last_good.take();
                usage = told;
                usage.last_good = usage.last_good.or(own);
            }
        }
        Team {
            id: self.id().map(str::to_owned),
            name: self.name().to_owned(),
            invoices: self.invoices.outcome.clone(),
            usage,
            asked,
            ..Team::default()
        }
    }
}

/// Who a team is, as the list of teams has it. The list itself is what is kept of it.
fn listed(identity: Identity, at: Timestamp) -> Particular<Identity> {
    Particular {
        data: Some(Arc::new(identity)),
        at,
        pages: Vec::new(),
    }
}
