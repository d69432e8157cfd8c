//! What every request has to bring before an endpoint looks at it, in the order in which it is
//! looked at: a `User-Agent`, a `GET`, the `Accept` of version 3, the token, and a request token to
//! spend.

use std::time::Instant;

use hyper::Method;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;

use crate::answer::Answer;
use crate::endpoints::{self, Asked};
use crate::fault::Endpoint;
use crate::route::Route;
use crate::server::header_text;
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
    if bearer(&head.headers) != Some(&world.token) {
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

/// Whether some `Accept` names `application/vnd.heroku+json` with `version=3`, in any spacing and
/// beside any other parameter.
fn accepts_version_3(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(header::ACCEPT)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|media| {
        let mut parts = media.split(';');
        let herokus = parts.next().is_some_and(|name| {
            name.trim()
                .eq_ignore_ascii_case("application/vnd.heroku+json")
        });
        herokus && parts.any(|parameter| parameter.replace(char::is_whitespace, "") == "version=3")
    })
}

/// The token of `Authorization: Bearer …`. Heroku's CLI can also send it as a Basic password; a
/// client of the API has no reason to.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = header_text(headers, &header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT, HeaderMap, HeaderValue};

    use super::accepts_version_3;

    #[test]
    fn only_version_3_is_accepted() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(value));
            accepts_version_3(&headers)
        };
        for good in [
            "application/vnd.heroku+json; version=3",
            "application/vnd.heroku+json;version=3",
            "text/html, application/vnd.heroku+json ; q=0.9 ; version = 3",
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in [
            "",
            "*/*",
            "application/json",
            "application/vnd.heroku+json",
            "application/vnd.heroku+json; version=2",
            "application/vnd.heroku+json; version=33",
        ] {
            assert!(!accepts(bad), "{bad}");
        }
    }
}
