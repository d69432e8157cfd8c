//! What every request has to bring before an endpoint looks at it, in the order in which it is
//! looked at: a `User-Agent`, a `GET`, the `Accept` of version 3, the token, and a request token to
//! spend.

use std::time::Instant;

use hyper::Method;
use hyper::header;
use hyper::http::request::Parts;

use crate::answer::Answer;
use crate::endpoint::Endpoint;
use crate::endpoints::{self, Asked};
use crate::headers::{accepts_version_3, bearer_token, header_text};
use crate::route::Route;
use crate::state::State;

/// The answer to a request that no fault has spoilt.
pub(crate) fn answer(state: &State, head: &Parts, route: &Route, range: Option<&str>) -> Answer {
    let at = Instant::now();
    let mut world = state.world();
    // Heroku asks every client to say who it is (Platform API reference, "Clients"). That it turns
    // away one that does not is this simulator's strictness.
    if header_text(&head.headers, &header::USER_AGENT).is_none_or(|agent| agent.trim().is_empty()) {
        return Answer::error(
            400,
            "bad_request",
            "Set the User-Agent header and try again.",
        );
    }
    if head.method != Method::GET {
        return endpoints::unknown();
    }
    if !accepts_version_3(&head.headers) {
        return Answer::documented(406);
    }
    if bearer_token(&head.headers) != Some(&world.token) {
        return Answer::documented(401);
    }
    // An unknown caller has no account to take a request token from; a known one pays for mistakes
    // as well.
    if route.endpoint != Some(Endpoint::RateLimits) && !world.bucket.take(at) {
        return Answer::documented(429);
    }
    let remaining = world.bucket.remaining(at);
    let query = head.uri.query().unwrap_or_default();
    endpoints::answer(
        &world,
        remaining,
        Asked {
            route,
            query,
            range,
            page_size: state.page_size,
        },
    )
}
