//! Formatting of amounts, counts, months and names.

use std::fmt::Display;

use billing::money::{Money, divide_rounded};
use billing::month::Month;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

/// The minus sign of displayed amounts, as wide as a plus sign.
pub(crate) const MINUS: char = '\u{2212}';

/// Formats an amount as a decimal number of dollars without rounding.
pub(crate) fn exact(money: Money) -> String {
    decimal(money.micros(), 6)
}

/// Formats `value` ÷ 10^`decimals` without trailing zeros.
pub(super) fn decimal(value: i128, decimals: usize) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// Formats an amount rounded to cents, with digit groups: `1,234.50`.
pub(crate) fn cents(money: Money) -> String {
    let cents = divide_rounded(money.micros(), Money::CENT.micros());
    let digits = cents.unsigned_abs();
    format!(
        "{}{}.{:02}",
        sign(cents),
        group_digits(digits / 100),
        digits % 100
    )
}

/// Formats an amount like [`cents`], with a plus sign if the rounded amount is positive.
pub(crate) fn signed_cents(money: Money) -> String {
    let text = cents(money);
    let is_positive = money > Money::ZERO && text != "0.00";
    signed(text, is_positive)
}

/// Returns the minus sign of negative values, otherwise an empty string.
pub(super) fn sign(value: i128) -> String {
    (value < 0).then_some(MINUS).into_iter().collect()
}

/// Prepends a plus sign to the text of a positive value.
pub(super) fn signed(text: String, is_positive: bool) -> String {
    if is_positive {
        format!("+{text}")
    } else {
        text
    }
}

/// Formats a number with commas between groups of three digits.
pub(super) fn group_digits(number: u128) -> String {
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

/// Formats a count with its noun: `no apps`, `1 app`, `2 apps`.
pub(crate) fn count(number: usize, singular: &str, plural: &str) -> String {
    match number {
        0 => format!("no {plural}"),
        1 => format!("1 {singular}"),
        _ => format!("{number} {plural}"),
    }
}

/// Formats a count with its noun and verb: `1 app is`, `2 apps are`.
pub(crate) fn count_is(number: usize, singular: &str, plural: &str) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", count(number, singular, plural))
}

/// Formats a month, such as `November 2026`.
pub(super) fn month_name(month: Month) -> String {
    month.first_day().strftime("%B %Y").to_string()
}

/// Replaces control and hidden characters by visible ones.
///
/// Names can contain escape sequences, line breaks and bidirectional controls, which could forge
/// output or control the terminal.
pub(crate) fn sanitize(text: &str) -> String {
    let mut sanitized = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Control pictures, such as `␛`.
            '\0'..='\u{1f}' => sanitized.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => sanitized.push('\u{2421}'),
            c if is_hidden(c) => sanitized.extend(c.escape_unicode()),
            c => sanitized.push(c),
        }
    }
    sanitized
}

/// Returns whether a character is invisible or changes the text around it. The joiners of emoji and
/// Indic scripts are allowed.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A decimal number that is serialized to JSON verbatim, without conversion to a float.
pub(super) struct JsonNumber(pub(super) String);

impl Serialize for JsonNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(self.0.clone()).map_err(S::Error::custom)?;
        number.serialize(serializer)
    }
}

/// Serializes an amount as a JSON number of dollars.
pub(super) fn usd<S: Serializer>(money: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    money
        .map(|money| JsonNumber(exact(money)))
        .serialize(serializer)
}

/// Serializes a value as its `Display` text.
pub(super) fn display<S: Serializer>(
    value: &impl Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formats_exact_amounts_and_rounded_cents() {
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
        for (micros, exact_text, cents_text, signed_text) in table {
            let money = Money::from_micros(micros);
            let texts = (exact(money), cents(money), signed_cents(money));
            assert_eq!(
                texts,
                (exact_text.into(), cents_text.into(), signed_text.into()),
                "{micros}"
            );
        }
    }

    #[test]
    fn sanitizes_control_and_bidi_characters() {
        let table = [
            ("shop-web", "shop-web"),
            ("\u{1b}[31mred\u{1b}[0m\u{7}", "␛[31mred␛[0m␇"),
            ("a\nb\r\tc\0\u{7f}", "a␊b␍␉c␀␡"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("evil\u{202e}txt.exe", "evil\\u{202e}txt.exe"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("👩‍👧 family", "👩‍👧 family"),
        ];
        for (text, sanitized) in table {
            assert_eq!(sanitize(text), sanitized, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn sanitized_text_has_no_hidden_characters(text in any::<String>()) {
            let text = sanitize(&text);
            prop_assert!(!text.chars().any(is_hidden), "{text:?}");
        }
    }
}
