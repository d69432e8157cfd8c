//! A team's usage by month and app.

use std::collections::BTreeMap;

use super::grouping::sum_by_key;
use super::month::Month;

/// A team's usage in one month, from `GET /teams/{id}/usage/monthly`. The names in parentheses are
/// those of Heroku's schema `team-monthly-usage`.
#[derive(Clone, Debug, PartialEq)]
pub struct MonthlyUsage {
    /// The team's name (`name`).
    pub team_name: Option<String>,
    /// The team's own amounts. They can be higher than the sum of its apps.
    pub team: UsageAmounts,
    /// Private spaces, which belong to no app.
    pub spaces: Spaces,
    /// The amounts of each app by its name (`apps[].app_name`), or `None` if Heroku gave no list.
    pub apps: Option<BTreeMap<String, UsageAmounts>>,
}

/// The amounts that a team or an app used in one month.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsageAmounts {
    /// Dyno units averaged over the month, in unit-months: 0.368 is about eleven days of one unit
    /// (`dynos`).
    pub dynos: Option<f64>,
    /// Add-on credits for Heroku's own data services (`data`).
    pub data: Option<f64>,
    /// Add-on credits for partners' add-ons (`partner`).
    pub partner: Option<f64>,
    /// All add-on credits, the sum of `data` and `partner` (`addons`).
    pub addons: Option<f64>,
    /// The maximum of Heroku Connect rows synced, a count and not money (`connect`).
    pub connect: Option<f64>,
}

/// A team's use of private spaces in one month. Only `credits` is in Heroku's schema. The others
/// were seen in live answers, and their units are not documented.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spaces {
    /// Space credits (`space`).
    pub credits: Option<f64>,
    /// Undocumented (`private_space`).
    pub private: Option<f64>,
    /// Undocumented (`shield_space`).
    pub shield: Option<f64>,
    /// Undocumented (`private_space_credits`).
    pub private_credits: Option<f64>,
    /// Undocumented (`shield_space_credits`).
    pub shield_credits: Option<f64>,
}

impl UsageAmounts {
    /// Adds amounts one by one. Sums saturate instead of becoming infinite, and have no float
    /// noise: 0.1 and 0.2 are 0.3.
    ///
    /// Credits that only one of the two has are derived for the other, since `addons` is the sum of
    /// `data` and `partner`.
    pub fn plus(self, other: Self) -> Self {
        let (a, b) = (self.complete_for(other), other.complete_for(self));
        fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
            let both = a.zip(b);
            let sum = both.map(|(a, b)| round_to_trillionth(a + b).clamp(f64::MIN, f64::MAX));
            sum.or(a).or(b)
        }
        Self {
            dynos: sum(a.dynos, b.dynos),
            data: sum(a.data, b.data),
            partner: sum(a.partner, b.partner),
            addons: sum(a.addons, b.addons),
            connect: sum(a.connect, b.connect),
        }
    }

    /// Derives the credits that `other` has and that are missing here.
    fn complete_for(self, other: Self) -> Self {
        let rest = |part: Option<f64>| Some(round_to_trillionth(self.addons? - part?));
        let addons = || match (self.data, self.partner) {
            (None, None) => None,
            (data, partner) => {
                let sum = data.unwrap_or_default() + partner.unwrap_or_default();
                Some(round_to_trillionth(sum))
            }
        };
        Self {
            data: self.data.or_else(|| other.data.and(rest(self.partner))),
            partner: self.partner.or_else(|| other.partner.and(rest(self.data))),
            addons: self.addons.or_else(|| other.addons.and(addons())),
            ..self
        }
    }
}

/// Rounds to a trillionth, unless `value` is too large for floats to be that fine.
fn round_to_trillionth(value: f64) -> f64 {
    const TRILLION: f64 = 1e12;
    let trillionths = (value * TRILLION).round();
    // Up to 2^53, every integer is a float.
    if trillionths.abs() < 9_007_199_254_740_992.0 {
        trillionths / TRILLION
    } else {
        value
    }
}

impl MonthlyUsage {
    /// Returns the amounts of the apps, none if Heroku gave no list.
    pub fn known_apps(&self) -> impl ExactSizeIterator<Item = (&str, &UsageAmounts)> + Clone {
        static NONE: BTreeMap<String, UsageAmounts> = BTreeMap::new();
        let apps = self.apps.as_ref().unwrap_or(&NONE);
        apps.iter().map(|(name, amounts)| (name.as_str(), amounts))
    }

    /// Sums rows by app. An app that was deleted and created again under the same name has two rows
    /// in a month.
    pub fn by_app(rows: Vec<(String, UsageAmounts)>) -> BTreeMap<String, UsageAmounts> {
        sum_by_key(rows, |sum, amounts| *sum = sum.plus(amounts))
    }
}

/// A team's usage by month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// The months that Heroku reported.
    pub months: BTreeMap<Month, MonthlyUsage>,
}

impl Usage {
    /// Returns the team's name from the latest month that has one.
    pub fn team_name(&self) -> Option<&str> {
        let mut latest_first = self.months.values().rev();
        latest_first.find_map(|month| month.team_name.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_rows_of_one_app() {
        let shop = |figures| ("shop".to_owned(), figures);
        let first = UsageAmounts {
            dynos: Some(1.5),
            data: Some(2.0),
            ..UsageAmounts::default()
        };
        let again = UsageAmounts {
            dynos: Some(0.25),
            partner: Some(3.0),
            ..UsageAmounts::default()
        };
        let other = ("api".to_owned(), again);
        let rows = vec![shop(first), other.clone(), shop(again)];
        let expected = UsageAmounts {
            dynos: Some(1.75),
            data: Some(2.0),
            partner: Some(3.0),
            ..UsageAmounts::default()
        };
        let apps = MonthlyUsage::by_app(rows);
        assert_eq!(apps, BTreeMap::from([other, shop(expected)]));
    }

    #[test]
    fn derives_credits_that_only_one_row_lacks() {
        let row = |data, partner, addons| UsageAmounts {
            data,
            partner,
            addons,
            ..UsageAmounts::default()
        };
        let whole = row(Some(4.0), Some(1.0), Some(5.0));
        let table = [
            (row(Some(2.0), Some(0.5), None), [6.0, 1.5, 7.5]),
            (row(Some(2.0), None, None), [6.0, 1.0, 7.0]),
            (row(Some(2.0), None, Some(2.5)), [6.0, 1.5, 7.5]),
            (row(None, Some(0.5), Some(2.5)), [6.0, 1.5, 7.5]),
            (row(None, None, None), [4.0, 1.0, 5.0]),
        ];
        for (other, expected) in table {
            for sum in [whole.plus(other), other.plus(whole)] {
                let sum = [sum.data, sum.partner, sum.addons];
                assert_eq!(sum, expected.map(Some), "{other:?}");
            }
        }
        let none = row(Some(2.0), Some(0.5), None);
        assert_eq!(none.plus(none).addons, None);
    }

    #[test]
    fn sums_saturate() {
        let most = UsageAmounts {
            dynos: Some(1e308),
            data: Some(-1e308),
            ..UsageAmounts::default()
        };
        let expected = UsageAmounts {
            dynos: Some(f64::MAX),
            data: Some(f64::MIN),
            ..UsageAmounts::default()
        };
        assert_eq!(most.plus(most).plus(most), expected);
    }
}
