//! Decoding of the JSON that Heroku returns.
//!
//! Heroku marks these endpoints *development*: a field may be missing, unknown or `null`, and an
//! integer may be written as a float. A row that cannot be decoded is skipped and reported, and
//! never becomes a row of zeros. Field names are those of Heroku's published schema:
//! <https://devcenter.heroku.com/articles/platform-api-reference>.

pub(crate) mod authorizations;
mod invoices;
mod teams;
mod usage;

use billing::money::Money;
use billing::month::Month;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::value::RawValue;

/// A type that is decoded from the pages of a response.
pub trait FromPages: Sized + Send + 'static {
    /// Decodes the pages. Returns the data and the error of each row that was skipped.
    ///
    /// # Errors
    ///
    /// If nothing can be decoded.
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), DecodeError>;
}

/// Why a response cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A page is not a JSON list.
    #[error("not a JSON list: {0}")]
    NotAList(serde_json::Error),
    /// The response is not one JSON object with the expected fields.
    #[error("not the expected JSON object: {0}")]
    NotAnObject(serde_json::Error),
    /// No row can be decoded.
    #[error("none of {rows} rows is decodable, the first: {first}")]
    NoRow {
        /// The number of rows.
        rows: usize,
        /// The error of the first row.
        first: String,
    },
}

/// Returns `data`, or an error if it is empty because of skipped rows.
fn unless_all_skipped<T>(
    data: T,
    is_empty: bool,
    skipped: Vec<String>,
) -> Result<(T, Vec<String>), DecodeError> {
    match skipped.first() {
        Some(first) if is_empty => Err(DecodeError::NoRow {
            rows: skipped.len(),
            first: first.clone(),
        }),
        _ => Ok((data, skipped)),
    }
}

/// Decodes each row of each page by itself, so that an invalid row affects no other.
fn rows<'a, T>(
    pages: &'a [String],
    mut decode: impl FnMut(&'a RawValue) -> Result<T, String>,
) -> Result<(Vec<T>, Vec<String>), DecodeError> {
    let mut rows = Vec::new();
    let mut skipped = Vec::new();
    for page in pages {
        let page: Vec<&RawValue> = serde_json::from_str(page).map_err(DecodeError::NotAList)?;
        for row in page {
            match decode(row) {
                Ok(row) => rows.push(row),
                Err(error) => skipped.push(error),
            }
        }
    }
    let is_empty = rows.is_empty();
    unless_all_skipped(rows, is_empty, skipped)
}

/// Decodes a response that is one object.
fn object<'a, R: Deserialize<'a>>(pages: &'a [String]) -> Result<R, DecodeError> {
    let object = match pages {
        [page] => serde_json::from_str(page),
        _ => Err(serde_json::Error::custom(format!("{} pages", pages.len()))),
    };
    object.map_err(DecodeError::NotAnObject)
}

fn row<'a, R: Deserialize<'a>>(row: &'a RawValue) -> Result<R, String> {
    serde_json::from_str(row.get()).map_err(|error| error.to_string())
}

/// Decodes a field that is unknown if it is invalid, because its row is useful without it.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let value = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(value.get()).ok())
}

fn month(text: &str) -> Result<Month, String> {
    text.parse().map_err(|_| format!("{text:?} is not a month"))
}

/// An integer, written as `1` or as `1.0`.
struct Integer(i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let whole = |f: f64| (f.fract() == 0.0 && f.abs() < 2_f64.powi(53)).then_some(f as i64);
        let value = number.as_i64().or_else(|| whole(number.as_f64()?));
        value
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{number} is not an integer in range")))
    }
}

/// An amount in cents: an integer in a team's invoice, a float in that of a personal account.
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
