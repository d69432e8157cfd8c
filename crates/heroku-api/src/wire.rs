//! The JSON as Heroku sends it, and its way into the domain.
//!
//! Heroku marks these endpoints *development*: a field may be missing, unknown or `null`, an
//! integer may stand where a float is expected and the reverse. A row that cannot be understood is
//! left out and told; it never becomes a row of zeros. Field names are those of Heroku's published
//! schema: <https://devcenter.heroku.com/articles/platform-api-reference#team-invoice>,
//! <https://devcenter.heroku.com/articles/platform-api-reference#team-monthly-usage>.

mod account_usage;
pub(super) mod authorizations;
mod teams;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::value::RawValue;

use crate::list::FromPages;
use billing::invoice::{Invoice, InvoicePeriod, Invoices};
use billing::money::Money;
use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};

/// A list as it was understood, and what was left out of it.
#[derive(Debug)]
pub(super) struct Decoded<T> {
    pub(super) value: T,
    /// For each row that was left out, why.
    pub(super) left_out: Vec<String>,
}

/// The pages of a list that are not what a list should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("it is not a JSON list: {0}")]
    NotAList(serde_json::Error),
    #[error("none of its {rows} rows is as it should be; of the first: {first}")]
    NoRow { rows: usize, first: String },
    #[error("it is not such an object: {0}")]
    NotAnObject(serde_json::Error),
}

impl FromPages for Invoices {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        in_pages(invoices(pages))
    }
}

impl FromPages for Usage {
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String> {
        in_pages(usage(pages))
    }
}

/// What was decoded, as [`FromPages`] has it.
fn in_pages<T>(decoded: Result<Decoded<T>, Unreadable>) -> Result<(T, Vec<String>), String> {
    let Decoded { value, left_out } = decoded.map_err(|why| why.to_string())?;
    Ok((value, left_out))
}

/// Reads the pages of `GET /teams/{}/invoices`. An invoice that stands on two pages counts once.
///
/// Of an invoice that cannot be understood only the period is kept, where that can be read: without
/// it, the invoice before would be taken for the current one, and its money for this month's.
pub(super) fn invoices(pages: &[String]) -> Result<Decoded<Invoices>, Unreadable> {
    let mut odd = Vec::new();
    let mut rows = rows(pages, |row: &RawValue| {
        read_row(row)
            .and_then(|row: InvoiceRow<'_>| Ok((row.id.clone(), row.into_invoice()?)))
            .inspect_err(|_| odd.extend(read_row(row).ok().and_then(PeriodRow::into_invoice)))
    })?;
    let mut seen = BTreeSet::new();
    rows.value.retain(|(id, invoice)| {
        let Some(id) = id else { return true };
        seen.insert((id.clone(), invoice.period.start, invoice.period.end))
    });
    let understood = rows.value.into_iter().map(|(_, invoice)| invoice);
    let invoices = understood.chain(odd).collect();
    Ok(Decoded {
        value: Invoices::new(invoices),
        left_out: rows.left_out,
    })
}

/// Reads the pages of `GET /teams/{}/usage/monthly`.
pub(super) fn usage(pages: &[String]) -> Result<Decoded<Usage>, Unreadable> {
    let mut left_out_apps = Vec::new();
    let rows = rows(pages, |row| {
        let month = month(&read_row::<MonthRow>(row)?.month)?;
        let row: UsageRow<'_> = read_row(row)?;
        Ok((month, row.into_usage(month, &mut left_out_apps)))
    })?;
    let mut left_out = rows.left_out;
    left_out.append(&mut left_out_apps);
    let mut months = BTreeMap::new();
    for (month, usage) in rows.value {
        if months.insert(month, usage).is_some() {
            left_out.push(format!("a second row for {month} stands in for the first"));
        }
    }
    Ok(Decoded {
        value: Usage { months },
        left_out,
    })
}

/// Reads each row of each page by itself, so that one odd row spoils no other.
fn rows<'a, T>(
    pages: &'a [String],
    mut understand: impl FnMut(&'a RawValue) -> Result<T, String>,
) -> Result<Decoded<Vec<T>>, Unreadable> {
    let mut value = Vec::new();
    let mut left_out = Vec::new();
    for page in pages {
        let raw: Vec<&RawValue> = serde_json::from_str(page).map_err(Unreadable::NotAList)?;
        for row in raw {
            match understand(row) {
                Ok(row) => value.push(row),
                Err(why) => left_out.push(why),
            }
        }
    }
    match left_out.first() {
        Some(first) if value.is_empty() => Err(Unreadable::NoRow {
            rows: left_out.len(),
            first: first.clone(),
        }),
        _ => Ok(Decoded { value, left_out }),
    }
}

fn read_row<'a, R: Deserialize<'a>>(row: &'a RawValue) -> Result<R, String> {
    serde_json::from_str(row.get()).map_err(|error| error.to_string())
}

/// A field that is unknown where it is odd, without which the rest of its row is still worth having.
fn lenient<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Option<T> {
    serde_json::from_str(value.get()).ok()
}

#[derive(Deserialize)]
struct InvoiceRow<'a> {
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
    #[serde(borrow)]
    updated_at: Option<&'a RawValue>,
}

/// What is left of an invoice of which nothing else can be understood.
#[derive(Deserialize)]
struct PeriodRow {
    period_start: Option<String>,
    period_end: Option<String>,
}

impl PeriodRow {
    fn into_invoice(self) -> Option<Invoice> {
        Some(Invoice {
            number: None,
            period: InvoicePeriod::parse(self.period_start.as_deref(), self.period_end.as_deref())?,
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
        })
    }
}

impl InvoiceRow<'_> {
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
            updated_at: self
                .updated_at
                .and_then(lenient::<String>)
                .and_then(|at| at.parse().ok()),
        })
    }
}

fn month(text: &str) -> Result<Month, String> {
    text.parse().map_err(|_| format!("{text:?} is not a month"))
}

#[derive(Deserialize)]
struct MonthRow {
    month: String,
}

/// What a team used in a month, whichever row tells it.
#[derive(Deserialize)]
struct UsageRow<'a> {
    name: Option<String>,
    dynos: Option<f64>,
    data: Option<f64>,
    partner: Option<f64>,
    addons: Option<f64>,
    connect: Option<f64>,
    #[serde(borrow)]
    space: Option<&'a RawValue>,
    #[serde(borrow)]
    private_space: Option<&'a RawValue>,
    #[serde(borrow)]
    shield_space: Option<&'a RawValue>,
    #[serde(borrow)]
    private_space_credits: Option<&'a RawValue>,
    #[serde(borrow)]
    shield_space_credits: Option<&'a RawValue>,
    #[serde(borrow)]
    apps: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct AppRow {
    app_name: String,
    dynos: Option<f64>,
    data: Option<f64>,
    partner: Option<f64>,
    addons: Option<f64>,
    connect: Option<f64>,
}

impl UsageRow<'_> {
    fn into_usage(self, month: Month, left_out: &mut Vec<String>) -> MonthlyUsage {
        let Self {
            name,
            dynos,
            data,
            partner,
            addons,
            connect,
            ..
        } = self;
        let team = UsageAmounts {
            dynos,
            data,
            partner,
            addons,
            connect,
        };
        let mut apps = Vec::new();
        for row in self.apps.unwrap_or_default() {
            match read_row::<AppRow>(row) {
                Ok(row) => apps.push(row.into_named_figures()),
                Err(why) => left_out.push(format!("an app of {month}: {why}")),
            }
        }
        MonthlyUsage {
            team_name: name,
            team,
            spaces: Spaces {
                credits: self.space.and_then(lenient),
                private: self.private_space.and_then(lenient),
                shield: self.shield_space.and_then(lenient),
                private_credits: self.private_space_credits.and_then(lenient),
                shield_credits: self.shield_space_credits.and_then(lenient),
            },
            apps: MonthlyUsage::by_app(apps),
        }
    }
}

impl AppRow {
    fn into_named_figures(self) -> (String, UsageAmounts) {
        let Self {
            app_name,
            dynos,
            data,
            partner,
            addons,
            connect,
        } = self;
        (
            app_name,
            UsageAmounts {
                dynos,
                data,
                partner,
                addons,
                connect,
            },
        )
    }
}

/// A whole number, which may be written as `1` or as `1.0`.
struct Integer(i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let whole = |f: f64| (f.fract() == 0.0 && f.abs() < 2_f64.powi(53)).then_some(f as i64);
        let value = number.as_i64().or_else(|| whole(number.as_f64()?));
        value
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{number} is not a whole number in range")))
    }
}

/// An amount in cents: an integer in the schema of a team's invoice, a float in that of a personal
/// one.
struct Cents(Money);

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let money = match number.as_i64() {
            Some(cents) => Money::from_cents(cents),
            None => number.as_f64().and_then(Money::from_fractional_cents),
        };
        money
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{number} cents are out of range")))
    }
}

#[cfg(test)]
mod tests;
