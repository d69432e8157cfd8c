//! Exact amounts of US dollars.

use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

/// An exact amount of US dollars, in millionths of a dollar.
///
/// Heroku's invoices are in whole cents, and add-on credits have finer fractions. A single amount
/// is limited to ±`i64::MAX` millionths (9.2 trillion dollars), so that sums of them in an `i128`
/// are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money {
    micros: i128,
}

const MICROS_PER_DOLLAR: i128 = 1_000_000;
const MICROS_PER_CENT: i128 = 10_000;
const MAX_MICROS: i128 = i64::MAX as i128;

impl Money {
    /// Zero dollars.
    pub const ZERO: Self = Self { micros: 0 };

    /// One cent.
    pub const CENT: Self = Self {
        micros: MICROS_PER_CENT,
    };

    /// Creates an amount from whole dollars.
    pub const fn from_whole_dollars(dollars: i32) -> Self {
        Self {
            micros: dollars as i128 * MICROS_PER_DOLLAR,
        }
    }

    /// Creates an amount from millionths of a dollar.
    pub const fn from_micros(micros: i128) -> Self {
        Self { micros }
    }

    /// Returns the amount in millionths of a dollar.
    pub const fn micros(self) -> i128 {
        self.micros
    }

    /// Creates an amount from cents, or `None` if it is beyond the largest single amount.
    pub fn from_cents(cents: i64) -> Option<Self> {
        let micros = i128::from(cents) * MICROS_PER_CENT;
        (micros.abs() <= MAX_MICROS).then_some(Self { micros })
    }

    /// Creates an amount from cents with a fraction, rounded to a millionth of a dollar. Returns
    /// `None` if it is not a number or beyond the largest single amount.
    pub fn from_fractional_cents(cents: f64) -> Option<Self> {
        let micros = (cents * MICROS_PER_CENT as f64).round();
        // `MAX_MICROS as f64` rounds up to 2^63, which is out of range: hence `<`.
        let fits = micros.is_finite() && micros.abs() < MAX_MICROS as f64;
        fits.then_some(Self {
            micros: micros as i128,
        })
    }

    /// Parses a decimal number of dollars, such as `25` or `27.50`, with up to six decimals and
    /// without sign or exponent. Returns `None` for anything else, and for an amount beyond the
    /// largest single amount.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || decimals.len() > 6 || !is_digits(whole) || !is_digits(decimals) {
            return None;
        }
        let fraction: i128 = format!("{decimals:0<6}").parse().ok()?;
        let micros = i128::from(whole.parse::<i64>().ok()?) * MICROS_PER_DOLLAR + fraction;
        (micros <= MAX_MICROS).then_some(Self { micros })
    }

    /// Returns the amount in dollars, as the float nearest to it: 1234 cents print as `12.34`.
    pub fn dollars(self) -> f64 {
        self.micros as f64 / MICROS_PER_DOLLAR as f64
    }
}

/// Sums the amounts that are known. Returns `None` if none is.
pub fn sum_known(amounts: impl IntoIterator<Item = Option<Money>>) -> Option<Money> {
    amounts.into_iter().flatten().reduce(Add::add)
}

/// Divides and rounds half away from zero. `divisor` must be positive.
pub fn divide_rounded(dividend: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    if remainder.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2) {
        quotient + dividend.signum()
    } else {
        quotient
    }
}

impl Add for Money {
    type Output = Self;

    /// Adds, saturating at the limits of `i128`.
    fn add(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_add(other.micros),
        }
    }
}

impl Sub for Money {
    type Output = Self;

    /// Subtracts, saturating at the limits of `i128`.
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
        fn dollars_are_the_nearest_float(cents in -900_000_000_000_i64..900_000_000_000) {
            let text = format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
            prop_assert_eq!(Money::from_cents(cents).unwrap().dollars(), text.parse::<f64>().unwrap());
        }

        #[test]
        fn whole_cents_convert_alike_from_integer_and_float(cents in -900_000_000_000_i64..900_000_000_000) {
            prop_assert_eq!(Money::from_fractional_cents(cents as f64), Money::from_cents(cents));
        }
    }

    #[test]
    fn rejects_amounts_beyond_the_limit() {
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
    fn parses_decimal_text_exactly() {
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
    fn sums_saturate() {
        let most = Money { micros: i128::MAX };
        assert_eq!(most + Money { micros: 1 }, most);
        assert_eq!(-most - most, Money { micros: i128::MIN });
    }

    #[test]
    fn sums_of_the_largest_amounts_are_exact() {
        let largest = Money::from_micros(i64::MAX.into());
        let sum: Money = std::iter::repeat_n(largest, 100_000).sum();
        assert_eq!(sum.micros(), i128::from(i64::MAX) * 100_000);
        assert_eq!(Money::from_micros(-i128::from(i64::MAX)), -largest);
        assert_eq!(
            Money::from_whole_dollars(25),
            Money::from_cents(2_500).unwrap()
        );
    }

    #[test]
    fn rounds_quotients_half_away_from_zero() {
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
                divide_rounded(dividend, divisor),
                expected,
                "{dividend} / {divisor}"
            );
        }
    }
}
