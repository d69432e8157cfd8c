//! What the store keeps: decoded answers and their times.

use std::collections::HashMap;
use std::sync::Arc;

use billing::invoice::Invoices;
use billing::nights::Night;
use billing::resources::DynoSize;
use billing::run_rate::Inventory;
use billing::usage::Usage;
use heroku_api::client::Validator;
use heroku_api::enterprise::AccountUsage;
use heroku_api::skipped::Skipped;
use heroku_api::stats::Endpoint;
use heroku_api::team::{Account, Delinquency, Identity, Licenses};
use jiff::Timestamp;

/// The subject of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A team.
    Team(Key),
    /// An enterprise account.
    EnterpriseAccount(Key),
    /// The token's own account.
    PersonalAccount,
    /// The list of discovered teams.
    Discovery,
}

/// The id and the name of a team or an enterprise account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Heroku's id, if it is known.
    pub id: Option<String>,
    /// The name, or the id while the name is unknown.
    pub name: String,
}

/// A decoded answer of Heroku.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The subject.
    pub subject: Subject,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// When Heroku last returned or confirmed the data.
    pub at: Timestamp,
    /// When Heroku first returned it.
    pub changed_at: Timestamp,
    /// The validator for a conditional request.
    pub validator: Option<Validator>,
    /// What could not be decoded. Only the numbers are stored, because errors can quote the answer.
    pub skipped: Skipped,
    /// The data; `None` if the endpoint is not available.
    pub data: Option<Data>,
}

impl Answer {
    /// Creates the answer of a metadata endpoint.
    pub fn of_fact<T>(subject: Subject, endpoint: Endpoint, fact: &Fact<T>) -> Self
    where
        Data: From<Arc<T>>,
    {
        Self {
            subject,
            endpoint,
            at: fact.at,
            changed_at: fact.at,
            validator: None,
            skipped: Skipped::default(),
            data: fact.data.clone().map(Into::into),
        }
    }
}

/// The data of an answer.
#[derive(Clone, Debug)]
pub enum Data {
    /// The invoices of a team or of the personal account.
    Invoices(Arc<Invoices>),
    /// The usage of a team in the current and the previous month.
    Usage(Arc<Usage>),
    /// The usage of an enterprise account's teams in the current and the previous month.
    AccountUsage(Arc<AccountUsage>),
    /// The list of discovered teams.
    Teams(Arc<Vec<Identity>>),
    /// The identity of a team.
    Identity(Arc<Identity>),
    /// The identity of an enterprise account.
    Account(Arc<Account>),
    /// The delinquency of a team.
    Delinquency(Arc<Delinquency>),
    /// The licenses of a team.
    Licenses(Arc<Licenses>),
}

/// Implements `From<Arc<T>>` for the variant of each type.
macro_rules! variants {
    ($($variant:ident($data:ty)),*) => {
        $(impl From<Arc<$data>> for Data {
            fn from(data: Arc<$data>) -> Self {
                Self::$variant(data)
            }
        })*
    };
}

variants! {
    Invoices(Invoices), Usage(Usage), AccountUsage(AccountUsage), Teams(Vec<Identity>),
    Identity(Identity), Account(Account), Delinquency(Delinquency), Licenses(Licenses)
}

/// The usage of past months, from one ranged request.
#[derive(Clone, Debug)]
pub enum PastUsage {
    /// The usage of a team.
    Team(Key, Usage),
    /// The usage of an enterprise account's teams.
    EnterpriseAccount(Key, AccountUsage),
}

/// The last answers, with which polling continues after a restart.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The teams by id, or by name while the id is unknown.
    pub teams: HashMap<String, LoadedTeam>,
    /// The ids of teams by name, of the team that had the name last.
    pub team_ids: HashMap<String, String>,
    /// The enterprise accounts by id, or by name while the id is unknown.
    pub accounts: HashMap<String, LoadedAccount>,
    /// The ids of enterprise accounts by name.
    pub account_ids: HashMap<String, String>,
    /// The invoices of the personal account.
    pub personal_invoices: Option<LoadedAnswer<Invoices>>,
    /// What ran in the personal account when it was last known.
    pub personal_inventory: Option<Inventory>,
    /// The list of discovered teams.
    pub discovery: Option<LoadedAnswer<Vec<Identity>>>,
    /// The dyno sizes; empty if they are not known.
    pub dyno_sizes: Vec<DynoSize>,
}

/// The last answers about a team.
#[derive(Debug, Default)]
pub struct LoadedTeam {
    /// The invoices.
    pub invoices: Option<LoadedAnswer<Invoices>>,
    /// The usage.
    pub usage: Option<LoadedAnswer<Usage>>,
    /// The identity.
    pub identity: Option<Fact<Identity>>,
    /// The delinquency.
    pub delinquency: Option<Fact<Delinquency>>,
    /// The licenses.
    pub licenses: Option<Fact<Licenses>>,
    /// The recorded nights, oldest first.
    pub nights: Vec<Night>,
    /// When Heroku last confirmed the usage.
    pub usage_at: Option<Timestamp>,
    /// When Heroku returned the usage of past months.
    pub past_usage_at: Option<Timestamp>,
    /// What ran when it was last known.
    pub inventory: Option<Inventory>,
}

/// The last answers about an enterprise account.
#[derive(Debug, Default)]
pub struct LoadedAccount {
    /// The usage of its teams.
    pub usage: Option<LoadedAnswer<AccountUsage>>,
    /// The identity.
    pub identity: Option<Fact<Account>>,
    /// When Heroku last confirmed the usage.
    pub usage_at: Option<Timestamp>,
    /// When Heroku returned the usage of past months.
    pub past_usage_at: Option<Timestamp>,
}

/// The last answer of a polled endpoint.
#[derive(Clone, Debug)]
pub struct LoadedAnswer<T> {
    /// The data.
    pub data: T,
    /// When Heroku last returned or confirmed it.
    pub at: Timestamp,
    /// When Heroku first returned it.
    pub changed_at: Timestamp,
    /// The validator for a conditional request.
    pub validator: Option<Validator>,
    /// What could not be decoded, without error texts.
    pub skipped: Skipped,
}

/// The last answer of a metadata endpoint.
#[derive(Debug)]
pub struct Fact<T> {
    /// The data; `None` if the endpoint is not available.
    pub data: Option<Arc<T>>,
    /// When Heroku returned it.
    pub at: Timestamp,
}

// A derive would require `T: Clone`.
impl<T> Clone for Fact<T> {
    fn clone(&self) -> Self {
        Self {
            data: self.data.clone(),
            at: self.at,
        }
    }
}

impl Loaded {
    /// Returns the answers about the team with this id or name.
    pub fn team(&mut self, id_or_name: &str) -> Option<&mut LoadedTeam> {
        let key = self.team_ids.get(id_or_name);
        self.teams.get_mut(key.map_or(id_or_name, String::as_str))
    }

    /// Returns the answers about the enterprise account with this id or name.
    pub fn account(&mut self, id_or_name: &str) -> Option<&mut LoadedAccount> {
        let key = self.account_ids.get(id_or_name);
        self.accounts
            .get_mut(key.map_or(id_or_name, String::as_str))
    }

    /// Brings times in the future down to `now`, because the clock may have been set back.
    pub(super) fn limit_times(&mut self, now: Timestamp) {
        fn answer<T>(answer: &mut Option<LoadedAnswer<T>>, now: Timestamp) {
            if let Some(answer) = answer {
                answer.at = answer.at.min(now);
                answer.changed_at = answer.changed_at.min(answer.at);
            }
        }
        fn fact<T>(fact: &mut Option<Fact<T>>, now: Timestamp) {
            if let Some(fact) = fact {
                fact.at = fact.at.min(now);
            }
        }
        for team in self.teams.values_mut() {
            answer(&mut team.invoices, now);
            answer(&mut team.usage, now);
            fact(&mut team.identity, now);
            fact(&mut team.delinquency, now);
            fact(&mut team.licenses, now);
        }
        for account in self.accounts.values_mut() {
            answer(&mut account.usage, now);
            fact(&mut account.identity, now);
        }
        answer(&mut self.personal_invoices, now);
        answer(&mut self.discovery, now);
    }
}
