//! Monthly usage of a team or an enterprise account, selected by a range of months.

use jiff::civil::Date;
use serde_json::Value;

use crate::response::ApiResponse;

/// Returns the rows of the months from `start` to `end`. A row without a valid `month` is always
/// included.
///
/// Heroku documents that `start` is required, that `end` defaults to the same month, and that the
/// response is 404 if there is no data. It documents no response to a range that is more than a
/// year back or in the future; the simulator responds with 422.
pub(super) fn respond(rows: &[Value], today: Date, query: &str) -> ApiResponse {
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let invalid = |status, message| ApiResponse::error(status, "invalid_params", message);
    let Some(start) = parameter("start") else {
        return invalid(400, "Param start is required.");
    };
    let Some(first) = month_number(start) else {
        return invalid(400, "Param start must be of the form YYYY-MM.");
    };
    let Some(last) = parameter("end").map_or(Some(first), month_number) else {
        return invalid(400, "Param end must be of the form YYYY-MM.");
    };
    let current = i32::from(today.year()) * 12 + i32::from(today.month()) - 1;
    if last < first {
        return invalid(422, "Param end must not be before start.");
    }
    if first < current - 12 {
        return invalid(422, "Param start must not be more than 12 months ago.");
    }
    if last > current {
        return invalid(422, "The range must not reach into the future.");
    }
    let is_requested = |row: &&Value| {
        let month = row
            .get("month")
            .and_then(Value::as_str)
            .and_then(month_number);
        month.is_none_or(|month| (first..=last).contains(&month))
    };
    let rows: Vec<Value> = rows.iter().filter(is_requested).cloned().collect();
    if rows.is_empty() {
        return ApiResponse::error(404, "not_found", "No usage data for the requested dates.");
    }
    ApiResponse::json(200, &Value::Array(rows))
}

/// Parses `YYYY-MM` (schema: `^[0-9]{4}-[0-9]{2}$`) as a number of months since the year 0.
fn month_number(text: &str) -> Option<i32> {
    let (year, month) = text.split_once('-')?;
    let is_number =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_well_formed = is_number(year, 4) && is_number(month, 2);
    let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
    (is_well_formed && (1..=12).contains(&month)).then_some(year * 12 + month - 1)
}
