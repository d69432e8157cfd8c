//! Invoices:
//! <https://devcenter.heroku.com/articles/platform-api-reference#team-invoice>.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Cents, DecodeError, FromPages, Integer, lenient, row, rows};
use billing::invoice::{Invoice, InvoicePeriod, Invoices};

#[derive(Default, Deserialize)]
struct InvoiceRow {
    id: Option<String>,
    number: Option<Integer>,
    period_start: Option<String>,
    period_end: Option<String>,
    state: Option<Integer>,
    payment_status: Option<String>,
    total: Option<Cents>,
    charges_total: Option<Cents>,
    credits_total: Option<Cents>,
    addons_total: Option<Cents>,
    database_total: Option<Cents>,
    platform_total: Option<Cents>,
    dyno_units: Option<f64>,
    weighted_dyno_hours: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    updated_at: Option<String>,
}

/// The period of an invoice that is otherwise invalid.
#[derive(Deserialize)]
struct PeriodRow {
    period_start: Option<String>,
    period_end: Option<String>,
}

impl FromPages for Invoices {
    /// An invoice on two pages counts once. Of an invalid invoice the period is kept if possible;
    /// otherwise the previous invoice would pass for the current one.
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError> {
        let mut periods = Vec::new();
        let (mut invoices, skipped) = rows(pages, |value: &RawValue| {
            row(value)
                .and_then(|row: InvoiceRow| Ok((row.id.clone(), row.into_invoice()?)))
                .inspect_err(|_| periods.extend(row(value).ok().and_then(PeriodRow::into_invoice)))
        })?;
        let mut seen = BTreeSet::new();
        invoices.retain(|(id, invoice)| {
            let Some(id) = id else { return true };
            seen.insert((id.clone(), invoice.period.start, invoice.period.end))
        });
        let invoices = invoices.into_iter().map(|(_, invoice)| invoice);
        Ok((Self::new(invoices.chain(periods).collect()), skipped))
    }
}

impl PeriodRow {
    fn into_invoice(self) -> Option<Invoice> {
        let row = InvoiceRow {
            period_start: self.period_start,
            period_end: self.period_end,
            ..InvoiceRow::default()
        };
        row.into_invoice().ok()
    }
}

impl InvoiceRow {
    fn into_invoice(self) -> Result<Invoice, String> {
        let period = InvoicePeriod::parse(self.period_start.as_deref(), self.period_end.as_deref())
            .ok_or("neither period_start nor period_end is a date")?;
        let money = |cents: Option<Cents>| cents.map(|c| c.0);
        Ok(Invoice {
            number: self.number.map(|n| n.0),
            period,
            state: self.state.map(|n| n.0),
            payment_status: self.payment_status.unwrap_or_default(),
            total: money(self.total),
            charges: money(self.charges_total),
            credits: money(self.credits_total),
            addons: money(self.addons_total),
            database: money(self.database_total),
            platform: money(self.platform_total),
            dyno_units: self.dyno_units,
            weighted_dyno_hours: self.weighted_dyno_hours,
            updated_at: self.updated_at.and_then(|at| at.parse().ok()),
        })
    }
}
