//! The usage of all teams of an enterprise account.

use std::collections::BTreeMap;

use billing::month::Month;
use billing::usage::Usage;

/// The usage of an enterprise account's teams by month (Heroku's schema:
/// `enterprise-account-monthly-usage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountUsage {
    /// The months in the response.
    pub months: Vec<Month>,
    /// The teams with usage in one of the months, by id, or by name if Heroku gives no id (`teams[]`).
    pub teams: BTreeMap<String, TeamUsage>,
}

/// The usage of one team.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TeamUsage {
    /// The team's id (`teams[].id`).
    pub id: Option<String>,
    /// The usage, which contains the team's name (`teams[].name`).
    pub usage: Usage,
}
