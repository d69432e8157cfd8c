//! Months and days without the range limits of [`Date`].

use jiff::civil::Date;

/// A month as the number of months since January of the year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month(i32);

/// A day of a month, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    pub(crate) month: Month,
    pub(crate) day: u32,
}

impl Month {
    pub(crate) fn new(year: i32, month: i32) -> Month {
        Month(year * 12 + month - 1)
    }

    pub(crate) fn of(date: Date) -> Month {
        Month::new(i32::from(date.year()), i32::from(date.month()))
    }

    pub(crate) fn plus(self, months: i32) -> Month {
        Month(self.0 + months)
    }

    pub(crate) fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// Returns the month of the year, counted from 1.
    pub(crate) fn month(self) -> i32 {
        self.0.rem_euclid(12) + 1
    }

    /// Returns the position of the month in a cycle of months, which bounds values that grow with
    /// time.
    pub(crate) fn phase(self, cycle: u32, offset: u64) -> u32 {
        let cycle = i64::from(cycle);
        let offset = i64::try_from(offset).unwrap_or_default();
        u32::try_from((i64::from(self.0) + offset).rem_euclid(cycle)).unwrap_or_default()
    }

    pub(crate) fn days(self) -> u32 {
        match self.month() {
            2 if self.year() % 4 == 0 && (self.year() % 100 != 0 || self.year() % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    pub(crate) fn day(self, day: u32) -> Day {
        Day { month: self, day }
    }

    /// Formats the month as `YYYY-MM`.
    pub(crate) fn iso(self) -> String {
        format!("{:04}-{:02}", self.year(), self.month())
    }
}

impl Day {
    /// Adds a number of days.
    pub(crate) fn plus(self, days: u32) -> Day {
        let (mut month, mut day) = (self.month, self.day + days);
        while day > month.days() {
            day -= month.days();
            month = month.plus(1);
        }
        month.day(day)
    }

    pub(crate) fn is_weekend(self) -> bool {
        let year = i16::try_from(self.month.year()).unwrap_or(2000);
        let (month, day) = (self.month.month() as i8, self.day as i8);
        Date::new(year, month, day).is_ok_and(|date| date.weekday().to_monday_zero_offset() >= 5)
    }

    /// Formats the day as `YYYY-MM-DD`.
    pub(crate) fn iso(self) -> String {
        format!("{}-{:02}", self.month.iso(), self.day)
    }

    /// Formats the day as `MM/DD/YYYY`, as in the schema's example.
    pub(crate) fn american(self) -> String {
        format!(
            "{:02}/{:02}/{:04}",
            self.month.month(),
            self.day,
            self.month.year()
        )
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::Month;

    #[test]
    fn adds_months_and_days_across_years() {
        let month = Month::of(date(2026, 1, 31));
        assert_eq!(month.plus(-1).iso(), "2025-12");
        assert_eq!(month.plus(-13).iso(), "2024-12");
        assert_eq!(month.day(30).plus(3).american(), "02/02/2026");
        assert!(month.day(31).is_weekend());
        assert!(!month.day(30).is_weekend());
    }

    #[test]
    fn days_match_gregorian_calendar() {
        for year in [1900, 2000, 2023, 2024, 2100] {
            for month in 1..=12 {
                let expected = date(year, month, 1).days_in_month();
                assert_eq!(
                    Month::new(year.into(), month.into()).days(),
                    u32::from(expected.unsigned_abs())
                );
            }
        }
    }
}
