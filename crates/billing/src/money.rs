//! An exact amount of US dollars.

use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

/// An exact amount of US dollars, counted in millionths of a dollar.
///
/// Heroku writes invoices in whole cents; add-on credits carry finer fractions. A millionth holds
/// both without rounding. No single amount is beyond nine trillion dollars, and the integer has
/// room for more sums of such amounts than anybody has apps: that is what makes sums exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money {
    micros: i128,
}

const MICROS_PER_DOLLAR: i128 = 1_000_000;
const MICROS_PER_CENT: i64 = 10_000;

impl Money {
    /// No money.
    pub const ZERO: Self = Self { micros: 0 };

    /// A hundredth of a dollar.
    pub const CENT: Self = Self { micros: 10_000 };

    /// The amount that is `dollars` whole dollars.
    pub const fn from_whole_dollars(dollars: i32) -> Self {
        Self {
            micros: dollars as i128 * MICROS_PER_DOLLAR,
        }
    }

    /// The amount that is `micros` millionths of a dollar, or the largest single amount of its
    /// sign where that is beyond nine trillion dollars.
    pub fn from_micros_saturating(micros: i128) -> Self {
        Self {
            micros: micros.clamp(-i128::from(i64::MAX), i128::from(i64::MAX)),
        }
    }

    /// The amount in millionths of a dollar.
    pub const fn micros(self) -> i128 {
        self.micros
    }

    /// The amount that is `cents` hundredths of a dollar, or `None` where it is beyond nine
    /// trillion dollars.
    pub fn from_cents(cents: i64) -> Option<Self> {
        let micros = cents.checked_mul(MICROS_PER_CENT)?;
        Some(Self {
            micros: micros.into(),
        })
    }

    /// The amount that is `cents` hundredths of a dollar with a fraction, rounded to a millionth
    /// of a dollar, or `None` where it is not a number or beyond nine trillion dollars.
    pub fn from_fractional_cents(cents: f64) -> Option<Self> {
        let micros = (cents * MICROS_PER_CENT as f64).round();
        // `i64::MAX as f64` rounds up to 2^63, which is one too many: hence `<`.
        let fits = micros.is_finite() && micros.abs() < i64::MAX as f64;
        fits.then_some(Self {
            micros: micros as i128,
        })
    }

    /// The amount that a decimal text of dollars denotes, such as `25` or `27.50`; `None` where it
    /// is none, has more than six decimals, or is beyond nine trillion dollars. There is no sign
    /// and no exponent: what people write by hand is a price or a budget.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || decimals.len() > 6 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let fraction: i128 = format!("{decimals:0<6}").parse().ok()?;
        let micros = i128::from(whole.parse::<i64>().ok()?) * MICROS_PER_DOLLAR + fraction;
        (micros <= i64::MAX.into()).then_some(Self { micros })
    }

    /// The amount in dollars: the one place where money becomes a float.
    ///
    /// The quotient is the float nearest to the exact amount, so that 1234 cents print as `12.34`.
    pub fn dollars(self) -> f64 {
        self.micros as f64 / MICROS_PER_DOLLAR as f64
    }
}

impl Add for Money {
    type Output = Self;

    /// Saturates, far beyond any sum of amounts, rather than wrapping round to a credit.
    fn add(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_add(other.micros),
        }
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_sub(other.micros),
        }
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dollars_are_the_float_that_the_decimal_text_denotes(cents in -900_000_000_000_i64..900_000_000_000) {
            let text = format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
            prop_assert_eq!(Money::from_cents(cents).unwrap().dollars(), text.parse::<f64>().unwrap());
        }

        #[test]
        fn whole_cents_read_the_same_from_an_integer_and_from_a_float(cents in -900_000_000_000_i64..900_000_000_000) {
            prop_assert_eq!(Money::from_fractional_cents(cents as f64), Money::from_cents(cents));
        }
    }

    #[test]
    fn an_amount_that_does_not_fit_is_refused() {
        assert_eq!(Money::from_cents(i64::MAX), None);
        assert_eq!(Money::from_cents(i64::MIN), None);
        for cents in [
            f64::NAN,
            f64::INFINITY,
            1e300,
            -1e300,
            i64::MAX as f64 / 10_000.0,
        ] {
            assert_eq!(Money::from_fractional_cents(cents), None, "{cents}");
        }
    }

    #[test]
    fn decimal_text_is_read_exactly() {
        for (text, micros) in [
            ("0", 0),
            ("25", 25_000_000),
            ("27.5", 27_500_000),
            ("27.50", 27_500_000),
            ("007", 7_000_000),
            ("0.000001", 1),
            ("0.1", 100_000),
            ("9007199254.740993", 9_007_199_254_740_993),
            ("9223372036854.775807", i128::from(i64::MAX)),
        ] {
            assert_eq!(Money::parse(text), Some(Money { micros }), "{text}");
        }
        for text in [
            "",
            ".",
            ".5",
            "5.",
            "-1",
            "+1",
            "-0",
            "1e3",
            "1e400",
            "NaN",
            "inf",
            ".inf",
            "1,5",
            "1_000",
            "0x10",
            " 1",
            "1 ",
            "$1",
            "1.0000001",
            "1.2.3",
            "٣",
            "9223372036854.775808",
            "99999999999999999999",
        ] {
            assert_eq!(Money::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_sum_beyond_the_range_saturates() {
        let most = Money { micros: i128::MAX };
        assert_eq!(most + Money { micros: 1 }, most);
        assert_eq!(-most - most, Money { micros: i128::MIN });
    }

    #[test]
    fn a_sum_of_the_largest_amounts_is_exact() {
        let largest = Money::from_micros_saturating(i128::MAX);
        let sum: Money = std::iter::repeat_n(largest, 100_000).sum();
        assert_eq!(sum.micros(), i128::from(i64::MAX) * 100_000);
        assert_eq!(Money::from_micros_saturating(i128::MIN), -largest);
        assert_eq!(
            Money::from_whole_dollars(25),
            Money::from_cents(2_500).unwrap()
        );
    }
}
