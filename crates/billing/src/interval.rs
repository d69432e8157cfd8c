//! The interval in which the cost at the month's end lies with a probability of 80 %.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;

use super::money::Money;
use super::month::HOURS_PER_DAY;
use super::nights::{Lags, Night, Nights};

/// The fewest recorded days from which an interval is computed.
pub const MIN_DAYS: usize = 20;

/// The recorded days from which on the built-in table has no weight.
pub const OWN_DAYS: usize = 120;

/// The days before a forecast with which the days after it are compared.
const WEEK: usize = 7;

/// The built-in quantiles P10 and P90 of the relative difference between the mean of the next days and
/// the mean of the week before, by the number of days. A test compares them with the backtest's
/// companies.
pub const TABLE: [(usize, f64, f64); 8] = [
    (1, -0.047, 0.052),
    (3, -0.034, 0.035),
    (5, -0.032, 0.028),
    (7, -0.014, 0.018),
    (10, -0.027, 0.029),
    (14, -0.021, 0.028),
    (21, -0.029, 0.037),
    (28, -0.037, 0.045),
];

/// The monthly rate of a team's cost on each covered day, in dollars, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DailyRates(BTreeMap<Date, f64>);

/// An interval in which the cost at the month's end lies with a probability of 80 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The 10th percentile.
    pub low: Money,
    /// The 90th percentile.
    pub high: Money,
    /// The number of recorded days on which it rests.
    pub days: usize,
}

impl DailyRates {
    /// Computes the rates from recorded nights. `cost` returns the cost of a month to date in dollars.
    pub fn new(nights: &Nights, lags: &Lags, cost: impl Fn(&Night) -> f64) -> Self {
        let mut rates = BTreeMap::new();
        let mut before: Option<(&Night, f64, i64)> = None;
        for night in nights.nights() {
            let (to_date, covered) = (cost(night), lags.covered_hours(night));
            let month = night.month();
            // The days of the month before that no night covers stay unknown.
            let (from, start) = match before {
                Some((before, cost, hours)) if before.month() == month => (cost, hours),
                _ => (0.0, 0),
            };
            let is_first = before.is_none();
            before = Some((night, to_date, covered));
            // The days before the first night have only a common mean.
            if covered <= start || is_first {
                continue;
            }
            let hours_in_month = i64::from(month.days()) * HOURS_PER_DAY;
            let rate = (to_date - from) * hours_in_month as f64 / (covered - start) as f64;
            for day in start.div_euclid(HOURS_PER_DAY)..covered.div_euclid(HOURS_PER_DAY) {
                let day: Result<Span, _> = Span::new().try_days(day);
                let day = day.and_then(|days| month.first_day().checked_add(days));
                rates.extend(day.map(|day| (day, rate)));
            }
        }
        Self(rates)
    }

    /// Adds the rates of several teams, on the days that all of them have.
    pub fn sum<'a>(teams: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let count = teams.clone().count();
        let mut sums: BTreeMap<Date, (f64, usize)> = BTreeMap::new();
        for (day, rate) in teams.flat_map(|team| &team.0) {
            let sum = sums.entry(*day).or_default();
            *sum = (sum.0 + rate, sum.1 + 1);
        }
        let complete = sums.into_iter().filter(|(_, (_, teams))| *teams == count);
        Self(complete.map(|(day, (rate, _))| (day, rate)).collect())
    }

    /// Returns the interval of a month that cost `to_date` and is forecast to cost `forecast`, with
    /// `hours` not covered. Returns `None` with fewer than [`MIN_DAYS`] days.
    pub fn interval(&self, to_date: Money, forecast: Money, hours: i64) -> Option<Interval> {
        let days = self.0.len();
        if days < MIN_DAYS {
            return None;
        }
        let days_left = usize::try_from((hours + HOURS_PER_DAY / 2) / HOURS_PER_DAY).unwrap_or(0);
        let (low, high) = self.quantiles(days_left);
        let rest = (forecast - to_date).dollars();
        let end = |quantile: f64| {
            let difference = Money::from_micros((rest * quantile * 1e6).round() as i128);
            forecast + difference
        };
        Some(Interval {
            low: end(low).min(forecast).max(to_date.min(forecast)),
            high: end(high).max(forecast),
            days,
        })
    }

    /// Returns P10 and P90 of the relative difference between the mean of the next `days` and the mean
    /// of the week before.
    fn quantiles(&self, days: usize) -> (f64, f64) {
        let table = table(days);
        if days == 0 {
            return (0.0, 0.0);
        }
        let own = self.own_quantiles(days);
        let Some(own) = own else { return table };
        let weight = (self.0.len() as f64 / OWN_DAYS as f64).min(1.0);
        let mix = |own: f64, table: f64| own * weight + table * (1.0 - weight);
        (mix(own.0, table.0), mix(own.1, table.1))
    }

    fn own_quantiles(&self, days: usize) -> Option<(f64, f64)> {
        let rates: Vec<_> = self.0.values().copied().collect();
        let mut sums = vec![0.0];
        for rate in &rates {
            sums.push(sums[sums.len() - 1] + rate);
        }
        let mean = |from: usize, to: usize| (sums[to] - sums[from]) / (to - from) as f64;
        let last = rates.len().checked_sub(days)?;
        let mut differences: Vec<_> = (WEEK..=last)
            .filter_map(|now| {
                let week = mean(now - WEEK, now);
                (week > 0.0).then(|| mean(now, now + days) / week - 1.0)
            })
            .collect();
        differences.sort_by(f64::total_cmp);
        let count = differences.len();
        // With fewer, a quantile is one of the extremes.
        (count >= 10).then(|| (differences[count / 10], differences[count - 1 - count / 10]))
    }
}

/// Returns the built-in quantiles for a number of days.
fn table(days: usize) -> (f64, f64) {
    let row = TABLE.iter().rev().find(|(from, ..)| *from <= days);
    row.map_or((0.0, 0.0), |(_, low, high)| (*low, *high))
}
