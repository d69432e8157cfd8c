//! The data that the simulator serves. Independent of HTTP.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A company with Heroku accounts.
///
/// It has teams with their invoices and usage, the enterprise accounts that some teams belong to,
/// and the personal account of the token's owner.
///
/// A company is synthetic ([`Company::synthetic`], [`Company::of_size`]) or read from a JSON
/// fixture ([`Company::from_json`]). Rows are served unchanged and are not checked for consistency.
/// To test inconsistent data, change a synthetic company:
///
/// ```
/// use heroku_sim::Company;
///
/// let mut company = Company::synthetic(1, jiff::civil::date(2026, 8, 14));
/// // A charge without matching usage, on the newest invoice of the first team.
/// company.teams[0].invoices[12]["platform_total"] = 1_000_000.into();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// The teams that the token has access to. `GET /teams` orders them by id.
    pub teams: Vec<Team>,
    /// The enterprise accounts of the token's owner. `GET /enterprise-accounts` orders them by id.
    #[serde(default)]
    pub enterprise_accounts: Vec<EnterpriseAccount>,
    /// The rows of `GET /account/invoices` (schema: `invoice`): the invoices of the personal
    /// account of the token's owner, which is never billed for a team.
    #[serde(default)]
    pub personal_invoices: Vec<Value>,
    /// What runs in the personal account of the token's owner, and apps on which the owner only
    /// collaborates: `GET /users/~/…`.
    #[serde(default)]
    pub personal_resources: Resources,
    /// The rows of `GET /pipelines` (schema: `pipeline`).
    #[serde(default)]
    pub pipelines: Vec<Value>,
    /// The rows of `GET /dyno-sizes` (schema: `dyno-size`). If `None`, Heroku's sizes.
    #[serde(default)]
    pub dyno_sizes: Option<Vec<Value>>,
    /// Seconds until the token expires, as served by `GET /oauth/authorizations` (schema:
    /// `oauth-authorization.access_token.expires_in`), or `None` if it never expires. The value is
    /// constant, and the simulator never rejects the token as expired.
    #[serde(default)]
    pub token_expires_in: Option<u64>,
}

/// What runs in a team or a personal account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// The rows of `GET /teams/{id or name}/apps` (schema: `team-app`) or `GET /users/~/apps` (schema:
    /// `app`).
    #[serde(default)]
    pub apps: Vec<Value>,
    /// The rows of `GET /apps/{id or name}/formation` (schema: `formation`), by the app's id.
    #[serde(default)]
    pub formations: BTreeMap<String, Vec<Value>>,
    /// The rows of `GET /teams/{id or name}/addons` (schema: `add-on`). Without `version=3.sdk`,
    /// `billed_price` is served without `metered`.
    #[serde(default)]
    pub addons: Vec<Value>,
    /// The rows of `GET /teams/{id or name}/pipeline-couplings` (schema: `pipeline-coupling`).
    #[serde(default)]
    pub pipeline_couplings: Vec<Value>,
}

/// An enterprise account. Teams refer to it by [`Team::enterprise_account`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EnterpriseAccount {
    /// The account's UUID (schema: `enterprise-account.id`), the only identifier that the usage
    /// endpoint accepts.
    pub id: String,
    /// The account's unique name (schema: `enterprise-account.name`). Endpoints other than usage
    /// accept it in place of the id.
    pub name: String,
    /// The rows of `GET /enterprise-accounts/{id}/usage/monthly` (schema:
    /// `enterprise-account-monthly-usage`), filtered by `month` like those of a team. If `None`,
    /// the rows are the sums of the usage of the account's teams.
    #[serde(default)]
    pub usage: Option<Vec<Value>>,
}

/// A Heroku team and the rows of its billing endpoints.
///
/// Rows are served unchanged, so a test can serve fields that are missing, `null`, of another type
/// or unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Team {
    /// The team's UUID (schema: `team.id`), the only identifier that the usage endpoint accepts.
    pub id: String,
    /// The team's unique name (schema: `team.name`). Endpoints other than usage accept it in place
    /// of the id.
    pub name: String,
    /// Whether Salesforce bills the team under a contract. The invoices endpoint responds to such a
    /// team with 403. Its `type` is `enterprise` (schema: `team.type`), as is that of a team with
    /// an [`enterprise_account`](Team::enterprise_account), which may have invoices.
    #[serde(default)]
    pub enterprise: bool,
    /// Whether the usage endpoint serves this team. If `false`, it responds with 403. Heroku
    /// documents the endpoint for enterprise teams, so it may not serve teams that pay by card.
    #[serde(default = "usage_available_by_default")]
    pub usage_available: bool,
    /// The rows of `GET /teams/{id or name}/invoices` (schema: `team-invoice`).
    #[serde(default)]
    pub invoices: Vec<Value>,
    /// The rows of `GET /teams/{id}/usage/monthly` (schema: `team-monthly-usage`), filtered by
    /// `month`. A row without a valid `month` is always served.
    #[serde(default)]
    pub usage: Vec<Value>,
    /// Id or name of the team's [`EnterpriseAccount`] (schema: `team.enterprise_account`). Served
    /// as `null` if the company does not list that account.
    #[serde(default)]
    pub enterprise_account: Option<String>,
    /// The response of `GET /teams/{id or name}/delinquency` (schema: `team-delinquency`), served
    /// unchanged. If `None`, both times are `null`.
    #[serde(default)]
    pub delinquency: Option<Value>,
    /// The rows of `GET /teams/{id or name}/licenses` (schema: `team-license`). If `None`, the
    /// endpoint, a prototype, responds with 404.
    #[serde(default)]
    pub licenses: Option<Vec<Value>>,
    /// What runs in the team.
    #[serde(default)]
    pub resources: Resources,
}

impl Default for Team {
    /// Returns a team without id and name. The other fields have the defaults of a JSON fixture.
    fn default() -> Team {
        Team {
            id: String::new(),
            name: String::new(),
            enterprise: false,
            usage_available: usage_available_by_default(),
            invoices: Vec::new(),
            usage: Vec::new(),
            enterprise_account: None,
            delinquency: None,
            licenses: None,
            resources: Resources::default(),
        }
    }
}

fn usage_available_by_default() -> bool {
    true
}

impl Company {
    /// Parses a company from JSON, at least `{"teams": [{"id": "…", "name": "…"}]}`.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not JSON, or if a team has no `id` or `name`.
    pub fn from_json(text: &str) -> Result<Company, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Returns the enterprise account of a team, if the company lists it.
    pub(crate) fn account_of(&self, team: &Team) -> Option<&EnterpriseAccount> {
        let identity = team.enterprise_account.as_deref()?;
        self.enterprise_accounts
            .iter()
            .find(|account| account.has_identity(identity))
    }

    /// Returns the teams of an enterprise account.
    pub(crate) fn teams_of(&self, account: &EnterpriseAccount) -> impl Iterator<Item = &Team> {
        self.teams.iter().filter(|team| {
            self.account_of(team)
                .is_some_and(|owner| owner.id == account.id)
        })
    }
}

impl EnterpriseAccount {
    /// Returns whether `identity` is this account's id or name (schema:
    /// `enterprise-account.identity`).
    pub(crate) fn has_identity(&self, identity: &str) -> bool {
        self.id == identity || self.name == identity
    }
}

impl Team {
    /// Returns whether `identity` is this team's id or name (schema: `team.identity`).
    pub(crate) fn has_identity(&self, identity: &str) -> bool {
        self.id == identity || self.name == identity
    }

    /// Returns whether the team's `type` is `enterprise` (schema: `team.type`).
    pub(crate) fn is_enterprise(&self) -> bool {
        self.enterprise || self.enterprise_account.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Company, Team};

    #[test]
    fn json_fixture_requires_only_id_and_name() {
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
