//! Exact amounts as decimal text: to the last millionth for programs, to the cent for people.

use super::figures::PerCent;
use billing::money::Money;

/// The minus of figures that people read: as wide as a plus.
pub(crate) const MINUS: char = '\u{2212}';

/// The amount of dollars as a JSON number: no more decimals than it has.
pub(crate) fn exact(money: Money) -> String {
    decimal(money.micros(), 6)
}

/// The share in per cent as a JSON number.
pub(crate) fn exact_per_cent(share: PerCent) -> String {
    decimal(share.tenths, 1)
}

fn decimal(value: i128, decimals: usize) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// Dollars and cents, rounded half away from zero, in groups of three digits.
pub(crate) fn cents(money: Money) -> String {
    let cents = rounded(money.micros(), 10_000);
    let (whole, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let sign = if cents < 0 {
        MINUS.to_string()
    } else {
        String::new()
    };
    format!("{sign}{}.{rest:02}", grouped(whole))
}

/// The same with a sign, unless it comes to nothing.
pub(crate) fn signed_cents(money: Money) -> String {
    let plus = if rounded(money.micros(), 10_000) > 0 {
        "+"
    } else {
        ""
    };
    format!("{plus}{}", cents(money))
}

/// A share, such as `83.4 %`.
pub(crate) fn per_cent(share: PerCent) -> String {
    let sign = if share.tenths < 0 {
        MINUS.to_string()
    } else {
        String::new()
    };
    let tenths = share.tenths.unsigned_abs();
    if tenths >= 100_000 {
        // More digits would say nothing, and take the place of what does.
        return format!("{sign}>9,999 %");
    }
    format!("{sign}{}.{} %", grouped(tenths / 10), tenths % 10)
}

/// The same with a sign, unless it is nothing.
pub(crate) fn signed_per_cent(share: PerCent) -> String {
    let plus = if share.tenths > 0 { "+" } else { "" };
    format!("{plus}{}", per_cent(share))
}

fn rounded(value: i128, unit: i128) -> i128 {
    let (quotient, rest) = (value / unit, value % unit);
    if rest.abs() * 2 >= unit {
        quotient + value.signum()
    } else {
        quotient
    }
}

fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_every_digit_and_people_the_cents() {
        let table = [
            (0, "0", "0.00", "0.00"),
            (1, "0.000001", "0.00", "0.00"),
            (-4_999, "-0.004999", "0.00", "0.00"),
            (5_000, "0.005", "0.01", "+0.01"),
            (-5_000, "-0.005", "−0.01", "−0.01"),
            (12_340_000, "12.34", "12.34", "+12.34"),
            (
                -1_234_567_895_000,
                "-1234567.895",
                "−1,234,567.90",
                "−1,234,567.90",
            ),
            (100_000_000, "100", "100.00", "+100.00"),
            (
                i128::from(i64::MAX),
                "9223372036854.775807",
                "9,223,372,036,854.78",
                "+9,223,372,036,854.78",
            ),
        ];
        for (micros, all, people, signed) in table {
            let money = Money::from_micros_saturating(micros);
            let texts = (exact(money), cents(money), signed_cents(money));
            assert_eq!(
                texts,
                (all.into(), people.into(), signed.into()),
                "{micros}"
            );
        }
    }

    #[test]
    fn shares_have_a_decimal_and_an_end() {
        let table = [
            (0, "0", "0.0 %", "0.0 %"),
            (36, "3.6", "3.6 %", "+3.6 %"),
            (-1_000, "-100", "−100.0 %", "−100.0 %"),
            (12_345, "1234.5", "1,234.5 %", "+1,234.5 %"),
            (i128::MAX / 1_000, "", "", "+>9,999 %"),
        ];
        for (tenths, all, people, signed) in table {
            let share = PerCent { tenths };
            if !all.is_empty() {
                assert_eq!(
                    (exact_per_cent(share), per_cent(share)),
                    (all.into(), people.into())
                );
            }
            assert_eq!(signed_per_cent(share), signed);
        }
    }
}
