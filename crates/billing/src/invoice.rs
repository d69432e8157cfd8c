//! A team's invoices, and which of them are the current and the previous one.

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::civil::Date;

use super::money::Money;
use super::month::Month;

/// The words for Heroku's numbers of an invoice's state.
pub const STATES: [&str; 3] = ["pending", "successful", "failed"];

/// One invoice, as `GET /teams/{team}/invoices` tells it (Heroku's schema: `team-invoice`).
#[derive(Clone, Debug, PartialEq)]
pub struct Invoice {
    /// The number that a person reads on the invoice (`number`).
    pub number: Option<i64>,
    /// The days that the invoice covers (`period_start`, `period_end`).
    pub period: InvoicePeriod,
    /// The state as Heroku's number: 0 pending, 1 successful, 2 failed (`state`).
    pub state: Option<i64>,
    /// The state of the payment in Heroku's own words, such as `Paid` (`payment_status`).
    pub payment_status: String,
    /// Charges and credits combined (`total`).
    pub total: Option<Money>,
    /// What was charged before credits (`charges_total`).
    pub charges: Option<Money>,
    /// What was credited (`credits_total`).
    pub credits: Option<Money>,
    /// Charges for add-ons (`addons_total`).
    pub addons: Option<Money>,
    /// Charges for databases (`database_total`).
    pub database: Option<Money>,
    /// Charges for the platform, which are the dynos (`platform_total`).
    pub platform: Option<Money>,
    /// Dyno units used, in unit-months (`dyno_units`).
    pub dyno_units: Option<f64>,
    /// Hours of all dynos, weighted by their size (`weighted_dyno_hours`).
    pub weighted_dyno_hours: Option<f64>,
    /// When Heroku last changed the invoice (`updated_at`).
    pub updated_at: Option<Timestamp>,
}

impl Invoice {
    /// The state as a word; `None` where Heroku gave none, or a number that is not known.
    pub fn state_word(&self) -> Option<&'static str> {
        let position = usize::try_from(self.state?).ok()?;
        STATES.get(position).copied()
    }
}

/// The days that an invoice covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoicePeriod {
    /// The first day.
    pub start: Date,
    /// The last day, or the first day after it: Heroku writes both. `None` where it gave no date.
    pub end: Option<Date>,
    /// The end as Heroku wrote it, which is what the contract's `period_end` label carries.
    pub end_as_written: String,
}

impl InvoicePeriod {
    /// Reads a period from the two dates that Heroku wrote, or `None` where neither is a date.
    ///
    /// Without a start the period is taken to begin with the month of the day before its end:
    /// an end on the first of a month closes the month before.
    pub fn read(start: Option<&str>, end: Option<&str>) -> Option<Self> {
        let end_date = end.and_then(read_date);
        let start = start
            .and_then(read_date)
            .or_else(|| Some(end_date?.yesterday().ok()?.first_of_month()))?;
        Some(Self {
            start,
            end: end_date,
            end_as_written: end.unwrap_or_default().to_owned(),
        })
    }
}

/// Reads a day as Heroku writes it: `11/30/2026` (month first, the schema's example), `2026-11-30`
/// (seen live), either with a time of day behind it.
fn read_date(text: &str) -> Option<Date> {
    let day = text.trim().split(['T', ' ']).next()?;
    if let Some((month, rest)) = day.split_once('/') {
        let (day, year) = rest.split_once('/')?;
        return Date::new(
            number(year, 4..=4)?,
            number(month, 1..=2)?,
            number(day, 1..=2)?,
        )
        .ok();
    }
    let (year, rest) = day.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    Date::new(
        number(year, 4..=4)?,
        number(month, 1..=2)?,
        number(day, 1..=2)?,
    )
    .ok()
}

fn number<T: std::str::FromStr>(digits: &str, len: std::ops::RangeInclusive<usize>) -> Option<T> {
    let plain = len.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// A team's invoices, the latest period first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invoices {
    latest_first: Vec<Invoice>,
}

impl Invoices {
    /// Orders invoices by date; the order in which Heroku lists them means nothing.
    ///
    /// Of two invoices for one period the one that ends later, then the one with the higher
    /// number, counts as the later.
    pub fn new(mut invoices: Vec<Invoice>) -> Self {
        invoices.sort_by_key(|i| Reverse((i.period.start, i.period.end, i.number)));
        Self {
            latest_first: invoices,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.latest_first.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.latest_first.is_empty()
    }

    /// The invoices, the latest period first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Invoice> {
        self.latest_first.iter()
    }

    /// The invoice that bills `month`: the latest of those whose period begins in it.
    pub fn of_month(&self, month: Month) -> Option<&Invoice> {
        self.latest_first
            .iter()
            .find(|invoice| Month::of(invoice.period.start) == month)
    }

    /// The invoices that bill `month` or a month before it, the latest first.
    pub fn up_to(&self, month: Month) -> impl Iterator<Item = &Invoice> {
        self.latest_first
            .iter()
            .filter(move |invoice| Month::of(invoice.period.start) <= month)
    }

    /// The invoice with the latest period.
    pub fn current(&self) -> Option<&Invoice> {
        self.latest_first.first()
    }

    /// The invoice of the period before the current one's.
    pub fn previous(&self) -> Option<&Invoice> {
        let current = self.current()?;
        self.latest_first
            .iter()
            .find(|i| i.period.start < current.period.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn invoice(number: i64, start: &str, end: &str) -> Invoice {
        Invoice {
            number: Some(number),
            period: InvoicePeriod::read(Some(start), Some(end)).unwrap(),
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
    fn the_latest_period_is_current_whatever_the_order_and_the_form_of_the_dates() {
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
    fn the_previous_invoice_is_of_an_earlier_period() {
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
    fn an_open_invoice_that_ends_today_is_still_the_latest() {
        let list = vec![
            invoice(1, "2026-10-01", "2026-11-01"),
            invoice(2, "2026-11-01", "2026-11-01"),
        ];
        assert_eq!(chosen(list), (Some(2), Some(1)));
    }

    #[test]
    fn the_invoice_of_a_month_is_the_latest_that_begins_in_it() {
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
    fn dates_are_read_in_every_form_that_heroku_writes() {
        for text in [
            "11/30/2026",
            "2026-11-30",
            "2026-11-30T00:00:00Z",
            "2026-11-30 00:00:00 UTC",
            " 11/30/2026 ",
        ] {
            assert_eq!(read_date(text), Some(date(2026, 11, 30)), "{text:?}");
        }
        assert_eq!(read_date("1/2/2026"), Some(date(2026, 1, 2)));
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
            assert_eq!(read_date(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_period_without_a_start_begins_with_the_month_that_its_end_closes() {
        for end in ["2026-11-30", "12/01/2026"] {
            assert_eq!(
                InvoicePeriod::read(None, Some(end)).unwrap().start,
                date(2026, 11, 1),
                "{end}"
            );
        }
        assert_eq!(InvoicePeriod::read(Some("soon"), Some("later")), None);
        assert_eq!(
            InvoicePeriod::read(Some("11/01/2026"), None)
                .unwrap()
                .end_as_written,
            ""
        );
    }
}
