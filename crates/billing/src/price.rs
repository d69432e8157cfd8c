//! Quantities of Heroku's units and their prices. Only costs are rounded.

use std::iter::Sum;
use std::ops::Add;

use super::money::{Money, divide_rounded};

/// A number of units (dyno units or credits), in millionths of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    millionths: i128,
}

const MILLIONTHS_PER_UNIT: i128 = 1_000_000;

impl Quantity {
    /// One unit.
    pub const ONE: Self = Self {
        millionths: MILLIONTHS_PER_UNIT,
    };

    /// The largest number of units of an app or a team. With it, the sums over 100,000 apps and
    /// their costs at any price up to a trillion dollars are exact.
    pub const MAX_UNITS: f64 = 1e9;

    /// Converts Heroku's float, rounded to a millionth, half away from zero. The caller rejects
    /// numbers beyond [`Self::MAX_UNITS`]; those beyond nine trillion units are limited to that.
    pub fn from_f64(units: f64) -> Self {
        // The cast saturates and maps NaN to zero.
        let millionths = (units * MILLIONTHS_PER_UNIT as f64).round() as i128;
        Self {
            millionths: millionths.clamp(-i128::from(i64::MAX), i128::from(i64::MAX)),
        }
    }

    /// Creates a quantity from millionths of a unit.
    pub const fn from_millionths(millionths: i128) -> Self {
        Self { millionths }
    }

    /// Returns the millionths of a unit.
    pub const fn millionths(self) -> i128 {
        self.millionths
    }

    /// Returns a multiple.
    pub fn times(self, factor: u32) -> Self {
        Self {
            millionths: self.millionths.saturating_mul(factor.into()),
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

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::default(), Add::add)
    }
}

/// The price of a unit, as the exact ratio of an amount and a quantity.
///
/// A price from an invoice, such as 100 dollars for 3 units, is no finite decimal. As a ratio it
/// reproduces the invoice's amount to the cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    micros: i128,
    /// Always positive.
    millionths: i128,
}

impl Price {
    /// Creates the price of one unit.
    pub const fn per_unit(money: Money) -> Self {
        Self {
            micros: money.micros(),
            millionths: MILLIONTHS_PER_UNIT,
        }
    }

    /// Creates the price at which `quantity` costs `money`, or `None` unless both are positive.
    pub fn from_ratio(money: Money, quantity: Quantity) -> Option<Self> {
        let is_price = money > Money::ZERO && quantity > Quantity::default();
        is_price.then_some(Self {
            micros: money.micros(),
            millionths: quantity.millionths,
        })
    }

    /// Returns the cost of `quantity`, rounded to a millionth of a dollar, half away from zero.
    pub fn cost_of(self, quantity: Quantity) -> Money {
        let product = self.micros.saturating_mul(quantity.millionths);
        Money::from_micros(divide_rounded(product, self.millionths))
    }

    /// Returns the price in dollars a unit.
    pub fn dollars_per_unit(self) -> f64 {
        self.micros as f64 / self.millionths as f64
    }
}

/// Rounds the costs of parts so that they add up to the rounded cost of their sum.
///
/// The cost of a part is the difference that it makes to the rounded cost of all parts so far. It
/// differs from the part's own rounded cost by at most a millionth of a dollar.
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

    /// Adds a part and returns its cost.
    pub(super) fn add(&mut self, part: Quantity) -> Money {
        let before = self.total();
        self.quantity = self.quantity + part;
        self.total() - before
    }

    /// Returns the cost of all parts so far.
    pub(super) fn total(&self) -> Money {
        self.price.cost_of(self.quantity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn micros(micros: i128) -> Money {
        Money::from_micros(micros)
    }

    #[test]
    fn rounds_quantities_to_a_millionth() {
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
            assert_eq!(
                Quantity::from_f64(figure),
                Quantity { millionths },
                "{figure}"
            );
        }
    }

    #[test]
    fn price_needs_positive_money_and_quantity() {
        let unit = Quantity::from_f64(1.0);
        assert_eq!(Price::from_ratio(Money::ZERO, unit), None);
        assert_eq!(Price::from_ratio(micros(-1), unit), None);
        assert_eq!(Price::from_ratio(micros(1), Quantity::default()), None);
        assert_eq!(Price::from_ratio(micros(1), Quantity::from_f64(-1.0)), None);
        let third = Price::from_ratio(micros(100_000_000), Quantity::from_f64(3.0)).unwrap();
        assert_eq!(third.cost_of(Quantity::from_f64(3.0)), micros(100_000_000));
        assert_eq!(third.cost_of(unit), micros(33_333_333));
        assert_eq!(third.dollars_per_unit(), 100.0 / 3.0);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_differ_by_at_most_a_millionth(
            parts in proptest::collection::vec(-1e6_f64..1e6, 0..50),
            paid in 1_i128..1_000_000_000_000,
            units in 1e-6_f64..1e6,
        ) {
            let price = Price::from_ratio(micros(paid), Quantity::from_f64(units)).unwrap();
            let mut rounding = CumulativeRounding::new(price);
            let mut sum = Money::ZERO;
            for part in parts.iter().map(|part| Quantity::from_f64(*part)) {
                let cost = rounding.add(part);
                prop_assert!((cost - price.cost_of(part)).micros().abs() <= 1);
                sum = sum + cost;
            }
            let whole: Quantity = parts.iter().map(|part| Quantity::from_f64(*part)).sum();
            prop_assert_eq!(sum, price.cost_of(whole));
        }

        #[test]
        // Of one sign: the difference between the two limits is beyond the range itself.
        fn saturated_parts_add_up(parts in proptest::collection::vec(0.0..f64::MAX, 0..50), units in 1e-6_f64..1e-3) {
            let price = Price::from_ratio(micros(i128::MAX), Quantity::from_f64(units)).unwrap();
            let mut rounding = CumulativeRounding::new(price);
            let sum: Money = parts.iter().map(|part| rounding.add(Quantity::from_f64(*part))).sum();
            prop_assert_eq!(sum, rounding.total());
        }
    }
}
