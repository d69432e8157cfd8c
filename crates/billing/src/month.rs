//! Calendar months in UTC, Heroku's billing period.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

/// The hours of a day in UTC.
pub(super) const HOURS_PER_DAY: i64 = 24;

/// A calendar month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Always the first day of a month.
    first: Date,
}

impl Month {
    /// Returns the month of `day`.
    pub fn of(day: Date) -> Self {
        Self {
            first: day.first_of_month(),
        }
    }

    /// Returns the UTC month at the instant `at`.
    pub fn at(at: Timestamp) -> Self {
        Self::of(Offset::UTC.to_datetime(at).date())
    }

    /// Returns the month before this one.
    pub fn previous(self) -> Self {
        Self::of(self.first.saturating_sub(Span::new().days(1)))
    }

    /// Returns the months before this one, latest first.
    pub fn closed(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.previous()), |month| Some(month.previous()))
    }

    /// Returns the first day.
    pub fn first_day(self) -> Date {
        self.first
    }

    /// Returns the number of days.
    pub fn days(self) -> u8 {
        self.first.days_in_month().unsigned_abs()
    }

    /// Returns the instant at which the month begins.
    pub fn start(self) -> Timestamp {
        // Fails only in months before the first timestamp.
        utc_midnight(self.first).unwrap_or(Timestamp::MIN)
    }

    /// Returns the instant at which the next month begins.
    pub fn end(self) -> Timestamp {
        let next = self.first.saturating_add(Span::new().months(1));
        // Fails only in the month of the last timestamp, in the year 9999.
        utc_midnight(next).unwrap_or(Timestamp::MAX)
    }

    /// Returns the share of the month that has passed at the instant `now`, from 0 to 1.
    pub fn elapsed_ratio(self, now: Timestamp) -> f64 {
        let passed = now.duration_since(self.start()).as_secs_f64();
        (passed / (f64::from(self.days()) * 86_400.0)).clamp(0.0, 1.0)
    }
}

fn utc_midnight(day: Date) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// Writes `2026-11`, the format of `team-monthly-usage.month` in Heroku's schema.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

/// The error of parsing a [`Month`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month is written as YYYY-MM")]
pub struct ParseMonthError;

/// Parses `2026-11`.
impl FromStr for Month {
    type Err = ParseMonthError;

    fn from_str(text: &str) -> Result<Self, ParseMonthError> {
        let number = |digits: &str, len| {
            let is_number = digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| digits.parse::<i16>().ok())?
        };
        let parse = || {
            let (year, month) = text.split_once('-')?;
            let month = number(month, 2)?.try_into().ok()?;
            Date::new(number(year, 4)?, month, 1).ok()
        };
        parse().map(Self::of).ok_or(ParseMonthError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// (an instant, the month it lies in, the month before), for the days on which calendars go wrong.
    const TABLE: &[(&str, &str, &str)] = &[
        ("2026-01-01T00:00:00Z", "2026-01", "2025-12"),
        ("2025-12-31T23:59:59Z", "2025-12", "2025-11"),
        ("2026-01-31T12:00:00Z", "2026-01", "2025-12"),
        ("2026-02-28T23:59:59Z", "2026-02", "2026-01"),
        ("2026-03-01T00:00:00Z", "2026-03", "2026-02"),
        ("2026-03-29T12:00:00Z", "2026-03", "2026-02"),
        ("2026-03-30T12:00:00Z", "2026-03", "2026-02"),
        ("2026-03-31T12:00:00Z", "2026-03", "2026-02"),
        ("2026-05-31T12:00:00Z", "2026-05", "2026-04"),
        ("2026-07-31T12:00:00Z", "2026-07", "2026-06"),
        ("2026-10-31T12:00:00Z", "2026-10", "2026-09"),
        ("2026-12-31T12:00:00Z", "2026-12", "2026-11"),
        ("2024-02-29T00:00:00Z", "2024-02", "2024-01"),
        ("2024-03-31T00:00:00Z", "2024-03", "2024-02"),
        ("2100-03-01T00:00:00Z", "2100-03", "2100-02"),
        // The same instants as clocks east and west of Greenwich show them.
        ("2026-12-01T13:59:59+14:00", "2026-11", "2026-10"),
        ("2026-12-01T14:00:00+14:00", "2026-12", "2026-11"),
        ("2026-11-30T11:59:59-12:00", "2026-11", "2026-10"),
        ("2026-11-30T12:00:00-12:00", "2026-12", "2026-11"),
    ];

    #[test]
    fn uses_utc_months() {
        for (instant, current, previous) in TABLE {
            let month = Month::at(instant.parse().unwrap());
            assert_eq!(month.to_string(), *current, "{instant}");
            assert_eq!(month.previous().to_string(), *previous, "{instant}");
        }
    }

    #[test]
    fn previous_month_is_right_for_four_hundred_years() {
        let mut day = jiff::civil::date(2000, 1, 1);
        while day.year() < 2400 {
            let month = Month::of(day);
            let expected = match day.month() {
                1 => format!("{:04}-12", day.year() - 1),
                m => format!("{:04}-{:02}", day.year(), m - 1),
            };
            assert_eq!(month.previous().to_string(), expected, "{day}");
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn ends_where_the_next_month_begins() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(month.end(), "2027-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(Month::at(month.end()).previous(), month);
    }

    #[test]
    fn elapsed_ratio_depends_on_month_length() {
        let ratio = |now: &str| {
            let now = now.parse().unwrap();
            Month::at(now).elapsed_ratio(now)
        };
        assert_eq!(ratio("2026-11-01T00:00:00Z"), 0.0);
        assert_eq!(ratio("2026-11-16T00:00:00Z"), 0.5);
        assert_eq!(ratio("2024-02-15T12:00:00Z"), 0.5);
        assert!(ratio("2026-12-31T23:59:59Z") < 1.0);
        let november: Month = "2026-11".parse().unwrap();
        assert_eq!(november.elapsed_ratio(Timestamp::MAX), 1.0);
        assert_eq!(november.elapsed_ratio(Timestamp::MIN), 0.0);
        assert_eq!(
            (november.days(), november.first_day()),
            (30, jiff::civil::date(2026, 11, 1))
        );
    }

    #[test]
    fn first_and_last_month_do_not_panic() {
        Month::at(Timestamp::MIN).previous();
        Month::at(Timestamp::MAX).end();
        Month::at(Timestamp::MIN).start();
    }

    #[test]
    fn rejects_invalid_months() {
        for text in [
            "",
            "2026",
            "2026-",
            "2026-00",
            "2026-13",
            "2026-1",
            "26-11",
            "+026-11",
            "2026-+1",
            "2026-11-01",
            "٢٠٢٦-١١",
        ] {
            assert_eq!(text.parse::<Month>(), Err(ParseMonthError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trips_through_text(year in 0_i16..=9999, month in 1_u8..=12) {
            let text = format!("{year:04}-{month:02}");
            prop_assert_eq!(text.parse::<Month>().unwrap().to_string(), text);
        }
    }
}
