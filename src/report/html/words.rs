//! Figures, times and names as they stand on the page.

use std::fmt;

use jiff::Timestamp;

use crate::report::decimal::{MINUS, cents, exact, per_cent, signed_cents, signed_per_cent};
use crate::report::text::{cut, visible};
use crate::report::{Figures, PerCent};
use billing::money::Money;

/// How many columns a name has at most: more help nobody to tell it from another.
const LONGEST_NAME: usize = 120;

/// How many columns a message has at most.
const LONGEST_LINE: usize = 600;

/// An amount of dollars.
#[derive(Clone, Debug)]
pub(super) struct Amount {
    /// For machines, exactly.
    pub(super) exact: String,
    /// For people, to the cent.
    pub(super) text: String,
}

impl Amount {
    pub(super) fn of(money: Money) -> Self {
        Self {
            exact: exact(money),
            text: cents(money),
        }
    }

    /// With the sign of its currency, behind its own.
    pub(super) fn dollars(&self) -> String {
        let digits = self.text.trim_start_matches(['+', MINUS]);
        let sign = self.text.strip_suffix(digits).unwrap_or_default();
        format!("{sign}${digits}")
    }

    fn signed(money: Money) -> Self {
        Self {
            exact: exact(money),
            text: signed_cents(money),
        }
    }
}

/// What something costs, in words.
#[derive(Clone, Debug)]
pub(super) struct Costs {
    pub(super) current: Option<Amount>,
    pub(super) forecast: Option<Amount>,
    pub(super) previous: Option<Amount>,
    pub(super) change: Option<Amount>,
    /// The change as a share, or a word for it.
    pub(super) share: Option<String>,
}

impl Costs {
    pub(super) fn of(figures: &Figures) -> Self {
        let change = figures.change();
        Self {
            current: figures.current.map(Amount::of),
            forecast: figures.forecast.map(Amount::of),
            previous: figures.previous.map(Amount::of),
            change: change.map(Amount::signed),
            share: figures.change_share().map(signed_per_cent),
        }
    }
}

/// A share, such as `83.4 %`.
pub(super) fn share(share: PerCent) -> String {
    per_cent(share)
}

/// An instant: for machines, for people, and how long ago.
#[derive(Clone, Debug)]
pub(super) struct When {
    pub(super) exact: String,
    pub(super) text: String,
    pub(super) age: String,
}

impl When {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self {
            exact: at.to_string(),
            text: at.strftime("%-d %b %Y, %H:%M UTC").to_string(),
            age: age(at, now),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How long ago something was, or how long until it is, in the largest unit of which there is one.
fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(unit, _)| seconds.abs() >= *unit);
    let Some((unit, name)) = unit else {
        return "just now".to_owned();
    };
    let count = seconds.abs() / unit;
    let s = if count == 1 { "" } else { "s" };
    if seconds > 0 {
        format!("{count} {name}{s} ago")
    } else {
        format!("in {count} {name}{s}")
    }
}

/// A name with nothing hidden in it, and no longer than helps.
pub(super) fn name(name: &str) -> String {
    if name.trim().is_empty() {
        // Or there would be nothing to see or to follow.
        return format!("“{}”", visible(name));
    }
    cut(&visible(name), LONGEST_NAME)
}

/// A message with nothing hidden in it, and no longer than anybody reads.
pub(super) fn line(message: &str) -> String {
    cut(&visible(message), LONGEST_LINE)
}

/// `1 app`, `2 apps`.
pub(super) fn count(count: usize, one: &str, more: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {more}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_largest_unit() {
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
    fn the_currency_stands_behind_the_sign() {
        let table = [
            (12_340_000, "$12.34", "+$12.34"),
            (-5_000, "−$0.01", "−$0.01"),
        ];
        for (micros, plain, signed) in table {
            let money = Money::from_micros_saturating(micros);
            assert_eq!(Amount::of(money).dollars(), plain);
            assert_eq!(Amount::signed(money).dollars(), signed);
        }
        assert_eq!(Amount::signed(Money::ZERO).dollars(), "$0.00");
    }

    #[test]
    fn a_name_is_there_to_see_whatever_it_is() {
        assert_eq!(name(""), "“”");
        assert_eq!(name(" "), "“ ”");
        assert_eq!(name("shop"), "shop");
        assert_eq!(name("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(name(&"x".repeat(10_000)).chars().count(), LONGEST_NAME);
    }
}
