//! Parsing of request headers.

use hyper::header::{self, HeaderMap, HeaderName};

/// Returns a header's value, or `None` if it is absent or not visible ASCII.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Returns whether an `Accept` header contains `application/vnd.heroku+json` with `version=3`.
/// Whitespace and other parameters are ignored.
pub(crate) fn accepts_version_3(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(header::ACCEPT)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|media| {
        let mut parts = media.split(';');
        let is_heroku = parts.next().is_some_and(|name| {
            name.trim()
                .eq_ignore_ascii_case("application/vnd.heroku+json")
        });
        is_heroku
            && parts.any(|parameter| parameter.replace(char::is_whitespace, "") == "version=3")
    })
}

/// Returns the token of `Authorization: Bearer …`. Heroku also accepts the token as a Basic
/// password; the simulator does not.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = header_text(headers, &header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Returns whether `If-None-Match` matches an entity tag, by the weak comparison of RFC 9110.
pub(crate) fn etag_matches(headers: &HeaderMap, etag: &str) -> bool {
    let opaque_tag = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let candidates = header_text(headers, &header::IF_NONE_MATCH).unwrap_or_default();
    candidates
        .split(',')
        .any(|tag| tag.trim() == "*" || opaque_tag(tag) == opaque_tag(etag))
}

/// Returns whether `Accept-Encoding` accepts gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = header_text(headers, &header::ACCEPT_ENCODING).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let is_excluded = matches!(
            quality.replace(' ', "").as_str(),
            "q=0" | "q=0.0" | "q=0.00" | "q=0.000"
        );
        name.trim().eq_ignore_ascii_case("gzip") && !is_excluded
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT, HeaderMap, HeaderValue};

    use super::accepts_version_3;

    #[test]
    fn accepts_only_version_3() {
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
