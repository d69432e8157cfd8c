//! What each endpoint answers to a request that has passed the door.

mod authorizations;
mod enterprise;
mod months;
mod teams;

use hyper::header::HeaderName;
use serde_json::{Value, json};

use crate::answer::{Answer, NEXT_RANGE};
use crate::endpoint::Endpoint;
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
    let (company, route) = (&world.company, asked.route);
    let Some(endpoint) = route.endpoint else {
        return unknown();
    };
    if let Some(identity) = &route.team {
        return teams::of_one(world, endpoint, identity, asked);
    }
    if let Some(identity) = &route.enterprise_account {
        return enterprise::of_one(world, endpoint, identity, asked);
    }
    match endpoint {
        Endpoint::RateLimits => Answer::json(200, &json!({ "remaining": remaining })),
        Endpoint::Teams => teams::list(company, company.teams.iter(), asked),
        Endpoint::EnterpriseAccounts => enterprise::list(company, asked),
        Endpoint::AccountInvoices => list(&company.personal_invoices, &["id", "number"], asked),
        Endpoint::Authorizations => {
            let all = authorizations::all(&world.token, company.token_expires_in);
            list(&all, &["id"], asked)
        }
        _ => unknown(),
    }
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
