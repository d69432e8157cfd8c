//! Percentages.

use super::format::{decimal, group_digits, sign, signed};
use billing::money::{Money, divide_rounded};

/// A percentage with one decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Percent {
    tenths: i128,
}

impl Percent {
    /// Computes the share of `part` in `whole`, rounded half away from zero. Returns `None` if
    /// `whole` is not positive.
    pub(super) fn of(part: Money, whole: Money) -> Option<Self> {
        let tenths = part.micros().checked_mul(1_000)?;
        (whole > Money::ZERO).then(|| Self {
            tenths: divide_rounded(tenths, whole.micros()),
        })
    }

    /// Returns whether the absolute value is below 1 %.
    pub(super) fn is_below_one(self) -> bool {
        self.tenths.abs() < 10
    }

    /// Formats the percentage as a decimal number, such as `83.4`.
    pub(super) fn exact(self) -> String {
        decimal(self.tenths, 1)
    }

    /// Formats the percentage for display, such as `83.4 %`.
    pub(super) fn text(self) -> String {
        let (sign, tenths) = (sign(self.tenths), self.tenths.unsigned_abs());
        if tenths >= 100_000 {
            return format!("{sign}>9,999 %");
        }
        format!("{sign}{}.{} %", group_digits(tenths / 10), tenths % 10)
    }

    /// Formats the percentage like [`Percent::text`], with a plus sign if it is positive.
    pub(super) fn signed_text(self) -> String {
        signed(self.text(), self.tenths > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_one_decimal_up_to_a_limit() {
        let table = [
            (0, "0", "0.0 %", "0.0 %"),
            (36, "3.6", "3.6 %", "+3.6 %"),
            (-1_000, "-100", "−100.0 %", "−100.0 %"),
            (12_345, "1234.5", "1,234.5 %", "+1,234.5 %"),
            (i128::MAX / 1_000, "", "", "+>9,999 %"),
        ];
        for (tenths, exact, text, signed) in table {
            let share = Percent { tenths };
            if !exact.is_empty() {
                assert_eq!((share.exact(), share.text()), (exact.into(), text.into()));
            }
            assert_eq!(share.signed_text(), signed);
        }
    }
}
