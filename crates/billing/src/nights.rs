//! The month to date as Heroku reported it on each night.
//!
//! Heroku renews usage about nightly. The recorded nights show how much of the month a renewal covers
//! and what a day costs now.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::category::Category;
use super::month::{HOURS_PER_DAY, Month};
use super::usage::{MonthlyUsage, UsageAmounts};

/// The number of nights of which a team's amounts are kept.
pub const TEAM_NIGHTS: usize = 400;

/// The number of nights of which the amounts of apps are kept: seven days between the first and the
/// last.
pub const APP_NIGHTS: usize = 8;

/// The covered hours over which the nightly rate is measured: a week, in which every weekday counts
/// once.
pub(super) const WINDOW_HOURS: i64 = 7 * HOURS_PER_DAY;

/// Two nightly increments of an add-on agree if they differ by at most this many credits.
const AGREEMENT: f64 = 0.02;

/// The mean number of days of a month.
const DAYS_PER_MONTH: f64 = 30.4;

/// A lag is accepted if it differs from a whole number of days or of hours by at most this many.
const WHOLE: f64 = 0.1;

/// The range of lags in days that are accepted.
const LAG_RANGE: std::ops::RangeInclusive<f64> = -1.0..=3.0;

/// The number of days for which an accepted lag holds while it cannot be measured.
const LAG_DAYS: i32 = 3;

/// The month to date on one night.
#[derive(Clone, Debug, PartialEq)]
pub struct Night {
    /// When it was first seen.
    pub seen_at: Timestamp,
    /// The team's own amounts; `connect` is not recorded.
    pub team: UsageAmounts,
    /// The space credits.
    pub space: Option<f64>,
    /// The amounts of apps, of which `addons` and `connect` are not recorded. `None` for nights before
    /// the last [`APP_NIGHTS`].
    pub apps: Option<Arc<BTreeMap<String, UsageAmounts>>>,
}

/// The nights of a team, oldest first, at most one for each UTC day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nights {
    nights: Vec<Night>,
    measurements: Vec<Measurement>,
}

/// The lag of a night's figures, measured with the add-ons of a team.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measurement {
    day: Date,
    /// The days by which the covered time ends before the last UTC midnight.
    lag: f64,
    /// The monthly rate of the add-ons with which it was measured.
    weight: f64,
}

impl Night {
    /// Creates a night from the month to date, first seen at `seen_at`.
    pub fn new(seen_at: Timestamp, usage: &MonthlyUsage) -> Self {
        let apps = usage.known_apps().map(|(app, amounts)| {
            let amounts = UsageAmounts {
                addons: None,
                connect: None,
                ..*amounts
            };
            (app.to_owned(), amounts)
        });
        Self {
            seen_at,
            team: UsageAmounts {
                connect: None,
                ..usage.team
            },
            space: usage.spaces.credits,
            apps: Some(Arc::new(apps.collect())),
        }
    }

    /// Returns whether both are of one month and have the same amounts.
    pub fn is_same(&self, other: &Self) -> bool {
        self.month() == other.month()
            && (self.team, self.space, &self.apps) == (other.team, other.space, &other.apps)
    }

    /// Returns the UTC day on which the night was seen.
    pub fn day(&self) -> Date {
        Offset::UTC.to_datetime(self.seen_at).date()
    }

    /// Returns the month.
    pub fn month(&self) -> Month {
        Month::at(self.seen_at)
    }

    /// Returns the units of an app in one of [`Category::OF_APPS`].
    pub(super) fn units_of(&self, app: &str, category: Category) -> Option<f64> {
        units(self.apps.as_ref()?.get(app)?, category)
    }
}

/// Returns the units in one of [`Category::OF_APPS`].
pub(super) fn units(amounts: &UsageAmounts, category: Category) -> Option<f64> {
    match category {
        Category::Dynos => amounts.dynos,
        Category::Data => amounts.data,
        Category::Partner => amounts.partner,
        Category::Space | Category::Other => None,
    }
}

impl Nights {
    /// Creates the nights of a team from those recorded earlier, oldest first. `previous` is the usage
    /// of the month before the last night's.
    pub fn new(nights: Vec<Night>, previous: Option<&MonthlyUsage>) -> Self {
        let mut nights = Self {
            nights,
            measurements: Vec::new(),
        };
        nights.measure(previous);
        nights
    }

    /// Records the month to date, first seen at `seen_at`, unless it is that of the last night. The
    /// last change of a day replaces earlier ones. `previous` is the usage of the month before.
    pub fn record(
        &mut self,
        seen_at: Timestamp,
        usage: &MonthlyUsage,
        previous: Option<&MonthlyUsage>,
    ) {
        let night = Night::new(seen_at, usage);
        if self.latest().is_some_and(|latest| latest.is_same(&night)) {
            return;
        }
        // The clock may have been set back.
        let day = night.day();
        self.nights.retain(|other| other.day() < day);
        self.nights.push(night);
        let first = self.nights.len().saturating_sub(TEAM_NIGHTS);
        self.nights.drain(..first);
        let without_apps = self.nights.len().saturating_sub(APP_NIGHTS);
        for night in &mut self.nights[..without_apps] {
            night.apps = None;
        }
        self.measure(previous);
    }

    /// Returns the nights, oldest first.
    pub fn nights(&self) -> &[Night] {
        &self.nights
    }

    /// Returns the last night.
    pub fn latest(&self) -> Option<&Night> {
        self.nights.last()
    }

    /// Returns the nights of which the apps are known, oldest first.
    pub(super) fn with_apps(&self) -> &[Night] {
        let first = self.nights.partition_point(|night| night.apps.is_none());
        &self.nights[first..]
    }

    /// Measures the lag of each night: Heroku prorates to the second, so the month to date of an add-on
    /// that does not change, divided by its monthly rate, is the covered share.
    fn measure(&mut self, previous: Option<&MonthlyUsage>) {
        let nights = self.with_apps();
        let Some(latest) = nights.last() else {
            self.measurements.clear();
            return;
        };
        let apps = latest.apps.iter().flat_map(|apps| apps.keys());
        let mut lags: Vec<Vec<(f64, f64)>> = vec![Vec::new(); nights.len()];
        for app in apps {
            for category in [Category::Data, Category::Partner] {
                let previous = previous.and_then(|usage| usage.apps.as_ref()?.get(app));
                let previous = previous.and_then(|amounts| units(amounts, category));
                let amounts: Vec<_> = nights
                    .iter()
                    .map(|night| night.units_of(app, category))
                    .collect();
                let rates = rates(nights, &amounts, previous);
                for (position, night) in nights.iter().enumerate() {
                    let Some(amount) = amounts[position].filter(|amount| *amount > 0.0) else {
                        continue;
                    };
                    let Some(rate) = agreed_rate(&rates, position) else {
                        continue;
                    };
                    let covered_days = amount / rate * f64::from(night.month().days());
                    lags[position].push((clock_days(night) as f64 - covered_days, rate));
                }
            }
        }
        let measurements = nights.iter().zip(lags).filter_map(|(night, lags)| {
            let weight = lags.iter().map(|(_, weight)| weight).sum();
            Some(Measurement {
                day: night.day(),
                lag: weighted_median(lags)?,
                weight,
            })
        });
        self.measurements = measurements.collect();
    }
}

/// Returns the complete days of the month before the UTC midnight before a night.
fn clock_days(night: &Night) -> i64 {
    i64::from(night.day().day()) - 1
}

/// Returns the monthly rate at which an amount rose up to each night.
fn rates(
    nights: &[Night],
    amounts: &[Option<f64>],
    previous_month: Option<f64>,
) -> Vec<Option<f64>> {
    let mut rates = vec![None; nights.len()];
    for position in 1..nights.len() {
        let (before, night) = (&nights[position - 1], &nights[position]);
        let (Some(from), Some(to)) = (amounts[position - 1], amounts[position]) else {
            continue;
        };
        let hours = night.seen_at.duration_since(before.seen_at).as_hours();
        let days = ((hours as f64 / HOURS_PER_DAY as f64).round()).max(1.0);
        let days_in_month = f64::from(night.month().days());
        rates[position] = if before.month() == night.month() {
            Some((to - from) / days * days_in_month)
        } else if before.month() == night.month().previous() {
            let current = (clock_days(night) as f64).min(days);
            let days_before = f64::from(before.month().days());
            let share = current / days_in_month + (days - current) / days_before;
            previous_month.map(|total| (total - from + to) / share)
        } else {
            None
        };
    }
    rates
}

/// Returns the monthly rate at a night, if two nights in a row agree on it: the last two up to it that
/// do, else the first two after it.
fn agreed_rate(rates: &[Option<f64>], position: usize) -> Option<f64> {
    let agrees = |at: &usize| {
        let [before, rate] = [rates[*at - 1]?, rates[*at]?].map(|rate| rate / DAYS_PER_MONTH);
        (rate > AGREEMENT && (rate - before).abs() <= AGREEMENT).then_some(rates[*at]?)
    };
    let mut up_to = (2..=position).rev();
    let mut after = (position + 1).max(2)..rates.len();
    up_to
        .find_map(|at| agrees(&at))
        .or_else(|| after.find_map(|at| agrees(&at)))
}

/// Returns the value at which half of the weight is reached.
fn weighted_median(mut values: Vec<(f64, f64)>) -> Option<f64> {
    values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let mut reached = 0.0;
    values.into_iter().find_map(|(value, weight)| {
        reached += weight;
        (2.0 * reached >= total).then_some(value)
    })
}

/// The last covered days, over which the nightly rate is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    /// The night before these days.
    pub(super) start: &'a Night,
    /// The covered hours of the last night's month and of the one before, each with the hours of the
    /// month. The covered hours are at least one in total.
    pub(super) hours: [(i64, i64); 2],
    month: Month,
}

impl<'a> Window<'a> {
    /// Returns the longest window of at most a week, or a longer one if nights are missing.
    pub(super) fn new(nights: &'a Nights, lags: &Lags) -> Option<Self> {
        let (latest, earlier) = nights.with_apps().split_last()?;
        let (month, end) = (latest.month(), lags.covered_hours(latest));
        let windows = earlier.iter().filter_map(|start| {
            let from = lags.covered_hours(start);
            let in_months = [month, month.previous()].map(hours_of);
            let covered = if start.month() == month {
                [end - from, 0]
            } else if start.month() == month.previous() {
                [end, in_months[1] - from]
            } else {
                return None;
            };
            (covered[0] + covered[1] > 0).then_some(Self {
                start,
                hours: [(covered[0], in_months[0]), (covered[1], in_months[1])],
                month,
            })
        });
        let windows: Vec<_> = windows.collect();
        let is_week = |window: &&Self| window.covered_hours() <= WINDOW_HOURS;
        let longest = windows.iter().find(is_week).or(windows.last());
        longest.copied()
    }

    fn covered_hours(&self) -> i64 {
        self.hours.iter().map(|(covered, _)| covered).sum()
    }

    /// Returns the covered days.
    pub(super) fn days(&self) -> f64 {
        self.covered_hours() as f64 / HOURS_PER_DAY as f64
    }

    /// Returns whether the start is in the month before the last night's.
    pub(super) fn crosses_month(&self) -> bool {
        self.start.month() != self.month
    }
}

fn hours_of(month: Month) -> i64 {
    i64::from(month.days()) * HOURS_PER_DAY
}

/// How late Heroku's figures are on each day, shared by all teams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lags {
    /// The accepted lags in hours.
    accepted: BTreeMap<Date, i64>,
    /// The last day with a measurement.
    last_measured: Option<Date>,
}

impl Lags {
    /// Determines the lags from the nights of all teams. A lag is accepted if it is nearly a whole
    /// number of days, or of hours, on two measured nights in a row.
    pub fn new<'a>(teams: impl Iterator<Item = &'a Nights>) -> Self {
        let mut by_day: BTreeMap<Date, Vec<(f64, f64)>> = BTreeMap::new();
        for measurement in teams.flat_map(|nights| &nights.measurements) {
            let lags = by_day.entry(measurement.day).or_default();
            lags.push((measurement.lag, measurement.weight));
        }
        let lags: Vec<_> = by_day
            .into_iter()
            .filter_map(|(day, lags)| Some((day, weighted_median(lags)?)))
            .collect();
        let mut accepted = BTreeMap::new();
        for position in 0..lags.len() {
            let (day, lag) = lags[position];
            let neighbor = match position {
                0 => lags.get(1),
                _ => lags.get(position - 1),
            };
            let neighbor = neighbor.map(|(_, lag)| *lag);
            accepted.extend(whole_hours(lag, neighbor).map(|hours| (day, hours)));
        }
        Self {
            accepted,
            last_measured: lags.last().map(|(day, _)| *day),
        }
    }

    /// Returns the hours by which the time covered on `day` ends before its UTC midnight.
    fn hours(&self, day: Date) -> i64 {
        if let Some(hours) = self.accepted.get(&day) {
            return *hours;
        }
        if self.last_measured.is_some_and(|last| last >= day) {
            // The lag was measured, and not accepted.
            return 0;
        }
        let last = self.accepted.range(..day).next_back();
        let last = last.filter(|(last, _)| {
            let age = day.since(**last).map(|span| span.get_days());
            age.is_ok_and(|days| days <= LAG_DAYS)
        });
        last.map_or(0, |(_, hours)| *hours)
    }

    /// Returns the end of the time that a night covers, in hours since the start of its month.
    pub(super) fn covered_hours(&self, night: &Night) -> i64 {
        clock_days(night) * HOURS_PER_DAY - self.hours(night.day())
    }
}

/// Returns a lag in days as a whole number of hours, if it and its neighbor are nearly whole.
fn whole_hours(lag: f64, neighbor: Option<f64>) -> Option<i64> {
    let lags = [lag, neighbor?];
    if !lags.iter().all(|lag| LAG_RANGE.contains(lag)) {
        return None;
    }
    let is_whole = |unit: f64| {
        let mut units = lags.iter().map(|lag| lag * unit);
        units.all(|units| (units - units.round()).abs() <= WHOLE)
    };
    let hours = HOURS_PER_DAY as f64;
    if is_whole(hours) {
        Some((lag * hours).round() as i64)
    } else if is_whole(1.0) {
        Some((lag.round() as i64) * HOURS_PER_DAY)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Spaces;

    fn at(day: i8, month: &str) -> Timestamp {
        format!("{month}-{day:02}T03:00:00Z").parse().unwrap()
    }

    /// Returns the month to date of apps whose add-ons cost `monthly` credits a month.
    fn to_date(month: &str, days: f64, monthly: &[f64]) -> MonthlyUsage {
        let days_in_month = f64::from(month.parse::<Month>().unwrap().days());
        let apps = monthly.iter().enumerate().map(|(number, monthly)| {
            let amounts = UsageAmounts {
                dynos: Some(days * 0.1),
                data: Some(monthly * days / days_in_month),
                ..UsageAmounts::default()
            };
            (format!("app-{number}"), amounts)
        });
        let apps: BTreeMap<_, _> = apps.collect();
        let team = apps
            .values()
            .fold(UsageAmounts::default(), |sum, app| sum.plus(*app));
        MonthlyUsage {
            team_name: None,
            team,
            spaces: Spaces::default(),
            apps: Some(apps),
        }
    }

    /// Returns the nights of October and November up to `last`, with figures that are `late` days late.
    fn nights(last: i8, late: impl Fn(i8) -> f64, prices: [&[f64]; 2]) -> Nights {
        let mut nights = Nights::default();
        for day in 20..=31 {
            let covered = f64::from(day - 1) - late(day);
            nights.record(
                at(day, "2026-10"),
                &to_date("2026-10", covered, prices[0]),
                None,
            );
        }
        let previous = to_date("2026-10", 31.0, prices[0]);
        for day in 1..=last {
            let covered = f64::from(day - 1) - late(day);
            if covered > 0.0 {
                let current = to_date("2026-11", covered, prices[1]);
                nights.record(at(day, "2026-11"), &current, Some(&previous));
            }
        }
        nights
    }

    /// Returns the covered days of the last night.
    fn covered(nights: &Nights) -> f64 {
        let lags = Lags::new([nights].into_iter());
        lags.covered_hours(nights.latest().unwrap()) as f64 / 24.0
    }

    const ADDONS: &[f64] = &[50.0, 200.0, 9.0];

    #[test]
    fn measures_figures_that_are_late() {
        for day in 3..=28 {
            assert_eq!(
                covered(&nights(day, |_| 0.0, [ADDONS; 2])),
                f64::from(day - 1)
            );
            assert_eq!(
                covered(&nights(day, |_| 1.0, [ADDONS; 2])),
                f64::from(day - 2)
            );
            let hours = nights(day, |_| -0.125, [ADDONS; 2]);
            assert_eq!(covered(&hours), f64::from(day - 1) + 0.125);
        }
    }

    /// Figures that are late on one night and complete on the next.
    #[test]
    fn measures_a_night_after_a_late_one() {
        for last in 5..=28 {
            let late = |day: i8| f64::from(u8::from(day >= 3 && day == last - 1));
            assert_eq!(
                covered(&nights(last, late, [ADDONS; 2])),
                f64::from(last - 1),
                "{last}"
            );
        }
    }

    #[test]
    fn price_change_on_the_first_moves_nothing() {
        for change in [0.8, 0.9, 1.1] {
            let changed: Vec<_> = ADDONS.iter().map(|price| price * change).collect();
            for day in 2..=28 {
                let nights = nights(day, |_| 0.0, [ADDONS, &changed]);
                assert_eq!(covered(&nights), f64::from(day - 1), "{change}, day {day}");
            }
        }
    }

    /// An add-on of the only team was bought on the 10th, or its plan changed.
    #[test]
    fn changed_addon_among_others_moves_nothing() {
        let mut nights = nights(10, |_| 0.0, [ADDONS; 2]);
        let previous = to_date("2026-10", 31.0, ADDONS);
        for day in 11..=28 {
            let mut usage = to_date("2026-11", f64::from(day - 1), ADDONS);
            let apps = usage.apps.as_mut().unwrap();
            let app = apps.get_mut("app-0").unwrap();
            app.data = app
                .data
                .map(|data| data + 100.0 * f64::from(day - 10) / 30.0);
            nights.record(at(day, "2026-11"), &usage, Some(&previous));
            assert_eq!(covered(&nights), f64::from(day - 1), "day {day}");
        }
    }

    #[test]
    fn without_addons_the_clock_counts() {
        let nights = nights(15, |_| 1.0, [&[0.0]; 2]);
        assert_eq!(covered(&nights), 14.0);
    }

    #[test]
    fn lag_is_shared_and_lasts_while_unmeasured() {
        let with_addons = nights(15, |_| 1.0, [ADDONS; 2]);
        let without = nights(15, |_| 1.0, [&[0.0]; 2]);
        let lags = Lags::new([&with_addons, &without].into_iter());
        assert_eq!(lags.covered_hours(without.latest().unwrap()), 13 * 24);
        let later = |day| Night {
            seen_at: at(day, "2026-11"),
            ..without.latest().unwrap().clone()
        };
        assert_eq!(lags.covered_hours(&later(18)), 16 * 24);
        assert_eq!(lags.covered_hours(&later(19)), 18 * 24);
    }

    #[test]
    fn same_figures_are_no_new_night() {
        let mut nights = nights(5, |_| 0.0, [ADDONS; 2]);
        let latest = nights.latest().unwrap().clone();
        nights.record(at(6, "2026-11"), &to_date("2026-11", 4.0, ADDONS), None);
        assert_eq!(nights.latest(), Some(&latest));
    }

    /// The clock was set back.
    #[test]
    fn later_nights_are_dropped() {
        let mut nights = nights(5, |_| 0.0, [ADDONS; 2]);
        nights.record(at(3, "2026-11"), &to_date("2026-11", 2.5, ADDONS), None);
        let days: Vec<_> = nights
            .nights()
            .iter()
            .rev()
            .take(2)
            .map(|n| n.day().day())
            .collect();
        assert_eq!(days, [3, 2]);
    }

    #[test]
    fn window_is_a_week_across_month_ends_and_gaps() {
        let nights = nights(4, |_| 0.0, [ADDONS; 2]);
        let lags = Lags::new([&nights].into_iter());
        let window = Window::new(&nights, &lags).unwrap();
        assert_eq!((window.days(), window.start.day().day()), (7.0, 28));
        assert_eq!(window.hours, [(72, 720), (96, 744)]);
        let gap = Nights::new(
            vec![nights.nights()[0].clone(), nights.latest().unwrap().clone()],
            None,
        );
        assert!(
            Window::new(&gap, &lags).is_none(),
            "the apps of the first are unknown"
        );
    }
}
