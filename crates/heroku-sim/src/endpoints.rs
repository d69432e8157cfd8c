//! What each endpoint answers to a request that has passed the door.

use hyper::header::HeaderName;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::answer::{Answer, NEXT_RANGE};
use crate::company::Team;
use crate::fault::Endpoint;
use crate::ranges::Range;
use crate::route::Route;
use crate::state::World;

const ACCEPT_RANGES: HeaderName = HeaderName::from_static("accept-ranges");
const CONTENT_RANGE: HeaderName = HeaderName::from_static("content-range");

/// A request as far as an endpoint looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) route: &'a Route,
    pub(crate) query: &'a str,
    pub(crate) range: Option<&'a str>,
    pub(crate) page_size: Option<usize>,
}

/// What Heroku says to a path that it does not know, and to a method that a path does not have:
/// 404, never 405.
pub(crate) fn unknown() -> Answer {
    Answer::error(
        404,
        "not_found",
        "The requested API endpoint was not found. Are you using the right HTTP verb (i.e. `GET` \
         vs. `POST`), and did you specify your intended version with the `Accept` header?",
    )
}

pub(crate) fn answer(world: &World, remaining: u32, asked: Asked<'_>) -> Answer {
    let Some(endpoint) = asked.route.endpoint else {
        return unknown();
    };
    let team = asked.route.team.as_deref().map(|identity| {
        // Usage takes the id alone (schema: `/teams/{team.id}/usage/monthly`), the others either.
        let found = |team: &&Team| {
            if endpoint == Endpoint::Usage {
                team.id == identity
            } else {
                team.is_called(identity)
            }
        };
        world.company.teams.iter().find(found)
    });
    match (endpoint, team) {
        (Endpoint::RateLimits, _) => Answer::json(200, &json!({ "remaining": remaining })),
        (Endpoint::Teams, _) => {
            let teams: Vec<Value> = world.company.teams.iter().map(team_object).collect();
            list(&teams, &["id", "name"], asked)
        }
        (_, Some(None)) => Answer::error(404, "not_found", "Couldn't find that team."),
        (Endpoint::Team, Some(Some(team))) => Answer::json(200, &team_object(team)),
        (Endpoint::Invoices, Some(Some(team))) => invoices(team, asked),
        (Endpoint::Usage, Some(Some(team))) => usage(team, world.today, asked.query),
        _ => unknown(),
    }
}

/// A team as the schema's `team` has it. What a [`Team`] does not say is the same for every team.
fn team_object(team: &Team) -> Value {
    json!({
        "id": team.id,
        "created_at": "2019-03-04T09:12:44Z",
        "credit_card_collections": !team.enterprise,
        "default": false,
        "enterprise_account": null,
        "identity_provider": null,
        "membership_limit": if team.enterprise { Value::Null } else { json!(25) },
        "name": team.name,
        "provisioned_licenses": team.enterprise,
        "role": "admin",
        "type": if team.enterprise { "enterprise" } else { "team" },
        "updated_at": "2024-11-18T16:03:20Z",
    })
}

fn invoices(team: &Team, asked: Asked<'_>) -> Answer {
    if team.enterprise {
        return Answer::documented(403);
    }
    list(&team.invoices, &["id", "number"], asked)
}

/// A page of a list. The order is by id unless the client asks for another: never by date.
fn list(elements: &[Value], properties: &[&str], asked: Asked<'_>) -> Answer {
    let range = asked.range.map_or_else(
        || Some(Range::default()),
        |header| Range::parse(header, properties),
    );
    let Some(range) = range else {
        return Answer::documented(416);
    };
    let page = range.page(elements, asked.page_size);
    let status = if page.next_range.is_some() { 206 } else { 200 };
    let mut answer = Answer::json(status, &Value::Array(page.elements))
        .with(ACCEPT_RANGES, properties.join(", "));
    if let Some(content_range) = page.content_range {
        answer = answer.with(CONTENT_RANGE, content_range);
    }
    if let Some(next_range) = page.next_range {
        answer = answer.with(NEXT_RANGE, next_range);
    }
    answer
}

/// The months between `start` and `end`. Heroku documents `start` as required, `end` as one month
/// when absent, and 404 as no data for what was asked; it does not document what a range beyond the
/// year back or beyond today gives, where this answers 422.
fn usage(team: &Team, today: Date, query: &str) -> Answer {
    if !team.usage_available {
        return Answer::documented(403);
    }
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
    let rows: Vec<Value> = team.usage.iter().filter(asked_for).cloned().collect();
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
