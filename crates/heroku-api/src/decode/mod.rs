//! Decoding of the JSON that Heroku returns.
//!
//! Heroku marks these endpoints *development*: a field may be missing, unknown or `null`, and an
//! integer may be written as a float. Each field is decoded by itself: an invalid one is unknown,
//! and is counted. A row is skipped only if it is not an object, if the field that identifies it is
//! missing or invalid (a month, the name of an app or license, the id of a team or an add-on, the
//! period of an invoice), or if it has usage and all of its amounts are invalid. Field names are
//! those of Heroku's published schema:
//! <https://devcenter.heroku.com/articles/platform-api-reference>.

pub(crate) mod authorizations;
pub(crate) mod field;
mod invoices;
mod resources;
mod teams;
mod usage;

use std::collections::BTreeSet;

use billing::month::Month;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;

use crate::skipped::{SkipCount, Skipped};

/// A type that is decoded from the pages of a response.
pub trait FromPages: Sized + Send + 'static {
    /// Decodes the pages. Adds to `skipped` what cannot be decoded.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing can be decoded.
    fn from_pages(pages: &[String], skipped: &mut Skipped) -> Result<Self, DecodeError>;
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
        rows: u64,
        /// The error of the first row.
        first: String,
    },
}

/// Returns an error if a response has skipped rows and no others.
fn require_any_row(is_empty: bool, skipped: &SkipCount) -> Result<(), DecodeError> {
    match &skipped.first_error {
        Some(first) if is_empty => Err(DecodeError::NoRow {
            rows: skipped.count,
            first: first.clone(),
        }),
        _ => Ok(()),
    }
}

/// Decodes each row of each page by itself, so that an invalid row affects no other.
fn rows<'a, T>(
    pages: &'a [String],
    skipped: &mut Skipped,
    mut decode: impl FnMut(&'a RawValue, &mut Skipped) -> Result<T, String>,
) -> Result<Vec<T>, DecodeError> {
    let mut rows = Vec::new();
    for page in pages {
        let page: Vec<&RawValue> = serde_json::from_str(page).map_err(DecodeError::NotAList)?;
        for row in page {
            let fields = skipped.fields.clone();
            match decode(row, skipped) {
                Ok(row) => rows.push(row),
                Err(error) => {
                    skipped.fields = fields;
                    skipped.rows.add(|| error);
                }
            }
        }
    }
    require_any_row(rows.is_empty(), &skipped.rows)?;
    Ok(rows)
}

/// Decodes a list whose rows have an id. A row on two pages counts once.
fn unique<'a, T>(
    pages: &'a [String],
    skipped: &mut Skipped,
    decode: impl FnMut(&'a RawValue, &mut Skipped) -> Result<T, String>,
    id: impl Fn(&T) -> &str,
) -> Result<Vec<T>, DecodeError> {
    let mut rows = rows(pages, skipped, decode)?;
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(id(row).to_owned()));
    Ok(rows)
}

/// Decodes a response that is one object.
fn object<'a, R: Deserialize<'a>>(pages: &'a [String]) -> Result<R, DecodeError> {
    let object = match pages {
        [page] if !page.trim_start().starts_with('{') => {
            Err(serde_json::Error::custom("not an object"))
        }
        [page] => serde_json::from_str(page),
        _ => Err(serde_json::Error::custom(format!("{} pages", pages.len()))),
    };
    object.map_err(DecodeError::NotAnObject)
}

/// Decodes a row that is an object. serde would also accept a list of the fields' values.
fn row<'a, R: Deserialize<'a>>(row: &'a RawValue) -> Result<R, String> {
    if !row.get().starts_with('{') {
        return Err("not an object".into());
    }
    serde_json::from_str(row.get()).map_err(|error| error.to_string())
}

fn month(text: &str) -> Result<Month, String> {
    text.parse().map_err(|_| format!("{text:?} is not a month"))
}

#[cfg(test)]
mod tests;
