//! What a team used in a month, by app.

use std::collections::BTreeMap;

use super::month::Month;
use super::rows::sum_by_key;

/// A team's usage of one month, as `GET /teams/{id}/usage/monthly` tells it (Heroku's schema:
/// `team-monthly-usage`).
#[derive(Clone, Debug, PartialEq)]
pub struct MonthlyUsage {
    /// The team's name in this row (`name`).
    pub team_name: Option<String>,
    /// The team's own figures, which can hold more than its apps'.
    pub team: UsageAmounts,
    /// What the team used of private spaces, which belong to no app.
    pub spaces: Spaces,
    /// The figures of each app by its name (`apps[].app_name`).
    pub apps: BTreeMap<String, UsageAmounts>,
}

/// The figures of a team or of an app for one month.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsageAmounts {
    /// Dyno units averaged over the month, in unit-months: 0.368 is about eleven days of one unit
    /// (`dynos`).
    pub dynos: Option<f64>,
    /// Add-on credits used for Heroku's own data services (`data`).
    pub data: Option<f64>,
    /// Add-on credits used for partners' add-ons (`partner`).
    pub partner: Option<f64>,
    /// All add-on credits: `data` and `partner` together (`addons`).
    pub addons: Option<f64>,
    /// The most Heroku Connect rows synced: a count, not money (`connect`).
    pub connect: Option<f64>,
}

/// What a team used of private spaces in a month. Only `credits` is in Heroku's schema; the others
/// were seen in live answers, and what they count is not written down anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spaces {
    /// Space credits used (`space`).
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
    /// The figures of two rows together. A sum that no number can hold is the largest that can be,
    /// as for money: an infinite figure would stay infinite in every sum made of it. What a float
    /// adds of its own, 0.30000000000000004 for 0.1 and 0.2, is left out.
    pub fn plus(self, other: Self) -> Self {
        fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
            let both = a
                .zip(b)
                .map(|(a, b)| without_noise(a + b).clamp(f64::MIN, f64::MAX));
            both.or(a).or(b)
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

/// The nearest float to the nearest trillionth, as long as floats are finer than that.
fn without_noise(sum: f64) -> f64 {
    const FINEST: f64 = 1e12;
    let trillionths = (sum * FINEST).round();
    // Up to here every whole number is a float.
    if trillionths.abs() < 9_007_199_254_740_992.0 {
        trillionths / FINEST
    } else {
        sum
    }
}

impl MonthlyUsage {
    /// The figures of each app, out of its rows. An app that was deleted and made again under its
    /// name has two rows in a month, and cost the sum of them.
    pub fn by_app(rows: Vec<(String, UsageAmounts)>) -> BTreeMap<String, UsageAmounts> {
        sum_by_key(rows, |sum, more| *sum = sum.plus(more))
    }
}

/// A team's usage by month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// The months that Heroku gave; one that is absent has no figures.
    pub months: BTreeMap<Month, MonthlyUsage>,
}

impl Usage {
    /// The team's name as the latest month's row gives it.
    pub fn team_name(&self) -> Option<&str> {
        self.months
            .values()
            .rev()
            .find_map(|month| month.team_name.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rows_of_one_app_are_one_app_that_cost_their_sum() {
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
    fn a_sum_beyond_the_range_saturates() {
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
