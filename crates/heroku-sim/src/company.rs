//! The company that is billed: what the simulator answers from. Plain data; nothing here knows
//! HTTP.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A company with accounts at Heroku: its teams, each with its invoices and its usage.
///
/// It is read from and written to JSON, so that a fixture file can describe one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// The teams that the token can see. `GET /teams` gives them ordered by id, whatever their
    /// order here.
    pub teams: Vec<Team>,
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
    /// Whether Salesforce bills the team under a contract (schema: `team.type` is `enterprise`).
    /// Such a team has no invoices: 403.
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
}

impl Team {
    /// Whether `identity` names this team, by id or by name (schema: `team.identity`).
    pub(crate) fn is_called(&self, identity: &str) -> bool {
        self.id == identity || self.name == identity
    }
}

#[cfg(test)]
mod tests {
    use super::Company;

    #[test]
    fn a_fixture_needs_only_names() {
        let company = Company::from_json(r#"{"teams": [{"id": "1", "name": "ops"}]}"#).unwrap();
        assert!(!company.teams[0].enterprise);
        assert!(company.teams[0].usage_available);
        assert!(company.teams[0].invoices.is_empty());
        let again = serde_json::to_string(&company).unwrap();
        assert_eq!(Company::from_json(&again).unwrap(), company);
    }
}
