//! The forecast of a month's cost at its end, from the cost to date, the recorded nights and the
//! previous month.
//!
//! `docs/FORECAST.md` describes the method, the reasons for it, and its measured error.

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::money::{Money, divide_rounded};
use super::month::{HOURS_PER_DAY, Month};
use super::nights::{Lags, Nights, WINDOW_HOURS};

/// The weight κ of the previous month, in thousandths of a month: when this share of a month is
/// covered, its own rate and the previous month's count the same. Chosen by backtest.
pub const PREVIOUS_WEIGHT: u16 = 80;

/// The time after midnight at which Heroku has renewed usage: live answers were renewed between 02:40
/// and 04:17 UTC.
const RENEWAL_TIME: SignedDuration = SignedDuration::from_hours(5);

const THOUSANDTHS: i128 = 1_000;

/// The part of a month that its usage covers, from the first day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    hours: i64,
    hours_in_month: i64,
}

impl Coverage {
    fn of_hours(month: Month, hours: i64) -> Self {
        let hours_in_month = i64::from(month.days()) * HOURS_PER_DAY;
        Self {
            hours: hours.clamp(0, hours_in_month),
            hours_in_month,
        }
    }

    /// Returns the coverage of no day of `month`.
    pub fn none(month: Month) -> Self {
        Self::of_hours(month, 0)
    }

    /// Computes the coverage of `month` by usage that last changed at `changed_at`.
    ///
    /// Heroku updates usage about nightly, for the days that are over (seen in live answers; not
    /// documented). So usage covers the time up to the UTC midnight before its last change.
    pub fn new(month: Month, changed_at: Timestamp) -> Self {
        let day = Offset::UTC.to_datetime(changed_at).date();
        let days = day.duration_since(month.first_day()).as_hours() / HOURS_PER_DAY;
        Self::of_hours(month, days * HOURS_PER_DAY)
    }

    /// Computes the coverage of `month` by usage that was first seen at `seen_at`, without earlier
    /// usage that shows when it changed.
    pub fn first_seen(month: Month, seen_at: Timestamp) -> Self {
        let renewed_before = seen_at.saturating_sub(RENEWAL_TIME).unwrap_or(seen_at);
        Self::new(month, renewed_before)
    }

    /// Computes the coverage of `month` by the last of `nights`. Returns `None` if it is not of this
    /// month.
    pub fn of_nights(month: Month, nights: &Nights, lags: &Lags) -> Option<Self> {
        let latest = nights.latest().filter(|night| night.month() == month)?;
        Some(match nights.nights() {
            [first] => Self::first_seen(month, first.seen_at),
            _ => Self::of_hours(month, lags.covered_hours(latest)),
        })
    }

    /// Returns the hours of the month that are not covered.
    pub fn hours_left(self) -> i64 {
        self.hours_in_month - self.hours
    }

    /// Returns the covered share of the month, from 0 to 1.
    pub fn ratio(self) -> f64 {
        self.hours as f64 / self.hours_in_month as f64
    }
}

/// A recent cost and the covered time in which it arose.
#[derive(Clone, Copy, Debug)]
pub struct Recent {
    /// The cost; can be negative after a correction.
    pub cost: Money,
    /// The covered hours of each month and the hours of these months: the current one and the one
    /// before. The covered hours are at least one in total.
    pub hours: [(i64, i64); 2],
}

impl Recent {
    /// Returns the covered hours.
    fn covered_hours(&self) -> i64 {
        self.hours.iter().map(|(covered, _)| covered).sum()
    }

    /// Returns the cost of `hours` more hours of the current month. Heroku prorates by the share of a
    /// month, so that an hour of February costs more than one of March.
    fn cost_of(&self, hours: i64) -> Money {
        let [(current, in_current), (before, in_before)] = self
            .hours
            .map(|(covered, in_month)| (i128::from(covered), i128::from(in_month)));
        let covered = current * in_before + before * in_current;
        let cost = self
            .cost
            .micros()
            .saturating_mul(i128::from(hours) * in_before);
        Money::from_micros(divide_rounded(cost, covered.max(1)))
    }
}

/// Extrapolates costs to date to the month's end.
#[derive(Clone, Copy, Debug)]
pub struct Forecaster {
    coverage: Coverage,
    weight: i128,
}

impl Forecaster {
    /// Creates a forecaster. Returns `None` on the first day of a month if the previous month is
    /// not known.
    pub fn new(coverage: Coverage, has_previous: bool) -> Option<Self> {
        Self::weighted(coverage, if has_previous { PREVIOUS_WEIGHT } else { 0 })
    }

    /// Creates a forecaster with another weight than [`PREVIOUS_WEIGHT`], for the backtest.
    pub fn weighted(coverage: Coverage, weight: u16) -> Option<Self> {
        (weight > 0 || coverage.hours > 0).then_some(Self {
            coverage,
            weight: weight.into(),
        })
    }

    /// Forecasts a month's cost from its cost `to_date` and the cost of the `previous` month.
    ///
    /// With m the cost to date, p the previous month's cost, s the covered share and κ the weight,
    /// it is `m + (1 − s) × (s·m + κ²·p) / (s² + κ²)`: the rest of the month goes on at a mean of
    /// the month's own rate, m ÷ s with the weight s², and of p with the weight κ². Before the
    /// first full day it is p, or m if that is higher.
    ///
    /// From the second day on it is linear, so that parts add up to the whole, apart from the
    /// rounding to a millionth of a dollar.
    pub fn month_end(self, to_date: Money, previous: Money) -> Money {
        if self.coverage.hours == 0 {
            return previous.max(to_date);
        }
        to_date + self.rest(to_date, previous)
    }

    /// Forecasts a month's cost as [`Self::month_end`], with the rest of the month at the rate of the
    /// `recent` cost. While that is measured over less than a week, the mean rate of
    /// [`Self::month_end`] has the rest of the weight. The result is at least the cost to date.
    pub fn month_end_at_rate(
        self,
        to_date: Money,
        previous: Money,
        recent: Option<Recent>,
    ) -> Money {
        let Some(recent) = recent else {
            return self.month_end(to_date, previous).max(to_date);
        };
        let Coverage {
            hours,
            hours_in_month,
        } = self.coverage;
        let week = i128::from(WINDOW_HOURS);
        let measured = i128::from(recent.covered_hours().clamp(1, WINDOW_HOURS));
        let at_rate = recent.cost_of(hours_in_month - hours).micros();
        let at_mean = match hours {
            0 => previous,
            _ => self.rest(to_date, previous),
        };
        let rest = at_rate
            .saturating_mul(measured)
            .saturating_add(at_mean.micros().saturating_mul(week - measured));
        let rest = Money::from_micros(divide_rounded(rest, week));
        match hours {
            0 => rest.max(to_date),
            _ => (to_date + rest).max(to_date),
        }
    }

    /// Returns the cost of the rest of the month at the mean rate, if a part of it is covered.
    fn rest(self, to_date: Money, previous: Money) -> Money {
        let Self { coverage, weight } = self;
        let hours = i128::from(coverage.hours);
        let hours_in_month = i128::from(coverage.hours_in_month);
        let (own, before) = (hours * THOUSANDTHS.pow(2), weight.pow(2) * hours_in_month);
        let rates = to_date.micros().saturating_mul(own);
        let rates = rates.saturating_add(previous.micros().saturating_mul(before));
        Money::from_micros(divide_rounded(
            rates.saturating_mul(hours_in_month - hours),
            hours * own + before * hours_in_month,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn covered(changed_at: &str) -> Coverage {
        Coverage::new("2026-11".parse().unwrap(), changed_at.parse().unwrap())
    }

    fn dollars(dollars: i32) -> Money {
        Money::from_whole_dollars(dollars)
    }

    #[test]
    fn covers_the_full_days_before_the_last_change() {
        let table = [
            ("2026-10-31T23:59:59Z", 0.0),
            ("2026-11-01T23:59:59Z", 0.0),
            ("2026-11-02T00:00:00Z", 1.0 / 30.0),
            ("2026-11-16T23:00:00-05:00", 16.0 / 30.0),
            ("2026-11-30T02:00:00Z", 29.0 / 30.0),
            ("2026-12-01T00:00:00Z", 1.0),
        ];
        for (changed_at, ratio) in table {
            assert_eq!(covered(changed_at).ratio(), ratio, "{changed_at}");
        }
    }

    /// A company that costs 550 a month, asked before the night's renewal, without earlier figures.
    #[test]
    fn first_figures_before_the_renewal_cover_the_day_before() {
        let month = "2026-11".parse().unwrap();
        let first_seen = |at: &str| Coverage::first_seen(month, at.parse().unwrap());
        let before = first_seen("2026-11-04T00:30:00Z");
        assert_eq!(before.ratio(), 2.0 / 30.0);
        let forecaster = Forecaster::new(before, true).unwrap();
        let to_date = Money::from_micros(550_000_000 * 2 / 30);
        let error = forecaster.month_end(to_date, dollars(550)) - dollars(550);
        assert!(error.micros().abs() < 100, "{error:?}");
        assert_eq!(first_seen("2026-11-04T05:00:00Z").ratio(), 3.0 / 30.0);
        assert_eq!(first_seen("2026-11-01T00:30:00Z").ratio(), 0.0);
    }

    #[test]
    fn weight_of_previous_month_falls_with_coverage() {
        let forecast = |changed_at, to_date, previous| {
            let forecaster = Forecaster::weighted(covered(changed_at), 100).unwrap();
            forecaster.month_end(dollars(to_date), dollars(previous))
        };
        assert_eq!(forecast("2026-11-01T12:00:00Z", 7, 300), dollars(300));
        assert_eq!(forecast("2026-11-01T12:00:00Z", 50, 2), dollars(50));
        // Three days of thirty are as much as the weight: half of the month so far, which is 60 a
        // month, and half of the month before.
        assert_eq!(forecast("2026-11-04T12:00:00Z", 6, 300), dollars(6 + 162));
        // 50 + 0.5 × (0.5 × 50 + 0.01 × 400) / (0.25 + 0.01).
        let half = Money::from_micros(105_769_231);
        assert_eq!(forecast("2026-11-16T12:00:00Z", 50, 400), half);
        assert_eq!(forecast("2026-12-01T12:00:00Z", 77, 300), dollars(77));
        assert_eq!(
            forecast("2026-11-16T12:00:00Z", -50, 0),
            Money::from_micros(-98_076_923)
        );
    }

    #[test]
    fn extrapolates_linearly_without_a_previous_month() {
        assert!(Forecaster::new(covered("2026-11-01T12:00:00Z"), false).is_none());
        let forecaster = Forecaster::new(covered("2026-11-11T12:00:00Z"), false).unwrap();
        assert_eq!(forecaster.month_end(dollars(10), Money::ZERO), dollars(30));
    }

    proptest! {
        #[test]
        fn forecasts_of_parts_add_up_within_rounding(
            parts in proptest::collection::vec((-10_i64.pow(12)..10_i64.pow(12), -10_i64.pow(12)..10_i64.pow(12)), 1..20),
            // On the 1st, the higher of two amounts is not linear.
            day in 2..=30,
        ) {
            let forecaster = Forecaster::new(covered(&format!("2026-11-{day:02}T03:00:00Z")), true).unwrap();
            let money = |micros: i64| Money::from_micros(micros.into());
            let sum: Money = parts.iter().map(|(m, p)| forecaster.month_end(money(*m), money(*p))).sum();
            let whole = forecaster.month_end(
                parts.iter().map(|(m, _)| money(*m)).sum(),
                parts.iter().map(|(_, p)| money(*p)).sum(),
            );
            prop_assert!((sum - whole).micros().unsigned_abs() <= parts.len() as u128);
        }

        #[test]
        fn forecasts_a_steady_month_exactly(cents in 0_i64..10_i64.pow(9), days in 0_i64..=30) {
            let day = days + 1;
            let changed_at = if day > 30 { "2026-12-01T00:00:00Z".to_owned() } else { format!("2026-11-{day:02}T03:00:00Z") };
            let forecaster = Forecaster::new(covered(&changed_at), true).unwrap();
            let month = Money::from_cents(cents * 30).unwrap();
            let to_date = Money::from_cents(cents * days).unwrap();
            prop_assert_eq!(forecaster.month_end(to_date, month), month);
        }

        #[test]
        fn accepts_amounts_of_any_size(to_date in any::<i128>(), previous in any::<i128>(), day in 1..=30) {
            let forecaster = Forecaster::new(covered(&format!("2026-11-{day:02}T03:00:00Z")), true).unwrap();
            let money = Money::from_micros;
            forecaster.month_end(money(to_date), money(previous));
        }
    }
}
