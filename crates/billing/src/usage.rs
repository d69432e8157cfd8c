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
    /// The amounts of each app by its name (`apps[].app_name`).
    pub apps: BTreeMap<String, UsageAmounts>,
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
    pub fn plus(self, other: Self) -> Self {
        fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
            let both = a.zip(b);
            let sum = both.map(|(a, b)| round_to_trillionth(a + b).clamp(f64::MIN, f64::MAX));
            sum.or(a).or(b)
        }
        Self {
            dynos: sum(self.dynos, other.dynos),
            data: sum(self.data, other.data),
            partner: sum(self.partner, other.partner),
            addons: sum(self.addons, other.addons),
            connect: sum(self.connect, other.connect),
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
