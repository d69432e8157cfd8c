//! Figures in units, and what they cost, without a rounding before the last step.

use std::iter::Sum;
use std::ops::{Add, Sub};

use super::money::Money;

/// A number of units (dyno units, credits), counted in millionths, to which Heroku's float is
/// rounded once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    millionths: i128,
}

const MILLIONTHS_PER_UNIT: i128 = 1_000_000;

impl Quantity {
    /// Heroku's figure, rounded to a millionth, half away from zero; at most nine trillion units.
    pub fn of(figure: f64) -> Self {
        // The cast saturates, and makes a zero of what is not a number.
        let millionths = (figure * MILLIONTHS_PER_UNIT as f64).round() as i128;
        Self {
            millionths: millionths.clamp(-i128::from(i64::MAX), i128::from(i64::MAX)),
        }
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            millionths: self.millionths.saturating_add(other.millionths),
        }
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            millionths: self.millionths.saturating_sub(other.millionths),
        }
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::default(), Add::add)
    }
}

/// What a unit costs: so much money for so many units, as an exact ratio.
///
/// The quotient of an invoice, such as 100 dollars for 3 units, has no end as a decimal; kept as a
/// ratio it gives back the invoice's amount to the cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    micros: i128,
    /// More than zero.
    millionths: i128,
}

impl Price {
    /// So much for one unit.
    pub const fn per_unit(money: Money) -> Self {
        Self {
            micros: money.micros(),
            millionths: MILLIONTHS_PER_UNIT,
        }
    }

    /// So much for so many units, if both are more than nothing.
    pub fn ratio(money: Money, quantity: Quantity) -> Option<Self> {
        let both = money > Money::ZERO && quantity > Quantity::default();
        both.then_some(Self {
            micros: money.micros(),
            millionths: quantity.millionths,
        })
    }

    /// What `quantity` costs, rounded to a millionth of a dollar, half away from zero.
    pub fn of(self, quantity: Quantity) -> Money {
        let product = self.micros.saturating_mul(quantity.millionths);
        Money::from_micros_saturating(divide_rounding(product, self.millionths))
    }

    /// Dollars for a unit.
    pub fn dollars_per_unit(self) -> f64 {
        self.micros as f64 / self.millionths as f64
    }
}

/// `dividend` ÷ `divisor`, which is more than zero, rounded half away from zero.
pub(super) fn divide_rounding(dividend: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    if remainder.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2) {
        quotient + dividend.signum()
    } else {
        quotient
    }
}

/// Costs of parts such that they add up to the cost of the sum, to the millionth of a dollar.
///
/// Each part is what it adds to the rounded cost of all parts so far. It is less than a millionth
/// off its own cost; rounded by itself, a thousand apps would leave a remainder that is nobody's.
#[derive(Debug)]
pub(super) struct CumulativeRounding {
    price: Price,
    quantity: Quantity,
}

impl CumulativeRounding {
    pub(super) fn new(price: Price) -> Self {
        Self {
            price,
            quantity: Quantity::default(),
        }
    }

    /// What one more part costs.
    pub(super) fn add(&mut self, part: Quantity) -> Money {
        let before = self.total();
        self.quantity = self.quantity + part;
        self.total() - before
    }

    /// What all parts cost.
    pub(super) fn total(&self) -> Money {
        self.price.of(self.quantity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn micros(micros: i128) -> Money {
        Money::from_micros_saturating(micros)
    }

    #[test]
    fn a_figure_is_taken_at_a_millionth_half_away_from_zero() {
        let table = [
            (0.368, 368_000),
            (0.000_000_5, 1),
            (-0.000_000_5, -1),
            (0.000_000_4, 0),
            (47.230_000_000_000_004, 47_230_000),
            (1e308, i128::from(i64::MAX)),
            (-1e308, -i128::from(i64::MAX)),
            (f64::NAN, 0),
        ];
        for (figure, millionths) in table {
            assert_eq!(Quantity::of(figure), Quantity { millionths }, "{figure}");
        }
    }

    #[test]
    fn a_quotient_is_rounded_once_half_away_from_zero() {
        for (dividend, divisor, expected) in [
            (1, 2, 1),
            (-1, 2, -1),
            (1, 3, 0),
            (2, 3, 1),
            (-2, 3, -1),
            (7, 1, 7),
            (i128::MAX, 1, i128::MAX),
            (i128::MIN, 1, i128::MIN),
        ] {
            assert_eq!(
                divide_rounding(dividend, divisor),
                expected,
                "{dividend} / {divisor}"
            );
        }
    }

    #[test]
    fn a_price_needs_money_and_units() {
        let unit = Quantity::of(1.0);
        assert_eq!(Price::ratio(Money::ZERO, unit), None);
        assert_eq!(Price::ratio(micros(-1), unit), None);
        assert_eq!(Price::ratio(micros(1), Quantity::default()), None);
        assert_eq!(Price::ratio(micros(1), Quantity::of(-1.0)), None);
        let third = Price::ratio(micros(100_000_000), Quantity::of(3.0)).unwrap();
        assert_eq!(third.of(Quantity::of(3.0)), micros(100_000_000));
        assert_eq!(third.of(unit), micros(33_333_333));
        assert_eq!(third.dollars_per_unit(), 100.0 / 3.0);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_each_is_within_a_millionth(
            parts in proptest::collection::vec(-1e6_f64..1e6, 0..50),
            paid in 1_i128..1_000_000_000_000,
            units in 1e-6_f64..1e6,
        ) {
            let price = Price::ratio(micros(paid), Quantity::of(units)).unwrap();
            let mut running = CumulativeRounding::new(price);
            let mut sum = Money::ZERO;
            for part in parts.iter().map(|part| Quantity::of(*part)) {
                let cost = running.add(part);
                prop_assert!((cost - price.of(part)).micros().abs() <= 1);
                sum = sum + cost;
            }
            let whole: Quantity = parts.iter().map(|part| Quantity::of(*part)).sum();
            prop_assert_eq!(sum, price.of(whole));
        }

        #[test]
        fn parts_add_up_even_where_they_saturate(parts in proptest::collection::vec(any::<f64>(), 0..50), units in 1e-6_f64..1e-3) {
            let price = Price::ratio(micros(i128::MAX), Quantity::of(units)).unwrap();
            let mut running = CumulativeRounding::new(price);
            let sum: Money = parts.iter().map(|part| running.add(Quantity::of(*part))).sum();
            prop_assert_eq!(sum, running.total());
        }
    }
}
