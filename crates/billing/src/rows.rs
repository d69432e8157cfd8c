//! Which row an app's figures stand in: its own, its group's, or one for what has none.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::money::Money;
use super::rules::AppRules;

/// The row of apps that are excluded.
pub const EXCLUDED: &str = "_excluded";

/// The row of apps that are not among the costliest.
pub const OTHER: &str = "_other";

/// What is named in `rows`, those of one name added up in their order.
///
/// A map that is made of all its entries at once is half as large as one into which they are put in
/// order, one after the other.
pub fn sum_by_key<K: Ord, V: Copy>(
    mut rows: Vec<(K, V)>,
    add: impl Fn(&mut V, V),
) -> BTreeMap<K, V> {
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.dedup_by(|(name, more), (before, sum)| {
        let is_same = name == before;
        if is_same {
            add(sum, *more);
        }
        is_same
    });
    rows.into_iter().collect()
}

/// The rows of a team's apps, the same for each of its months.
#[derive(Debug, Default)]
pub struct Rows<'a> {
    /// The row of each app that has not one of its own name.
    names: BTreeMap<&'a str, Cow<'a, str>>,
    /// How many apps are in [`OTHER`] because others are costlier.
    rolled_up: usize,
}

impl<'a> Rows<'a> {
    /// The rows of `apps`, each of which is given with its cost in every month that counts. An app
    /// may stand in it more than once.
    ///
    /// The costliest are chosen by the month that was dearest for them, so that both months have
    /// the same rows, and the first of a month does not choose others.
    pub fn new<const MONTHS: usize>(
        rules: &AppRules,
        apps: impl Iterator<Item = (&'a str, [Money; MONTHS])>,
    ) -> Self {
        if !rules.change_anything() {
            return Self::default();
        }
        let mut names: BTreeMap<&str, Cow<'a, str>> = BTreeMap::new();
        let mut costs: BTreeMap<Cow<'a, str>, [Money; MONTHS]> = BTreeMap::new();
        for (app, cost) in apps {
            let row = names.entry(app).or_insert_with(|| rules.row(app));
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
            for row in names.values_mut() {
                if row != EXCLUDED && row != OTHER && !kept.contains(row) {
                    *row = OTHER.into();
                    rolled_up += 1;
                }
            }
        }
        names.retain(|app, row| app != row);
        Self { names, rolled_up }
    }

    /// The row of `app`.
    pub fn of(&self, app: &'a str) -> Cow<'a, str> {
        self.names.get(app).cloned().unwrap_or(app.into())
    }

    /// How many apps are in [`OTHER`] because others are costlier.
    pub fn rolled_up(&self) -> usize {
        self.rolled_up
    }
}

impl AppRules {
    fn change_anything(&self) -> bool {
        !self.filter.takes_all() || !self.groups.is_empty() || self.max.is_some()
    }

    /// The row of `app`, as long as there are not too many.
    fn row<'a>(&self, app: &'a str) -> Cow<'a, str> {
        if !self.filter.takes(app) {
            return EXCLUDED.into();
        }
        let grouped = self.groups.iter().find_map(|group| {
            let mut name = String::new();
            group.pattern.captures(app)?.expand(&group.name, &mut name);
            // Where what it is made of matched nothing, it is no name.
            (!name.is_empty()).then_some(name)
        });
        grouped.map_or(app.into(), Cow::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    use crate::pattern::{NameFilter, whole_name};
    use crate::rules::{Group, REVIEW_APP_PATTERN, REVIEW_APP_ROW};

    fn regex(pattern: &str) -> Regex {
        whole_name(pattern).unwrap()
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
        let rows = Rows::new(rules, costs);
        let names = apps.iter().map(|(app, _)| rows.of(app).into_owned());
        (names.collect(), rows.rolled_up())
    }

    #[test]
    fn review_apps_are_one_row_for_each_parent() {
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
    fn exclusion_comes_before_groups_and_the_first_group_counts() {
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
    fn a_group_whose_name_comes_out_empty_is_passed_over() {
        let rules = AppRules {
            groups: vec![group("(x?)shop", "$1"), group(".*", "rest")],
            ..AppRules::default()
        };
        let apps = [("shop", [0, 0]), ("xshop", [0, 0])];
        assert_eq!(rows(&rules, &apps).0, ["rest", "x"]);
    }

    #[test]
    fn the_costliest_of_either_month_keep_their_rows() {
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
    fn of_equals_the_first_by_name_stays_whatever_the_order() {
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
    fn a_group_is_ranked_by_its_sum_and_its_apps_are_counted() {
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
    fn none_is_a_number_of_rows_too() {
        let rules = AppRules {
            max: Some(0),
            ..AppRules::default()
        };
        assert_eq!(rows(&rules, &[("a", [1, 0])]), (vec![OTHER.to_owned()], 1));
    }
}
