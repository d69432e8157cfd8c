//! A team whose invoices look like the live responses that public repositories contain.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::company::{Company, Team};
use crate::hash;

/// The hour (UTC) after which the open invoice exists on the first of a month, and after which it is
/// renewed on other days. Seen between 02:40 and 06:47.
const NIGHTLY_HOUR: i8 = 4;

/// The dyno units and the cents for add-ons of a whole month, by age: the open month first.
const MONTHS: [(f64, i64); 6] = [
    (0.835, 953),
    (0.18, 1000),
    (0.835, 953),
    (0.0, 1000),
    (0.026, 0),
    (0.0, 0),
];

/// The cents for a dyno unit.
const DYNO_UNIT: f64 = 2503.0;

impl Company {
    /// Returns a company at the instant `now` with one team, `live`, that pays by card and has no
    /// usage. Its invoices have what live responses have and the schema does not say:
    ///
    /// - `charges_total` is 0, and `total` is the sum of the add-ons and the platform;
    /// - a dyno unit has 750 `weighted_dyno_hours`, whatever the length of the month;
    /// - dates are ISO, and a month ends on the first of the next one;
    /// - the open invoice ends today, does not exist before 04:00 UTC on the first of a month, and
    ///   covers the time up to the last midnight;
    /// - an open invoice of zero is `Paid`.
    pub fn live(now: Timestamp) -> Company {
        let time = Offset::UTC.to_datetime(now);
        let is_open_known = time.day() > 1 || time.hour() >= NIGHTLY_HOUR;
        let invoices = (0..).zip(MONTHS).map(|(age, month)| {
            let first = time
                .date()
                .first_of_month()
                .saturating_sub(i64::from(age).months());
            let elapsed = match age {
                0 => f64::from(time.day() - 1) / f64::from(first.days_in_month()),
                _ => 1.0,
            };
            let today = (age == 0).then_some(time.date());
            invoice(first, today, (month.0 * elapsed, month.1 as f64 * elapsed))
        });
        let team = Team {
            id: hash::uuid(0, "team/live"),
            name: "live".to_owned(),
            usage_available: false,
            invoices: invoices.skip(usize::from(!is_open_known)).collect(),
            ..Team::default()
        };
        Company {
            teams: vec![team],
            ..Company::default()
        }
    }
}

/// Returns the invoice of the month that begins with `first`, which is open if there is `today`.
fn invoice(first: Date, today: Option<Date>, (dyno_units, addons): (f64, f64)) -> Value {
    let next = first.saturating_add(1.month());
    let dyno_units = (dyno_units * 1000.0).round() / 1000.0;
    let (addons, platform) = (
        addons.round() as i64,
        (dyno_units * DYNO_UNIT).round() as i64,
    );
    let total = addons + platform;
    let is_paid = today.is_none() || total == 0;
    let updated = today.unwrap_or(next.saturating_add(9.days()));
    json!({
        "addons_total": addons,
        "charges_total": 0,
        "created_at": format!("{first}T03:02:11Z"),
        "credits_total": 0,
        "database_total": 0,
        "dyno_units": dyno_units,
        "id": hash::uuid(0, &format!("invoice/live/{first}")),
        "number": 20_000_000 + i64::from(first.year()) * 100 + i64::from(first.month()),
        "payment_status": if is_paid { "Paid" } else { "Pending" },
        "period_end": today.unwrap_or(next).to_string(),
        "period_start": first.to_string(),
        "platform_total": platform,
        "state": u8::from(today.is_none()),
        "total": total,
        "updated_at": format!("{updated}T03:02:11Z"),
        "weighted_dyno_hours": dyno_units * 750.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_invoice_is_absent_until_four_on_the_first() {
        let periods = |now: &str| -> Vec<String> {
            let company = Company::live(now.parse().unwrap());
            let invoices = company.teams[0].invoices.iter();
            let text = |invoice: &Value, key: &str| invoice[key].as_str().unwrap().to_owned();
            invoices
                .map(|invoice| {
                    let (start, end) = (text(invoice, "period_start"), text(invoice, "period_end"));
                    format!("{start} {end} {}", text(invoice, "payment_status"))
                })
                .take(2)
                .collect()
        };
        assert_eq!(
            periods("2022-03-01T03:59:59Z"),
            ["2022-02-01 2022-03-01 Paid", "2022-01-01 2022-02-01 Paid"]
        );
        // Two invoices end on the first.
        assert_eq!(
            periods("2022-03-01T04:00:00Z"),
            ["2022-03-01 2022-03-01 Paid", "2022-02-01 2022-03-01 Paid"]
        );
        assert_eq!(
            periods("2022-03-15T00:00:00Z"),
            [
                "2022-03-01 2022-03-15 Pending",
                "2022-02-01 2022-03-01 Paid"
            ]
        );
    }
}
