//! Times, names and messages on the page.

use jiff::Timestamp;

use crate::report::format::{MINUS, count, sanitize};

/// The maximum length of a name in characters.
const MAX_NAME: usize = 120;

/// The maximum length of a message in characters.
const MAX_MESSAGE: usize = 600;

/// Inserts a dollar sign after the sign of an amount.
pub(super) fn with_dollar_sign(amount: &str) -> String {
    let digits = amount.trim_start_matches(['+', MINUS]);
    let sign = amount.strip_suffix(digits).unwrap_or_default();
    format!("{sign}${digits}")
}

/// A time and its age.
#[derive(Clone, Debug)]
pub(super) struct FormattedTime {
    /// The time in RFC 3339.
    pub(super) rfc3339: String,
    /// The time for display.
    pub(super) text: String,
    pub(super) age: String,
}

impl FormattedTime {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self {
            rfc3339: at.to_string(),
            text: at.strftime("%-d %b %Y, %H:%M UTC").to_string(),
            age: age(at, now),
        }
    }
}

/// Formats the time since or until an instant in the largest possible unit.
fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let units = [
        (86_400, "day", "days"),
        (3_600, "hour", "hours"),
        (60, "minute", "minutes"),
    ];
    let distance = seconds.unsigned_abs() as usize;
    let Some((unit, singular, plural)) = units.into_iter().find(|(unit, ..)| distance >= *unit)
    else {
        return "just now".to_owned();
    };
    let age = count(distance / unit, singular, plural);
    if seconds > 0 {
        format!("{age} ago")
    } else {
        format!("in {age}")
    }
}

/// Sanitizes and truncates a name. A blank name is quoted, so that its link is visible.
pub(super) fn display_name(name: &str) -> String {
    if name.trim().is_empty() {
        return format!("“{}”", sanitize(name));
    }
    truncate(&sanitize(name), MAX_NAME)
}

/// Sanitizes and truncates a message.
pub(super) fn display_message(message: &str) -> String {
    truncate(&sanitize(message), MAX_MESSAGE)
}

fn truncate(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_age_in_the_largest_unit() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let table = [
            ("2026-11-23T12:00:00Z", "just now"),
            ("2026-11-23T11:59:01Z", "just now"),
            ("2026-11-23T11:59:00Z", "1 minute ago"),
            ("2026-11-23T10:00:01Z", "1 hour ago"),
            ("2026-11-21T12:00:00Z", "2 days ago"),
            ("2026-12-03T12:00:00Z", "in 10 days"),
        ];
        for (at, text) in table {
            assert_eq!(age(at.parse().unwrap(), now), text, "{at}");
        }
    }

    #[test]
    fn inserts_dollar_sign_after_sign() {
        for (amount, text) in [
            ("12.34", "$12.34"),
            ("+12.34", "+$12.34"),
            ("−0.01", "−$0.01"),
            ("0.00", "$0.00"),
        ] {
            assert_eq!(with_dollar_sign(amount), text);
        }
    }

    #[test]
    fn names_are_visible_and_truncated() {
        assert_eq!(display_name(""), "“”");
        assert_eq!(display_name(" "), "“ ”");
        assert_eq!(display_name("shop"), "shop");
        assert_eq!(display_name("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(display_name(&"x".repeat(10_000)).chars().count(), MAX_NAME);
    }
}
