//! Types of columns.

use billing::money::Money;
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// The key of a target in the database.
pub(super) type TargetKey = i64;

/// A time in the database.
pub(super) struct Time(pub(super) Timestamp);

impl ToSql for Time {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_millisecond().into())
    }
}

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let millis = value.as_i64()?;
        let out_of_range = |_| rusqlite::types::FromSqlError::OutOfRange(millis);
        Timestamp::from_millisecond(millis)
            .map(Self)
            .map_err(out_of_range)
    }
}

/// Returns a time that Heroku reported.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Returns an amount of money.
pub(super) fn money(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Money>> {
    let micros: Option<i64> = row.get(column)?;
    Ok(micros.map(|micros| Money::from_micros(micros.into())))
}

/// Converts an amount to a column's value. Amounts are within the range of i64, see [`Money`].
pub(super) fn micros(money: Option<Money>) -> Option<i64> {
    money.and_then(|money| i64::try_from(money.micros()).ok())
}

/// Converts a time that Heroku reported to a column's value.
pub(super) fn time_text(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}
