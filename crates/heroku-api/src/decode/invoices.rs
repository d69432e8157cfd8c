//! Invoices:
//! <https://devcenter.heroku.com/articles/platform-api-reference#team-invoice>.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::field::{Cents, Count, Field, Integer, Units};
use super::{DecodeError, FromPages, row, rows};
use crate::skipped::Skipped;
use billing::invoice::{Invoice, InvoicePeriod, Invoices};

#[derive(Default, Deserialize)]
#[serde(default)]
struct InvoiceRow {
    id: Field<String>,
    number: Field<Integer>,
    period_start: Field<String>,
    period_end: Field<String>,
    state: Field<Integer>,
    payment_status: Field<String>,
    total: Field<Cents>,
    charges_total: Field<Cents>,
    credits_total: Field<Cents>,
    addons_total: Field<Cents>,
    database_total: Field<Cents>,
    platform_total: Field<Cents>,
    dyno_units: Field<Units>,
    weighted_dyno_hours: Field<Count>,
    updated_at: Field<String>,
}

impl FromPages for Invoices {
    /// An invoice on two pages counts once.
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError> {
        let mut invoices = rows(pages, skipped, |value, skipped| {
            row::<InvoiceRow>(value)?.into_invoice(skipped)
        })?;
        let mut seen = BTreeSet::new();
        invoices.retain(|(id, invoice)| {
            let Some(id) = id else { return true };
            seen.insert((id.clone(), invoice.period.start, invoice.period.end))
        });
        let invoices = invoices.into_iter().map(|(_, invoice)| invoice);
        Ok(Self::new(invoices.collect()))
    }
}

impl InvoiceRow {
    /// Returns the id and the invoice, which requires one date of its period.
    fn into_invoice(self, skipped: &mut Skipped) -> Result<(Option<String>, Invoice), String> {
        let start = self.period_start.get("period_start", skipped);
        let end = self.period_end.get("period_end", skipped);
        let period = InvoicePeriod::parse(start.as_deref(), end.as_deref())
            .ok_or("neither period_start nor period_end is a date")?;
        let mut money = |cents: Field<Cents>, name| cents.get(name, skipped).map(|cents| cents.0);
        let invoice = Invoice {
            period,
            total: money(self.total, "total"),
            charges: money(self.charges_total, "charges_total"),
            credits: money(self.credits_total, "credits_total"),
            addons: money(self.addons_total, "addons_total"),
            database: money(self.database_total, "database_total"),
            platform: money(self.platform_total, "platform_total"),
            number: self.number.get("number", skipped).map(|n| n.0),
            state: self.state.get("state", skipped).map(|n| n.0),
            payment_status: (self.payment_status.get("payment_status", skipped))
                .unwrap_or_default(),
            dyno_units: self.dyno_units.get("dyno_units", skipped).map(|n| n.0),
            weighted_dyno_hours: (self.weighted_dyno_hours.get("weighted_dyno_hours", skipped))
                .map(|n| n.0),
            updated_at: (self.updated_at)
                .and_then(|at| at.parse().map_err(|_| format!("{at:?} is not a time")))
                .get("updated_at", skipped),
        };
        Ok((self.id.get("id", skipped), invoice))
    }
}
