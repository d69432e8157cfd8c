//! The company that is billed: what the simulator answers from. Plain data; nothing here knows
//! HTTP.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A company with accounts at Heroku: its teams, each with its invoices and its usage, the
/// enterprise accounts that some of them belong to, and the token owner's personal account.
///
/// It is read from and written to JSON, so that a fixture file can describe one.
///
/// Nothing makes the figures agree with each other: what a fixture says is what is sent. To have
/// invoices that disagree with their usage, write them so, or change those of
/// [`Company::believable`]:
///
/// ```
/// use heroku_sim::Company;
///
/// let mut company = Company::believable(1, jiff::civil::date(2026, 8, 14));
/// // A charge that no usage explains, on the newest invoice of the first team.
/// company.teams[0].invoices[12]["platform_total"] = 1_000_000.into();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// The teams that the token can see. `GET /teams` gives them ordered by id, whatever their
    /// order here.
    pub teams: Vec<Team>,
    /// The enterprise accounts that the token's owner is a member of. `GET /enterprise-accounts`
    /// gives them ordered by id.
    #[serde(default)]
    pub enterprise_accounts: Vec<EnterpriseAccount>,
    /// The rows of `GET /account/invoices` (schema: `invoice`): the personal account of the token's
    /// owner, which is never billed for a team. Sent exactly as they stand here; an empty list
    /// where nobody has been billed.
    #[serde(default)]
    pub personal_invoices: Vec<Value>,
    /// Seconds until the token expires, as `GET /oauth/authorizations` says it (schema:
    /// `oauth-authorization.access_token.expires_in`); `null` there for one that never does. It
    /// does not count down by itself, and the token is accepted whatever it says.
    #[serde(default)]
    pub token_expires_in: Option<u64>,
}

/// An enterprise account, to which teams belong by [`Team::enterprise_account`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EnterpriseAccount {
    /// The account's UUID (schema: `enterprise-account.id`). Its usage endpoint takes nothing else.
    pub id: String,
    /// The account's unique name (schema: `enterprise-account.name`). Every endpoint but usage
    /// takes it in place of the id.
    pub name: String,
    /// The rows of `GET /enterprise-accounts/{id}/usage/monthly` (schema:
    /// `enterprise-account-monthly-usage`), sent exactly as they stand here and filtered as a
    /// team's are. Without them each month's row is made of the usage of the account's teams, and
    /// agrees with it.
    #[serde(default)]
    pub usage: Option<Vec<Value>>,
}

/// One Heroku team and the rows that its billing endpoints give.
///
/// The rows are sent exactly as they stand here, so a test can send fields that are missing,
/// `null`, of another type or unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Team {
    /// The team's UUID (schema: `team.id`). The usage endpoint takes nothing else.
    pub id: String,
    /// The team's unique name (schema: `team.name`). Every endpoint but usage takes it in place of
    /// the id.
    pub name: String,
    /// Whether Salesforce bills the team under a contract. Such a team has no invoices: 403. Its
    /// `type` is `enterprise` (schema: `team.type`), as is that of a team with an
    /// [`enterprise_account`](Team::enterprise_account), which may well have invoices.
    #[serde(default)]
    pub enterprise: bool,
    /// Whether the usage endpoint serves this team. It is documented for enterprise teams and may
    /// be absent for card-paying ones: 403 when false.
    #[serde(default = "available")]
    pub usage_available: bool,
    /// The rows of `GET /teams/{team}/invoices` (schema: `team-invoice`).
    #[serde(default)]
    pub invoices: Vec<Value>,
    /// The rows of `GET /teams/{id}/usage/monthly` (schema: `team-monthly-usage`). A row is
    /// filtered by its `month`; one whose month cannot be read is always sent.
    #[serde(default)]
    pub usage: Vec<Value>,
    /// Id or name of the [`EnterpriseAccount`] that the team belongs to (schema:
    /// `team.enterprise_account`). One that the company does not list is shown as `null`.
    #[serde(default)]
    pub enterprise_account: Option<String>,
    /// What `GET /teams/{id or name}/delinquency` answers (schema: `team-delinquency`), sent
    /// exactly as it stands here. Without it both times are `null`: nothing is scheduled.
    #[serde(default)]
    pub delinquency: Option<Value>,
    /// The rows of `GET /teams/{id or name}/licenses` (schema: `team-license`). Without them the
    /// endpoint, a prototype, is not there for the team: 404.
    #[serde(default)]
    pub licenses: Option<Vec<Value>>,
}

impl Default for Team {
    /// A team without a name, for `..Team::default()`: what a fixture does not say is what JSON
    /// that does not say it gives.
    fn default() -> Team {
        Team {
            id: String::new(),
            name: String::new(),
            enterprise: false,
            usage_available: available(),
            invoices: Vec::new(),
            usage: Vec::new(),
            enterprise_account: None,
            delinquency: None,
            licenses: None,
        }
    }
}

/// What `usage_available` is where a fixture does not say.
fn available() -> bool {
    true
}

impl Company {
    /// Reads a company from JSON: `{"teams": [{"id": "…", "name": "…"}]}` at the least.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, or a team lacks its `id` or `name`.
    pub fn from_json(text: &str) -> Result<Company, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The account that a team belongs to, if the company lists it.
    pub(crate) fn account_of(&self, team: &Team) -> Option<&EnterpriseAccount> {
        let identity = team.enterprise_account.as_deref()?;
        self.enterprise_accounts
            .iter()
            .find(|account| account.is_called(identity))
    }

    /// The teams that belong to an account.
    pub(crate) fn teams_of(&self, account: &EnterpriseAccount) -> impl Iterator<Item = &Team> {
        self.teams.iter().filter(|team| {
            self.account_of(team)
                .is_some_and(|owner| owner.id == account.id)
        })
    }
}

impl EnterpriseAccount {
    /// Whether `identity` names this account, by id or by name (schema:
    /// `enterprise-account.identity`).
    pub(crate) fn is_called(&self, identity: &str) -> bool {
        self.id == identity || self.name == identity
    }
}

impl Team {
    /// Whether `identity` names this team, by id or by name (schema: `team.identity`).
    pub(crate) fn is_called(&self, identity: &str) -> bool {
        self.id == identity || self.name == identity
    }

    /// Whether the team is one of an enterprise (schema: `team.type`).
    pub(crate) fn is_enterprise(&self) -> bool {
        self.enterprise || self.enterprise_account.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Company, Team};

    #[test]
    fn a_fixture_needs_only_names() {
        let company = Company::from_json(r#"{"teams": [{"id": "1", "name": "ops"}]}"#).unwrap();
        assert!(!company.teams[0].enterprise);
        assert!(company.teams[0].usage_available);
        assert!(company.teams[0].invoices.is_empty());
        assert!(company.enterprise_accounts.is_empty() && company.personal_invoices.is_empty());
        let same = Team {
            id: "1".to_owned(),
            name: "ops".to_owned(),
            ..Team::default()
        };
        assert_eq!(company.teams[0], same);
        let again = serde_json::to_string(&company).unwrap();
        assert_eq!(Company::from_json(&again).unwrap(), company);
    }
}
