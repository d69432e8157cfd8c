//! An enterprise account as it is polled: one answer tells the usage of all its teams.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::asked_team::is_id;
use super::asking::Asking;
use super::endpoint::{Before, EndpointState, Noted, Slot};
use super::error::Error;
use super::source::Answered;
use crate::collector::state::{About, Kept, Particular, Restored};
use crate::snapshot::FailureReason;
use crate::snapshot::{self, EndpointStatus, LastSuccess, Team};
use billing::month::Month;
use billing::usage::Usage;
use heroku_api::client::{Client, Conditional};
use heroku_api::enterprise::AccountUsage;
use heroku_api::stats::Endpoint;
use heroku_api::team::Account;

/// An enterprise account, and what is known of its teams.
#[derive(Debug)]
pub(super) struct AccountState {
    asked: Arc<AskedAccount>,
    usage: EndpointState<AccountUsage>,
    /// What each team used, by its id; by its name where Heroku gives no id. Figures of a team that
    /// did not change stay the same whatever the others' do.
    teams: BTreeMap<String, LastSuccess<Usage>>,
}

/// An account as the settings name it, and who it is once Heroku has said so.
#[derive(Debug)]
struct AskedAccount {
    id_or_name: String,
    account: OnceCell<Particular<Account>>,
}

/// What is to be asked of an account.
#[derive(Debug)]
pub(super) struct Question {
    account: Arc<AskedAccount>,
    month: Month,
    now: Timestamp,
    before: Before,
}

impl AccountState {
    pub(super) fn new(id_or_name: &str) -> Self {
        Self {
            asked: Arc::new(AskedAccount {
                id_or_name: id_or_name.to_owned(),
                account: OnceCell::new(),
            }),
            usage: EndpointState::new(Endpoint::Usage),
            teams: BTreeMap::new(),
        }
    }

    fn about(&self) -> About {
        About::EnterpriseAccount(self.asked.id_or_name.clone())
    }

    /// Takes in what an earlier run of the program kept.
    pub(super) fn restore(&mut self, kept: &mut Restored) {
        if let Some(account) = kept.accounts.remove(&self.about()) {
            // Fails only where it is known already.
            let _ = self.asked.account.set(account);
        }
        self.usage.restore(kept.account_usage.remove(&self.about()));
        self.tell_apart();
    }

    /// What is to be kept for a later run of the program.
    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        let account = self.asked.account.get().map(|account| Kept {
            about: self.about(),
            endpoint: Endpoint::EnterpriseAccount,
            at: account.at,
            changed_at: account.at,
            validator: None,
            pages: &account.pages,
        });
        account.into_iter().chain(self.usage.kept(self.about()))
    }

    pub(super) fn slot(&mut self) -> Slot<'_> {
        self.usage.slot()
    }

    /// When it is asked next.
    pub(super) fn next_due(&self) -> Option<tokio::time::Instant> {
        self.usage.schedule.next_due()
    }

    /// What to ask in `month`, at the instant `now`.
    pub(super) fn question(&self, month: Month, now: Timestamp) -> Question {
        Question {
            account: Arc::clone(&self.asked),
            month,
            now,
            before: self.usage.before(),
        }
    }

    /// Takes in what was answered, and tells whether there is something new to keep.
    pub(super) fn note(
        &mut self,
        fetched: Result<Conditional<AccountUsage>, Error>,
        context: Noted,
    ) -> bool {
        let error = fetched.as_ref().err();
        let is_gone =
            error.is_some_and(|e| e.is_absence() && e.reason() != FailureReason::NotAvailable);
        let name = self.asked.id_or_name.clone();
        let is_new = self.usage.note(&name, fetched, context);
        if is_new {
            self.tell_apart();
        }
        if is_gone && !is_id(&name) {
            // One that was made anew has its name back, and another id.
            self.asked = Arc::new(AskedAccount {
                id_or_name: name,
                account: OnceCell::new(),
            });
        }
        is_new
    }

    /// Tells the answer's teams apart.
    fn tell_apart(&mut self) {
        let Some(good) = &self.usage.outcome.last_good else {
            return;
        };
        let mut before = std::mem::take(&mut self.teams);
        for (key, team) in &good.data.teams {
            // Of a team that is new to this program Heroku may have told the same for long.
            let first = || LastSuccess {
                data: Arc::new(team.usage.clone()),
                at: good.at,
                changed_at: good.changed_at,
            };
            let renewed = match before.remove(key) {
                Some(before) => LastSuccess::renewed(Some(before), team.usage.clone(), good.at),
                None => first(),
            };
            self.teams.insert(key.clone(), renewed);
        }
    }

    /// The account's id or name as the settings have it, unless Heroku never told of it and says
    /// that it will not: then its teams are asked for their usage themselves.
    pub(super) fn telling(&self) -> Option<&str> {
        use FailureReason::{Forbidden, NotAvailable, NotFound};
        let failure = self.usage.outcome.failure.as_ref();
        let refuses = failure
            .is_some_and(|failure| matches!(failure.reason, Forbidden | NotAvailable | NotFound));
        let tells = self.usage.was_answered() || !refuses;
        tells.then_some(self.asked.id_or_name.as_str())
    }

    /// How asking goes, with what the account tells of the team of this id or name.
    pub(super) fn told_of(&self, id: Option<&str>, name: &str) -> Option<EndpointStatus<Usage>> {
        let good = self
            .teams
            .get(id.unwrap_or(name))
            .or_else(|| self.teams.get(name))?;
        Some(self.outcome(Some(good.clone())))
    }

    /// How asking goes, without any figures.
    pub(super) fn told_nothing(&self) -> EndpointStatus<Usage> {
        self.outcome(None)
    }

    fn outcome(&self, last_good: Option<LastSuccess<Usage>>) -> EndpointStatus<Usage> {
        EndpointStatus {
            last_good,
            failure: self.usage.outcome.failure.clone(),
            record: self.usage.outcome.record.clone(),
        }
    }

    /// What is known of the account's teams. None is asked for by itself.
    pub(super) fn teams(&self) -> impl Iterator<Item = Team> {
        let usage = self.usage.outcome.data();
        self.teams.iter().map(move |(key, good)| {
            let team = usage.and_then(|usage| usage.teams.get(key));
            let name = good.data.team_name().unwrap_or(key);
            Team {
                id: team.and_then(|team| team.id.clone()),
                name: name.to_owned(),
                usage: self.outcome(Some(good.clone())),
                ..Team::default()
            }
        })
    }

    /// The account as a Snapshot has it.
    pub(super) fn known(&self) -> snapshot::Account {
        snapshot::Account {
            name: self.asked.id_or_name.clone(),
            usage: self.usage.outcome.clone(),
        }
    }
}

impl Question {
    /// Asks it.
    pub(super) async fn ask(self, asking: &Asking) -> Answered {
        Answered::AccountUsage(asking.in_time(self.ask_usage(asking)).await)
    }

    async fn ask_usage(&self, asking: &Asking) -> Result<Conditional<AccountUsage>, Error> {
        let (client, token) = (&asking.client, asking.token().await?);
        let id = self.id(client, &token).await?;
        let months = (self.month.previous(), self.month);
        let known = self.before.validator.as_ref();
        match client
            .account_usage(&token, id, months, known)
            .await
            .map_err(Error::from)
        {
            Err(error) if error.is_absence() && !self.before.was_answered => {
                Err(match self.account(client, &token).await {
                    Ok(_) => Error::NotAvailable(Box::new(error)),
                    Err(of_account) => absent(of_account),
                })
            }
            other => other,
        }
    }

    /// Who the account is, asked for until it was answered once.
    async fn account(
        &self,
        client: &Client,
        token: &SecretString,
    ) -> Result<&Particular<Account>, Error> {
        let ask = async || {
            let answer = client
                .enterprise_account(token, &self.account.id_or_name)
                .await?;
            Ok(Particular {
                data: Some(Arc::new(answer.data)),
                at: self.now,
                pages: answer.pages,
            })
        };
        self.account.account.get_or_try_init(ask).await
    }

    /// The account's id, which usage is asked by.
    async fn id(&self, client: &Client, token: &SecretString) -> Result<&str, Error> {
        let asked = &self.account.id_or_name;
        if is_id(asked) {
            return Ok(asked);
        }
        let account = self.account(client, token).await.map_err(absent)?;
        let id = account
            .data
            .as_ref()
            .and_then(|account| account.id.as_ref());
        Ok(id.unwrap_or(asked))
    }
}

/// The error of asking who an account is.
fn absent(error: Error) -> Error {
    match error.reason() {
        FailureReason::NotFound => Error::AccountNotFound(Box::new(error)),
        _ => error,
    }
}
