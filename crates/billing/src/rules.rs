//! The settings of costs, rows and budgets, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::money::Money;
use super::name_filter::NameFilter;

/// Matches the names of review apps with predictable URLs, such as `shop-pr-1234`: the prefix of
/// the pipeline's settings, `-pr-` and the number of the pull request. The first group is the
/// prefix. Pipelines with random URLs need patterns of their own.
/// <https://devcenter.heroku.com/articles/github-integration-review-apps>
pub const REVIEW_APP_PATTERN: &str = "(.+)-pr-[0-9]+";

/// The row of the review apps with one prefix.
pub const REVIEW_APP_ROW: &str = "${1}-pr";

/// The price of an add-on credit unless set: Heroku counts a credit as a dollar.
pub const DEFAULT_ADDON_CREDIT: Money = Money::from_whole_dollars(1);

/// Heroku's list price of a dyno unit for a month, that of a standard-1x dyno
/// (<https://www.heroku.com/pricing>). Performance dynos cost more per unit.
pub const LIST_DYNO_UNIT: Money = Money::from_whole_dollars(25);

/// All settings of costs, rows and budgets.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The prices of all teams.
    pub prices: Prices,
    /// The prices of single teams, by name or ID. They override `prices` one by one.
    pub team_prices: BTreeMap<String, Prices>,
    /// The rows of apps.
    pub apps: AppRules,
    /// The monthly budgets.
    pub budgets: Budgets,
    /// The number of months before the current one whose invoices are shown.
    pub invoice_history: usize,
}

impl Rules {
    /// Returns a team's prices: those set by its name, then by its ID, then for all teams.
    pub fn prices_of(&self, name: &str, id: Option<&str>) -> Prices {
        let of_team = |key| self.team_prices.get(key).copied().unwrap_or_default();
        let own = of_team(name).or(id.map(of_team).unwrap_or_default());
        own.or(self.prices)
    }

    /// Returns the names and IDs of all teams that have prices or budgets.
    pub fn teams(&self) -> BTreeSet<&str> {
        let Budgets { teams, apps } = &self.budgets;
        let with_app_budgets = apps.keys().map(|(team, _)| team);
        let keys = self.team_prices.keys().chain(teams.keys());
        keys.chain(with_app_budgets).map(String::as_str).collect()
    }

    /// Returns a team's budget: the one set by its name, else by its ID.
    pub fn team_budget(&self, name: &str, id: Option<&str>) -> Option<Money> {
        let teams = &self.budgets.teams;
        teams.get(name).or_else(|| teams.get(id?)).copied()
    }

    /// Returns the budgets of a team's apps by row. Those set by the team's name override those
    /// set by its ID.
    pub fn app_budgets(&self, name: &str, id: Option<&str>) -> BTreeMap<&str, Money> {
        let of_team = |key: &str| {
            let key = key.to_owned();
            let from = self.budgets.apps.range((key.clone(), String::new())..);
            from.take_while(move |((team, _), _)| *team == key)
                .map(|((_, app), budget)| (app.as_str(), *budget))
        };
        id.into_iter().chain([name]).flat_map(of_team).collect()
    }
}

/// Prices in dollars a unit. `None` is a price that is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// A dyno unit for a month.
    pub dyno_unit: Option<Money>,
    /// An add-on credit.
    pub addon_credit: Option<Money>,
    /// A space credit.
    pub space_credit: Option<Money>,
}

impl Prices {
    /// Returns these prices, with `fallback` for those that are not set.
    fn or(self, fallback: Self) -> Self {
        Self {
            dyno_unit: self.dyno_unit.or(fallback.dyno_unit),
            addon_credit: self.addon_credit.or(fallback.addon_credit),
            space_credit: self.space_credit.or(fallback.space_credit),
        }
    }
}

/// The settings of apps' rows. Apps without a row of their own are added up in shared rows, so that
/// sums do not change.
#[derive(Clone, Debug, Default)]
pub struct AppRules {
    /// The apps that are not excluded.
    pub filter: NameFilter,
    /// Groups of apps; the first one that matches an app counts.
    pub groups: Vec<Group>,
    /// The maximum number of rows of a team, the most expensive ones.
    pub max: Option<usize>,
}

/// Apps that share a row.
#[derive(Clone, Debug)]
pub struct Group {
    /// Matches the names of the apps; made by [`super::name_filter::anchored_regex`].
    pub pattern: Regex,
    /// The name of the row, with `$1` or `${1}` for the first group of the pattern.
    pub name: String,
}

/// Monthly budgets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// By the team's name or ID.
    pub teams: BTreeMap<String, Money>,
    /// By the team's name or ID, and the app's row.
    pub apps: BTreeMap<(String, String), Money>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(dollars: i32) -> Money {
        Money::from_whole_dollars(dollars)
    }

    #[test]
    fn team_name_precedes_team_id() {
        let key = |team: &str, app: &str| (team.to_owned(), app.to_owned());
        let budgets = Budgets {
            teams: [
                ("ops".into(), dollars(1)),
                ("id-1".into(), dollars(2)),
                ("id-2".into(), dollars(3)),
            ]
            .into(),
            apps: [
                (key("ops", "shop"), dollars(10)),
                (key("id-1", "shop"), dollars(20)),
                (key("id-1", ""), dollars(30)),
                (key("id-10", "api"), dollars(40)),
                (key("", "api"), dollars(50)),
            ]
            .into(),
        };
        let rules = Rules {
            budgets,
            ..Rules::default()
        };
        assert!(
            rules
                .teams()
                .into_iter()
                .eq(["", "id-1", "id-10", "id-2", "ops"])
        );
        assert_eq!(rules.team_budget("ops", Some("id-1")), Some(dollars(1)));
        assert_eq!(rules.team_budget("web", Some("id-2")), Some(dollars(3)));
        assert_eq!(rules.team_budget("web", None), None);
        let apps = rules.app_budgets("ops", Some("id-1"));
        assert_eq!(apps, [("", dollars(30)), ("shop", dollars(10))].into());
        assert_eq!(rules.app_budgets("web", None), BTreeMap::new());
    }
}
