//! How figures become costs, rows and budgets: what a company decides, as plain data.
//!
//! The rules are the same for the whole life of the program; nothing here is Heroku's word.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::money::Money;
use super::pattern::NameFilter;

/// What the whole name of a review app matches where its address is set to be predictable:
/// `shop-pr-1234`, of what stands before `-pr-` in its pipeline's settings and the number of the
/// pull request. The first parentheses hold what stands before `-pr-`.
///
/// Where addresses are set to be random, a name is made of the branch and of random characters, and
/// nothing tells it from another app's: such a pipeline needs a pattern of its own.
/// <https://devcenter.heroku.com/articles/github-integration-review-apps>
pub const REVIEW_APP_PATTERN: &str = "(.+)-pr-[0-9]+";

/// The row of the review apps that [`REVIEW_APP_PATTERN`] finds: one for each parent.
pub const REVIEW_APP_ROW: &str = "${1}-pr";

/// What an add-on credit costs where nothing else is set: Heroku counts a credit as a dollar.
pub const DEFAULT_ADDON_CREDIT: Money = Money::from_whole_dollars(1);

/// The list price of a dyno unit for a month. Performance dynos are dearer by the unit.
pub const LIST_DYNO_UNIT: Money = Money::from_whole_dollars(25);

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

impl Rules {
    /// The prices of a team: its own where they are set, by its name before its id, else those of
    /// every team.
    pub fn prices_of(&self, name: &str, id: Option<&str>) -> Prices {
        let own = [Some(name), id];
        let own = own
            .into_iter()
            .flatten()
            .filter_map(|key| self.team_prices.get(key));
        own.chain([&self.prices])
            .copied()
            .reduce(Prices::or)
            .unwrap_or_default()
    }

    /// The teams of which something is decided, each by its name or its id as that was written.
    pub fn teams(&self) -> BTreeSet<&str> {
        let prices = self.team_prices.keys();
        let budgets = self.budgets.teams.keys();
        let of_apps = self.budgets.apps.keys().map(|(team, _)| team);
        prices
            .chain(budgets)
            .chain(of_apps)
            .map(String::as_str)
            .collect()
    }

    /// A team's budget, by its name before its id.
    pub fn team_budget(&self, name: &str, id: Option<&str>) -> Option<Money> {
        let teams = &self.budgets.teams;
        teams.get(name).or_else(|| teams.get(id?)).copied()
    }

    /// The budgets of a team's apps by the name of their row; what is set by the team's name counts
    /// before what is set by its id.
    pub fn app_budgets(&self, name: &str, id: Option<&str>) -> BTreeMap<&str, Money> {
        let of = |key: &str| {
            let key = key.to_owned();
            let from = self.budgets.apps.range((key.clone(), String::new())..);
            from.take_while(move |((team, _), _)| *team == key)
                .map(|((_, app), budget)| (app.as_str(), *budget))
        };
        id.into_iter().chain([name]).flat_map(of).collect()
    }
}

impl Prices {
    /// These prices, and `other`'s where one of these is not set.
    fn or(self, other: Self) -> Self {
        Self {
            dyno_unit: self.dyno_unit.or(other.dyno_unit),
            addon_credit: self.addon_credit.or(other.addon_credit),
            space_credit: self.space_credit.or(other.space_credit),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(dollars: i32) -> Money {
        Money::from_whole_dollars(dollars)
    }

    #[test]
    fn a_team_is_known_by_its_name_before_its_id() {
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
