//! Monthly usage, which a team and an enterprise account are asked for in the same way: by a range of
//! months.

use jiff::civil::Date;
use serde_json::Value;

use crate::answer::Answer;

/// The rows of the months between `start` and `end`. Heroku documents `start` as required, `end` as one month
/// when absent, and 404 as no data for what was asked; it does not document what a range beyond the
/// year back or beyond today gives, where this answers 422.
///
/// A row is filtered by its `month`; one whose month cannot be read is always sent.
pub(super) fn answer(rows: &[Value], today: Date, query: &str) -> Answer {
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let invalid = |status, message| Answer::error(status, "invalid_params", message);
    let Some(start) = parameter("start") else {
        return invalid(400, "Param start is required.");
    };
    let Some(first) = month_number(start) else {
        return invalid(400, "Param start must be of the form YYYY-MM.");
    };
    let Some(last) = parameter("end").map_or(Some(first), month_number) else {
        return invalid(400, "Param end must be of the form YYYY-MM.");
    };
    let this = i32::from(today.year()) * 12 + i32::from(today.month()) - 1;
    if last < first {
        return invalid(422, "Param end must not be before start.");
    }
    if first < this - 12 {
        return invalid(422, "Param start must not be more than 12 months ago.");
    }
    if last > this {
        return invalid(422, "The range must not reach into the future.");
    }
    let asked_for = |row: &&Value| {
        let month = row
            .get("month")
            .and_then(Value::as_str)
            .and_then(month_number);
        month.is_none_or(|month| (first..=last).contains(&month))
    };
    let rows: Vec<Value> = rows.iter().filter(asked_for).cloned().collect();
    if rows.is_empty() {
        return Answer::error(404, "not_found", "No usage data for the requested dates.");
    }
    Answer::json(200, &Value::Array(rows))
}

/// Months since the year 0 of `YYYY-MM` (schema: `^[0-9]{4}-[0-9]{2}$`).
fn month_number(text: &str) -> Option<i32> {
    let (year, month) = text.split_once('-')?;
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = digits(year, 4) && digits(month, 2);
    let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
    (well_formed && (1..=12).contains(&month)).then_some(year * 12 + month - 1)
}
