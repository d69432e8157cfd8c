//! How figures become costs, rows and budgets: what a company decides, as plain data.
//!
//! The rules are the same for the whole life of the program; nothing here is Heroku's word.

use std::collections::BTreeMap;

use regex::Regex;

use super::money::Money;
use super::pattern::NameFilter;

/// Everything that a company decides about its figures.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What Heroku's units cost every team that has no price of its own.
    pub prices: Prices,
    /// What they cost single teams, by the team's name or id; what is not set there is taken from
    /// `prices`.
    pub team_prices: BTreeMap<String, Prices>,
    /// Which apps have a row of their own.
    pub apps: AppRules,
    /// What teams and apps may cost in a month.
    pub budgets: Budgets,
    /// How many closed invoices are shown, counted back from the latest.
    pub invoice_history: usize,
}

/// What Heroku's units cost; `None` is a price that nobody has set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// A dyno unit for a month.
    pub dyno_unit: Option<Money>,
    /// An add-on credit.
    pub addon_credit: Option<Money>,
    /// A space credit.
    pub space_credit: Option<Money>,
}

/// Which apps have a row of their own. The money of the others stands in rows that are named for
/// it, so that sums hold.
#[derive(Clone, Debug, Default)]
pub struct AppRules {
    /// Apps that it does not take are excluded.
    pub filter: NameFilter,
    /// Which apps are added up under one name; the first that matches counts.
    pub groups: Vec<Group>,
    /// How many rows a team may have, the costliest first.
    pub max: Option<usize>,
}

/// Apps that are added up under one name.
#[derive(Clone, Debug)]
pub struct Group {
    /// What the whole of an app's name matches, made by [`super::pattern::whole_name`].
    pub pattern: Regex,
    /// The name of the row; `$1` or `${1}` stands for what the first parentheses of the pattern
    /// matched.
    pub name: String,
}

/// What teams and apps may cost in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// By the team's name or id.
    pub teams: BTreeMap<String, Money>,
    /// By the team's name or id, and the name of the app's row.
    pub apps: BTreeMap<(String, String), Money>,
}
