//! What all teams of an enterprise account used, told by one answer.

use std::collections::BTreeMap;

use billing::month::Month;
use billing::usage::Usage;

/// The usage of an enterprise account's teams by month, as `GET
/// /enterprise-accounts/{id}/usage/monthly` tells it (Heroku's schema:
/// `enterprise-account-monthly-usage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountUsage {
    /// The months that Heroku gave.
    pub months: Vec<Month>,
    /// The teams with usage in one of them, by id; by name where Heroku gives no id (`teams[]`).
    pub teams: BTreeMap<String, TeamUsage>,
}

/// One team of an enterprise account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TeamUsage {
    /// The team's id (`teams[].id`).
    pub id: Option<String>,
    /// What it used. The team's name is that of the rows (`teams[].name`).
    pub usage: Usage,
}
