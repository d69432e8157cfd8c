//! Parsing of request headers.

use hyper::header::{self, HeaderMap, HeaderName};

/// Returns a header's value, or `None` if it is absent or not visible ASCII.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The version of the API that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestedVersion {
    /// `version=3`, or a variant of it other than the next.
    Three,
    /// `version=3.sdk`, which has fields that `version=3` does not have.
    ThreeSdk,
    /// Another version.
    Other,
    /// None.
    Missing,
}

/// Returns the version of `application/vnd.heroku+json` in the `Accept` headers. Whitespace and other
/// parameters are ignored.
pub(crate) fn requested_version(headers: &HeaderMap) -> RequestedVersion {
    let values = headers
        .get_all(header::ACCEPT)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let versions = values
        .flat_map(|value| value.split(','))
        .filter_map(|media| {
            let mut parts = media.split(';');
            let name = parts.next()?.trim();
            let is_heroku = name.eq_ignore_ascii_case("application/vnd.heroku+json");
            let mut parameters = parts.map(|part| part.replace(char::is_whitespace, ""));
            let version =
                parameters.find_map(|part| part.strip_prefix("version=").map(str::to_owned));
            version.filter(|_| is_heroku)
        });
    versions.fold(RequestedVersion::Missing, |found, version| {
        match version.as_str() {
            "3.sdk" => RequestedVersion::ThreeSdk,
            version if version == "3" || version.starts_with("3.") => RequestedVersion::Three,
            _ if found == RequestedVersion::Missing => RequestedVersion::Other,
            _ => found,
        }
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

    use super::RequestedVersion::{Missing, Other, Three, ThreeSdk};
    use super::requested_version;

    #[test]
    fn finds_requested_version() {
        for (value, version) in [
            ("application/vnd.heroku+json; version=3", Three),
            ("application/vnd.heroku+json;version=3", Three),
            ("application/vnd.heroku+json; version=3.sdk", ThreeSdk),
            ("application/vnd.heroku+json; version=3.cedar-acm", Three),
            (
                "text/html, application/vnd.heroku+json ; q=0.9 ; version = 3",
                Three,
            ),
            ("", Missing),
            ("*/*", Missing),
            ("application/json", Missing),
            ("application/json; version=3", Missing),
            ("application/vnd.heroku+json", Missing),
            ("application/vnd.heroku+json; version=2", Other),
            ("application/vnd.heroku+json; version=33", Other),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(value));
            assert_eq!(requested_version(&headers), version, "{value}");
        }
    }
}
