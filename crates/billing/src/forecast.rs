//! The forecast of a month's cost at its end, from the cost to date and the previous month's.
//!
//! `docs/FORECAST.md` describes the method, the reasons for it, and its measured error.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::money::{Money, divide_rounded};
use super::month::Month;

/// The weight κ of the previous month, in thousandths of a month: when this share of a month is
/// covered, its own rate and the previous month's count the same. Chosen by backtest.
pub const PREVIOUS_WEIGHT: u16 = 80;

const THOUSANDTHS: i128 = 1_000;

/// The days of a month that its usage covers, from the first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    days: i64,
    days_in_month: i64,
}

impl Coverage {
    /// Returns the coverage of no day of `month`.
    pub fn none(month: Month) -> Self {
        Self {
            days: 0,
            days_in_month: i64::from(month.days()),
        }
    }

    /// Computes the coverage of `month` by usage that last changed at `changed_at`.
    ///
    /// Heroku updates usage about nightly, for the days that are over (seen in live answers; not
    /// documented). So usage covers the time up to the UTC midnight before its last change.
    pub fn new(month: Month, changed_at: Timestamp) -> Self {
        let day = Offset::UTC.to_datetime(changed_at).date();
        let days = day.duration_since(month.first_day()).as_hours() / 24;
        let days_in_month = i64::from(month.days());
        Self {
            days: days.clamp(0, days_in_month),
            days_in_month,
        }
    }

    /// Returns the covered share of the month, from 0 to 1.
    pub fn ratio(self) -> f64 {
        self.days as f64 / self.days_in_month as f64
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
        (weight > 0 || coverage.days > 0).then_some(Self {
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
        let Self { coverage, weight } = self;
        if coverage.days == 0 {
            return previous.max(to_date);
        }
        let days = i128::from(coverage.days);
        let days_in_month = i128::from(coverage.days_in_month);
        let (own, before) = (days * THOUSANDTHS.pow(2), weight.pow(2) * days_in_month);
        let rates = to_date.micros().saturating_mul(own);
        let rates = rates.saturating_add(previous.micros().saturating_mul(before));
        let rest = divide_rounded(
            rates.saturating_mul(days_in_month - days),
            days * own + before * days_in_month,
        );
        to_date + Money::from_micros(rest)
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
