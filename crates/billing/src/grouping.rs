//! The assignment of apps to rows: an app's own row, its group's, or a shared one.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::money::Money;
use super::rules::AppRules;

/// The row of excluded apps.
pub const EXCLUDED: &str = "_excluded";

/// The row of the apps beyond the maximum number of rows.
pub const OTHER: &str = "_other";

/// Sums the values of equal keys, in their order.
pub fn sum_by_key<K: Ord, V: Copy>(
    mut rows: Vec<(K, V)>,
    add: impl Fn(&mut V, V),
) -> BTreeMap<K, V> {
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.dedup_by(|(key, value), (previous, sum)| {
        let is_same = key == previous;
        if is_same {
            add(sum, *value);
        }
        is_same
    });
    // Collected at once, a map takes half the memory of one that is filled in key order.
    rows.into_iter().collect()
}

/// The rows of a team's apps, the same for both months.
#[derive(Debug, Default)]
pub struct Grouping<'a> {
    /// The apps whose row does not have their own name.
    rows: BTreeMap<&'a str, Cow<'a, str>>,
    rolled_up: usize,
}

impl<'a> Grouping<'a> {
    /// Groups `apps`, each with its cost by month. An app may occur more than once.
    ///
    /// If there is a maximum number of rows, each row is ranked by its most expensive month. So
    /// both months have the same rows, and a new month does not change them.
    pub fn new<const MONTHS: usize>(
        rules: &AppRules,
        apps: impl Iterator<Item = (&'a str, [Money; MONTHS])>,
    ) -> Self {
        if !rules.change_anything() {
            return Self::default();
        }
        let mut rows: BTreeMap<&str, Cow<'a, str>> = BTreeMap::new();
        let mut costs: BTreeMap<Cow<'a, str>, [Money; MONTHS]> = BTreeMap::new();
        for (app, cost) in apps {
            let row = rows.entry(app).or_insert_with(|| rules.row_of(app));
            let sums = costs.entry(row.clone()).or_insert([Money::ZERO; MONTHS]);
            for (sum, cost) in sums.iter_mut().zip(cost) {
                *sum = *sum + cost;
            }
        }
        let mut rolled_up = 0;
        if let Some(max) = rules.max {
            costs.retain(|row, _| row != EXCLUDED && row != OTHER);
            let mut ranked: Vec<_> = costs.into_iter().collect();
            ranked.sort_by_key(|(_, cost)| Reverse(cost.iter().max().copied()));
            let kept: BTreeSet<_> = ranked.into_iter().take(max).map(|(row, _)| row).collect();
            for row in rows.values_mut() {
                if row != EXCLUDED && row != OTHER && !kept.contains(row) {
                    *row = OTHER.into();
                    rolled_up += 1;
                }
            }
        }
        rows.retain(|app, row| app != row);
        Self { rows, rolled_up }
    }

    /// Returns the name of the row of `app`.
    pub fn row_of(&self, app: &'a str) -> Cow<'a, str> {
        self.rows.get(app).cloned().unwrap_or(app.into())
    }

    /// Returns the number of apps in [`OTHER`] because of the maximum number of rows.
    pub fn rolled_up(&self) -> usize {
        self.rolled_up
    }
}

impl AppRules {
    fn change_anything(&self) -> bool {
        !self.filter.allows_all() || !self.groups.is_empty() || self.max.is_some()
    }

    /// Returns the row of `app`, without regard to the maximum number of rows.
    fn row_of<'a>(&self, app: &'a str) -> Cow<'a, str> {
        if !self.filter.allows(app) {
            return EXCLUDED.into();
        }
        let grouped = self.groups.iter().find_map(|group| {
            let mut name = String::new();
            group.pattern.captures(app)?.expand(&group.name, &mut name);
            (!name.is_empty()).then_some(name)
        });
        grouped.map_or(app.into(), Cow::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    use crate::name_filter::{NameFilter, anchored_regex};
    use crate::rules::{Group, REVIEW_APP_PATTERN, REVIEW_APP_ROW};

    fn regex(pattern: &str) -> Regex {
        anchored_regex(pattern).unwrap()
    }

    fn group(pattern: &str, name: &str) -> Group {
        Group {
            pattern: regex(pattern),
            name: name.into(),
        }
    }

    fn dollars(dollars: i32) -> Money {
        Money::from_whole_dollars(dollars)
    }

    fn rows(rules: &AppRules, apps: &[(&str, [i32; 2])]) -> (Vec<String>, usize) {
        let costs = apps.iter().map(|(app, cost)| (*app, cost.map(dollars)));
        let grouping = Grouping::new(rules, costs);
        let names = apps
            .iter()
            .map(|(app, _)| grouping.row_of(app).into_owned());
        (names.collect(), grouping.rolled_up())
    }

    #[test]
    fn groups_review_apps_by_parent() {
        let rules = AppRules {
            groups: vec![group(REVIEW_APP_PATTERN, REVIEW_APP_ROW)],
            ..AppRules::default()
        };
        let table = [
            ("shop-pr-1234", "shop-pr"),
            ("shop-pr-7-web", "shop-pr-7-web"),
            ("shop-api-pr-1", "shop-api-pr"),
            ("a-pr-b-pr-9", "a-pr-b-pr"),
            ("shop", "shop"),
            ("shop-pr", "shop-pr"),
            ("shop-pr-", "shop-pr-"),
            ("-pr-1", "-pr-1"),
            ("shop-pr-12x", "shop-pr-12x"),
        ];
        for (app, row) in table {
            assert_eq!(rows(&rules, &[(app, [0, 0])]).0, [row], "{app}");
        }
    }

    #[test]
    fn exclusion_precedes_groups_and_first_group_wins() {
        let rules = AppRules {
            filter: NameFilter::new(
                vec![regex("shop.*"), regex("ops-.*")],
                vec![regex("shop-secret")],
            ),
            groups: vec![group("(shop)-(.*)", "$2 of ${1}s"), group(".*", "rest")],
            max: None,
        };
        let apps = ["shop-web", "shop-secret", "ops-1", "other", "_excluded"];
        let apps = apps.map(|app| (app, [0, 0]));
        let expected = ["web of shops", EXCLUDED, "rest", EXCLUDED, EXCLUDED];
        assert_eq!(rows(&rules, &apps).0, expected);
    }

    #[test]
    fn skips_group_with_an_empty_name() {
        let rules = AppRules {
            groups: vec![group("(x?)shop", "$1"), group(".*", "rest")],
            ..AppRules::default()
        };
        let apps = [("shop", [0, 0]), ("xshop", [0, 0])];
        assert_eq!(rows(&rules, &apps).0, ["rest", "x"]);
    }

    #[test]
    fn keeps_rows_of_the_most_expensive_apps_of_both_months() {
        let rules = AppRules {
            filter: NameFilter::new(Vec::new(), vec![regex("x")]),
            max: Some(2),
            ..AppRules::default()
        };
        let apps = [
            ("a", [1, 1]),
            ("b", [0, 9]),
            ("c", [5, 2]),
            ("d", [4, 4]),
            ("x", [99, 99]),
            ("_other", [50, 50]),
        ];
        let expected = [OTHER, "b", "c", OTHER, EXCLUDED, OTHER];
        assert_eq!(
            rows(&rules, &apps),
            (expected.map(String::from).to_vec(), 2)
        );
    }

    #[test]
    fn breaks_ties_by_name() {
        let rules = AppRules {
            max: Some(1),
            ..AppRules::default()
        };
        let expected = |names: [&str; 2]| (names.map(String::from).to_vec(), 1);
        assert_eq!(
            rows(&rules, &[("b", [1, 0]), ("a", [0, 1])]),
            expected([OTHER, "a"])
        );
        assert_eq!(
            rows(&rules, &[("a", [0, 1]), ("b", [1, 0])]),
            expected(["a", OTHER])
        );
    }

    #[test]
    fn ranks_groups_by_sum_and_counts_their_apps() {
        let rules = AppRules {
            groups: vec![group("g.", "g"), group("h.", "h")],
            max: Some(1),
            ..AppRules::default()
        };
        let apps = [
            ("g1", [2, 0]),
            ("g2", [2, 0]),
            ("h1", [1, 0]),
            ("h2", [1, 0]),
            ("solo", [3, 0]),
        ];
        let expected = ["g", "g", OTHER, OTHER, OTHER];
        assert_eq!(
            rows(&rules, &apps),
            (expected.map(String::from).to_vec(), 3)
        );
    }

    #[test]
    fn accepts_a_maximum_of_zero_rows() {
        let rules = AppRules {
            max: Some(0),
            ..AppRules::default()
        };
        assert_eq!(rows(&rules, &[("a", [1, 0])]), (vec![OTHER.to_owned()], 1));
    }
}
