//! What a month will have cost when it ends, from what it cost so far and from the month before.
//!
//! The method, why it is this one, and how far it is off are written down in `docs/FORECAST.md`.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::money::Money;
use super::month::Month;
use super::price::divide_rounding;

/// How far into a month its own rate counts as much as the month before, in thousandths of a month.
pub const PREVIOUS_WEIGHT: u16 = 80;

const WHOLE: i128 = 1_000;

/// How much of a month the figures cover: whole days from its first on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The days that the figures cover.
    days: u8,
    /// The days that the month has.
    of: u8,
}

impl Coverage {
    /// How much of `month` is covered by figures that last changed at `changed_at`.
    ///
    /// Heroku renews figures at night, for the days that are over: so they cover the time up to
    /// the midnight with which the day of their last change began.
    pub fn new(month: Month, changed_at: Timestamp) -> Self {
        let day = Offset::UTC.to_datetime(changed_at).date();
        let days = if day < month.first_day() {
            0
        } else if Month::of(day) == month {
            // A day of a month is from 1 to 31.
            day.day().unsigned_abs() - 1
        } else {
            month.days()
        };
        Self {
            days,
            of: month.days(),
        }
    }

    /// The share of the month, from 0 to 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.days) / f64::from(self.of)
    }
}

/// The way from a month to date to its end.
#[derive(Clone, Copy, Debug)]
pub struct Forecaster {
    covered: Coverage,
    /// The weight of the previous month.
    weight: i128,
}

impl Forecaster {
    /// For a team of which a previous month is known, or is not. `None` where there is nothing to
    /// go by: the month's first day without a month before.
    pub fn new(covered: Coverage, has_previous: bool) -> Option<Self> {
        Self::weighted(covered, if has_previous { PREVIOUS_WEIGHT } else { 0 })
    }

    /// With another weight of the previous month, in thousandths of a month, than
    /// [`PREVIOUS_WEIGHT`]: by this the weight was chosen.
    pub fn weighted(covered: Coverage, weight: u16) -> Option<Self> {
        (weight > 0 || covered.days > 0).then_some(Self {
            covered,
            weight: weight.into(),
        })
    }

    /// What the month will have cost, of which `to_date` is known, after one that cost `previous`.
    ///
    /// The rest of the month goes on at a rate between the month's own so far, m ÷ s, which counts
    /// s², and the previous month's, which counts κ²; s is the covered share and κ the weight. So
    /// it is `m + (1 − s) × (s·m + κ²·p) / (s² + κ²)`.
    /// While no day is over it is the previous month's: what the first hours cost says nothing, as
    /// nobody knows how many they were. It is linear: but for the rounding to a millionth of a dollar, parts add up to the whole.
    pub fn month_end(self, to_date: Money, previous: Money) -> Money {
        let Self { covered, weight } = self;
        if covered.days == 0 {
            return previous;
        }
        let (days, of) = (i128::from(covered.days), i128::from(covered.of));
        let (own, before) = (days * WHOLE.pow(2), weight.pow(2) * of);
        let rates = to_date.micros().saturating_mul(own);
        let rates = rates.saturating_add(previous.micros().saturating_mul(before));
        let rest = divide_rounding(rates.saturating_mul(of - days), days * own + before * of);
        to_date + Money::from_micros_saturating(rest)
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
    fn figures_cover_the_days_that_were_over_when_they_changed() {
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
    fn the_previous_month_counts_the_less_the_longer_the_month_is() {
        let forecast = |changed_at, to_date, previous| {
            let forecaster = Forecaster::weighted(covered(changed_at), 100).unwrap();
            forecaster.month_end(dollars(to_date), dollars(previous))
        };
        assert_eq!(forecast("2026-11-01T12:00:00Z", 7, 300), dollars(300));
        // Three days of thirty are as much as the weight: half of the month so far, which is 60 a
        // month, and half of the month before.
        assert_eq!(forecast("2026-11-04T12:00:00Z", 6, 300), dollars(6 + 162));
        // 50 + 0.5 × (0.5 × 50 + 0.01 × 400) / (0.25 + 0.01).
        let half = Money::from_micros_saturating(105_769_231);
        assert_eq!(forecast("2026-11-16T12:00:00Z", 50, 400), half);
        assert_eq!(forecast("2026-12-01T12:00:00Z", 77, 300), dollars(77));
        assert_eq!(
            forecast("2026-11-16T12:00:00Z", -50, 0),
            Money::from_micros_saturating(-98_076_923)
        );
    }

    #[test]
    fn without_a_month_before_the_month_goes_on_as_it_began() {
        assert!(Forecaster::new(covered("2026-11-01T12:00:00Z"), false).is_none());
        let forecaster = Forecaster::new(covered("2026-11-11T12:00:00Z"), false).unwrap();
        assert_eq!(forecaster.month_end(dollars(10), Money::ZERO), dollars(30));
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole_but_for_the_rounding_of_each(
            parts in proptest::collection::vec((-10_i64.pow(12)..10_i64.pow(12), -10_i64.pow(12)..10_i64.pow(12)), 1..20),
            day in 1..=30,
        ) {
            let forecaster = Forecaster::new(covered(&format!("2026-11-{day:02}T03:00:00Z")), true).unwrap();
            let money = |micros: i64| Money::from_micros_saturating(micros.into());
            let sum: Money = parts.iter().map(|(m, p)| forecaster.month_end(money(*m), money(*p))).sum();
            let whole = forecaster.month_end(
                parts.iter().map(|(m, _)| money(*m)).sum(),
                parts.iter().map(|(_, p)| money(*p)).sum(),
            );
            prop_assert!((sum - whole).micros().unsigned_abs() <= parts.len() as u128);
        }

        #[test]
        fn a_month_that_goes_on_as_the_one_before_is_forecast_to_the_dollar(cents in 0_i64..10_i64.pow(9), days in 0_i64..=30) {
            let day = days + 1;
            let changed_at = if day > 30 { "2026-12-01T00:00:00Z".to_owned() } else { format!("2026-11-{day:02}T03:00:00Z") };
            let forecaster = Forecaster::new(covered(&changed_at), true).unwrap();
            let month = Money::from_cents(cents * 30).unwrap();
            let to_date = Money::from_cents(cents * days).unwrap();
            prop_assert_eq!(forecaster.month_end(to_date, month), month);
        }

        #[test]
        fn no_amount_is_too_large(to_date in any::<i128>(), previous in any::<i128>(), day in 1..=30) {
            let forecaster = Forecaster::new(covered(&format!("2026-11-{day:02}T03:00:00Z")), true).unwrap();
            let money = Money::from_micros_saturating;
            forecaster.month_end(money(to_date), money(previous));
        }
    }
}
