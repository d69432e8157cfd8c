//! A team's invoices.

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::civil::Date;

use super::money::Money;
use super::month::Month;

/// The names of an invoice's states, indexed by Heroku's number (schema `team-invoice`, `state`).
pub const STATES: [&str; 3] = ["pending", "successful", "failed"];

/// The name of any other state.
pub const UNKNOWN_STATE: &str = "unknown";

/// An invoice of `GET /teams/{team}/invoices`. The names in parentheses are those of Heroku's
/// schema `team-invoice`.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoice {
    /// The invoice number that people see (`number`).
    pub number: Option<i64>,
    /// The days that the invoice covers (`period_start`, `period_end`).
    pub period: InvoicePeriod,
    /// An index into [`STATES`] (`state`).
    pub state: Option<i64>,
    /// The payment status in Heroku's words, such as `Paid` (`payment_status`).
    pub payment_status: String,
    /// Charges and credits combined (`total`).
    pub total: Option<Money>,
    /// Charges before credits (`charges_total`).
    pub charges: Option<Money>,
    /// Credits (`credits_total`).
    pub credits: Option<Money>,
    /// Charges for add-ons (`addons_total`).
    pub addons: Option<Money>,
    /// Charges for databases (`database_total`).
    pub database: Option<Money>,
    /// Charges for the platform, which are those for dynos (`platform_total`).
    pub platform: Option<Money>,
    /// Dyno units used, in unit-months (`dyno_units`).
    pub dyno_units: Option<f64>,
    /// Hours of all dynos, weighted by their size (`weighted_dyno_hours`).
    pub weighted_dyno_hours: Option<f64>,
    /// The time of Heroku's last change of the invoice (`updated_at`).
    pub updated_at: Option<Timestamp>,
}

impl Invoice {
    /// Returns the name of the state, or `None` if Heroku gave none.
    pub fn state_name(&self) -> Option<&'static str> {
        let index = usize::try_from(self.state?).ok();
        let name = index.and_then(|index| STATES.get(index));
        Some(name.copied().unwrap_or(UNKNOWN_STATE))
    }

    /// Returns the month that the invoice bills, the one in which its period begins.
    pub fn month(&self) -> Month {
        Month::of(self.period.start)
    }
}

/// The days that an invoice covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoicePeriod {
    /// The first day.
    pub start: Date,
    /// The last day or the day after it, as Heroku writes both (seen in live answers). `None` if
    /// there is no valid date.
    pub end: Option<Date>,
    /// The end as Heroku wrote it, for the `period_end` label.
    pub end_as_written: String,
}

impl InvoicePeriod {
    /// Parses Heroku's two dates. Returns `None` if neither is a date.
    ///
    /// Without a start, the period begins with the month of the day before its end, since an end
    /// on the first of a month closes the month before.
    pub fn parse(start: Option<&str>, end: Option<&str>) -> Option<Self> {
        let end_date = end.and_then(parse_date);
        let start = start
            .and_then(parse_date)
            .or_else(|| Some(end_date?.yesterday().ok()?.first_of_month()))?;
        Some(Self {
            start,
            end: end_date,
            end_as_written: end.unwrap_or_default().to_owned(),
        })
    }
}

/// Parses the day of `11/30/2026` (the schema's example) or `2026-11-30` (seen in live answers). A
/// time of day may follow.
fn parse_date(text: &str) -> Option<Date> {
    let date = text.trim().split(['T', ' ']).next()?;
    let (year, month, day) = if let Some((month, rest)) = date.split_once('/') {
        let (day, year) = rest.split_once('/')?;
        (year, month, day)
    } else {
        let (year, rest) = date.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        (year, month, day)
    };
    let parts = [year, month, day];
    let is_digits = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    if year.len() != 4 || month.len() > 2 || day.len() > 2 || !parts.iter().all(is_digits) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A team's invoices, the latest period first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invoices {
    latest_first: Vec<Invoice>,
}

impl Invoices {
    /// Sorts invoices by period. Of two with the same start, the later one is the one that ends
    /// later, then the one with the higher number. Heroku does not document the order of its list.
    pub fn new(mut invoices: Vec<Invoice>) -> Self {
        invoices.sort_by_key(|i| Reverse((i.period.start, i.period.end, i.number)));
        Self {
            latest_first: invoices,
        }
    }

    /// Returns the number of invoices.
    pub fn len(&self) -> usize {
        self.latest_first.len()
    }

    /// Returns whether there are no invoices.
    pub fn is_empty(&self) -> bool {
        self.latest_first.is_empty()
    }

    /// Returns the invoices, the latest period first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Invoice> {
        self.latest_first.iter()
    }

    /// Returns the latest invoice whose period begins in `month`.
    pub fn of_month(&self, month: Month) -> Option<&Invoice> {
        self.iter().find(|invoice| invoice.month() == month)
    }

    /// Returns the invoices of `month` and of earlier months, the latest first.
    pub fn up_to(&self, month: Month) -> impl Iterator<Item = &Invoice> {
        self.iter().filter(move |invoice| invoice.month() <= month)
    }

    /// Returns the invoice with the latest period.
    pub fn current(&self) -> Option<&Invoice> {
        self.latest_first.first()
    }

    /// Returns the latest invoice whose period begins before the current one's.
    pub fn previous(&self) -> Option<&Invoice> {
        let current = self.current()?;
        self.iter().find(|i| i.period.start < current.period.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn invoice(number: i64, start: &str, end: &str) -> Invoice {
        Invoice {
            number: Some(number),
            period: InvoicePeriod::parse(Some(start), Some(end)).unwrap(),
            state: None,
            payment_status: String::new(),
            total: None,
            charges: None,
            credits: None,
            addons: None,
            database: None,
            platform: None,
            dyno_units: None,
            weighted_dyno_hours: None,
            updated_at: None,
        }
    }

    fn chosen(invoices: Vec<Invoice>) -> (Option<i64>, Option<i64>) {
        let invoices = Invoices::new(invoices);
        (
            invoices.current().and_then(|i| i.number),
            invoices.previous().and_then(|i| i.number),
        )
    }

    #[test]
    fn latest_period_is_current_in_any_order_and_format() {
        // As text, 12/31/2025 sorts after 11/30/2026, and 2026-10-31 after every other.
        let list = vec![
            invoice(1, "12/01/2025", "12/31/2025"),
            invoice(3, "11/01/2026", "11/30/2026"),
            invoice(2, "2026-10-01", "2026-10-31"),
        ];
        for rotation in 0..3 {
            let mut rotated = list.clone();
            rotated.rotate_left(rotation);
            assert_eq!(chosen(rotated), (Some(3), Some(2)));
        }
    }

    #[test]
    fn previous_invoice_has_an_earlier_period() {
        let reissued = vec![
            invoice(10, "2026-10-01", "2026-10-31"),
            invoice(11, "2026-11-01", "2026-11-30"),
            invoice(12, "11/01/2026", "11/30/2026"),
        ];
        assert_eq!(chosen(reissued), (Some(12), Some(10)));
        assert_eq!(
            chosen(vec![invoice(1, "2026-11-01", "2026-11-23")]),
            (Some(1), None)
        );
        assert_eq!(chosen(vec![]), (None, None));
    }

    #[test]
    fn open_invoice_that_ends_today_is_current() {
        let list = vec![
            invoice(1, "2026-10-01", "2026-11-01"),
            invoice(2, "2026-11-01", "2026-11-01"),
        ];
        assert_eq!(chosen(list), (Some(2), Some(1)));
    }

    #[test]
    fn invoice_of_month_is_the_latest_beginning_in_it() {
        let invoices = Invoices::new(vec![
            invoice(3, "12/01/2026", "12/31/2026"),
            invoice(1, "2026-10-01", "2026-11-01"),
            invoice(2, "2026-10-15", "2026-10-31"),
        ]);
        let number = |month: &str| invoices.of_month(month.parse().unwrap())?.number;
        assert_eq!(number("2026-12"), Some(3));
        assert_eq!(number("2026-11"), None);
        assert_eq!(number("2026-10"), Some(2));
    }

    #[test]
    fn parses_all_of_heroku_s_date_formats() {
        for text in [
            "11/30/2026",
            "2026-11-30",
            "2026-11-30T00:00:00Z",
            "2026-11-30 00:00:00 UTC",
            " 11/30/2026 ",
        ] {
            assert_eq!(parse_date(text), Some(date(2026, 11, 30)), "{text:?}");
        }
        assert_eq!(parse_date("1/2/2026"), Some(date(2026, 1, 2)));
        for text in [
            "",
            "30/11/2026",
            "2026-13-01",
            "2026-02-30",
            "11/30/26",
            "soon",
            "2026",
            "-1-1-1",
            "1/1/20266",
            "+1/1/2026",
        ] {
            assert_eq!(parse_date(text), None, "{text:?}");
        }
    }

    #[test]
    fn period_without_start_begins_with_its_month() {
        for end in ["2026-11-30", "12/01/2026"] {
            assert_eq!(
                InvoicePeriod::parse(None, Some(end)).unwrap().start,
                date(2026, 11, 1),
                "{end}"
            );
        }
        assert_eq!(InvoicePeriod::parse(Some("soon"), Some("later")), None);
        assert_eq!(
            InvoicePeriod::parse(Some("11/01/2026"), None)
                .unwrap()
                .end_as_written,
            ""
        );
    }
}
