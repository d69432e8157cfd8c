//! Content negotiation by the `Accept` and `Accept-Encoding` headers (RFC 9110, sections 12.4 and
//! 12.5). Elements that cannot be parsed are ignored.

use std::borrow::Cow;
use std::cmp::Reverse;

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName};

use crate::encode::Format;

/// The text format and the content coding of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegotiatedFormat {
    /// The text format.
    pub format: Format,
    /// Whether the body is compressed with gzip.
    pub gzip: bool,
}

impl NegotiatedFormat {
    /// Negotiates by the `Accept` and `Accept-Encoding` headers of a request.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self {
            format: preferred_format(&joined(headers, &ACCEPT)),
            gzip: accepts_gzip(&joined(headers, &ACCEPT_ENCODING)),
        }
    }
}

/// Joins the values of a list header into one list, which is equivalent (RFC 9110, section 5.3).
fn joined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Cow<'a, str> {
    let values = headers.get_all(name).iter();
    let mut values = values.filter_map(|value| value.to_str().ok());
    let first = Cow::from(values.next().unwrap_or_default());
    values.fold(first, |list, value| [&list, ",", value].concat().into())
}

/// The element of a list header that applies, with its weight in thousandths.
struct Match {
    specificity: u8,
    quality: u16,
    position: usize,
}

/// Returns the format that an `Accept` header prefers: the text format, unless OpenMetrics is
/// preferred or is the only acceptable one. If neither is acceptable it is the text format, which
/// every scraper reads.
pub fn preferred_format(accept: &str) -> Format {
    let text = best(accept, |range| media_range(range, "text", "plain", "0.0.4"));
    let openmetrics = best(accept, |range| {
        media_range(range, "application", "openmetrics-text", "1.0.0")
    });
    let rank = |m: &Match| (m.quality, m.specificity, Reverse(m.position));
    match (text, openmetrics) {
        (Some(text), Some(openmetrics)) if rank(&openmetrics) > rank(&text) => Format::OpenMetrics,
        (None, Some(_)) => Format::OpenMetrics,
        _ => Format::Text,
    }
}

/// Returns whether an `Accept-Encoding` header accepts gzip at least as much as no compression.
pub fn accepts_gzip(accept_encoding: &str) -> bool {
    let coding = |names: &[&str]| {
        best(accept_encoding, |element| {
            let name = element.split(';').next()?.trim();
            let is_named = names.iter().any(|n| name.eq_ignore_ascii_case(n));
            is_named.then_some(1).or((name == "*").then_some(0))
        })
    };
    let Some(gzip) = coding(&["gzip", "x-gzip"]) else {
        return false;
    };
    // Unlike other codings, "identity" is acceptable without being listed, as the last resort.
    let identity = coding(&["identity"]).filter(|m| m.specificity > 0);
    identity.is_none_or(|identity| gzip.quality >= identity.quality)
}

/// Returns the most specific element of a list header to which `specificity` gives a value, or
/// `None` if there is none or it is refused with `q=0`.
fn best(header: &str, specificity: impl Fn(&str) -> Option<u8>) -> Option<Match> {
    let elements = header.split(',').enumerate();
    let matches = elements.filter_map(|(position, element)| {
        Some(Match {
            specificity: specificity(element)?,
            quality: quality(element)?,
            position,
        })
    });
    matches
        .max_by_key(|m| (m.specificity, m.quality, Reverse(m.position)))
        .filter(|m| m.quality > 0)
}

/// Returns how specifically a media range matches a type: 3 with the version, 2 without a version,
/// 1 by the main type, 0 for `*/*`. Other parameters (a charset, Prometheus's `escaping`) do not
/// change the response.
fn media_range(range: &str, main: &str, sub: &str, version: &str) -> Option<u8> {
    let mut parts = range.split(';').map(str::trim);
    let (range_main, range_sub) = parts.next()?.split_once('/')?;
    match (range_main.trim(), range_sub.trim()) {
        ("*", "*") => Some(0),
        (m, "*") if m.eq_ignore_ascii_case(main) => Some(1),
        (m, s) if m.eq_ignore_ascii_case(main) && s.eq_ignore_ascii_case(sub) => {
            match parts.find_map(|p| parameter(p, "version")) {
                None => Some(2),
                Some(v) => (v == version).then_some(3),
            }
        }
        _ => None,
    }
}

/// Returns an element's weight in thousandths: 1000 without one, `None` if it is invalid.
fn quality(element: &str) -> Option<u16> {
    let Some(q) = element.split(';').skip(1).find_map(|p| parameter(p, "q")) else {
        return Some(1000);
    };
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let thousandths = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

fn parameter<'a>(parameter: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = parameter.split_once('=')?;
    key.trim()
        .eq_ignore_ascii_case(name)
        .then(|| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    const PROMETHEUS_2: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    const CHROME: &str =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    #[test]
    fn selects_the_preferred_format() {
        use Format::{OpenMetrics, Text};
        let table = [
            ("", Text),
            ("*/*", Text),
            (CHROME, Text),
            (PROMETHEUS_2, OpenMetrics),
            (PROMETHEUS_3, OpenMetrics),
            ("text/plain", Text),
            ("text/*", Text),
            ("text/plain;version=0.0.4", Text),
            ("application/openmetrics-text", OpenMetrics),
            (
                "Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8",
                OpenMetrics,
            ),
            ("application/*", OpenMetrics),
            ("application/openmetrics-text, */*", OpenMetrics),
            ("application/openmetrics-text;q=0.5, text/plain", Text),
            ("application/openmetrics-text;q=0.1, */*", Text),
            (
                "application/openmetrics-text;q=0.5, text/plain;q=0.501",
                Text,
            ),
            (
                "application/openmetrics-text;q=0.7, text/plain;q=0.3",
                OpenMetrics,
            ),
            ("text/plain, application/openmetrics-text", Text),
            ("application/openmetrics-text, text/plain", OpenMetrics),
            ("application/openmetrics-text;q=0, */*", Text),
            ("application/openmetrics-text;q=0", Text),
            ("text/plain;q=0, */*;q=0.1", OpenMetrics),
            // Unsupported versions.
            ("application/openmetrics-text;version=2.0.0", Text),
            (
                "application/openmetrics-text;version=0.0.1, text/plain;q=0.1",
                Text,
            ),
            // Invalid elements.
            ("application/openmetrics-text;q=nine", Text),
            ("application/openmetrics-text;q=1.5", Text),
            ("application/openmetrics-text;q=0.1234", Text),
            (",;,/,=;q", Text),
            ("image/png", Text),
        ];
        for (accept, expected) in table {
            assert_eq!(preferred_format(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn selects_gzip_where_accepted() {
        let table = [
            ("", false),
            ("gzip", true),
            ("GZIP", true),
            ("x-gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("*", true),
            ("br", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip; q=0.000, *", false),
            ("*;q=0", false),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=0.5, identity;q=0.4", true),
            ("identity;q=0, *;q=0.1", true),
            ("gzip;q=x", false),
        ];
        for (accept, expected) in table {
            assert_eq!(accepts_gzip(accept), expected, "{accept:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(header in ".*") {
            preferred_format(&header);
            accepts_gzip(&header);
        }
    }

    #[test]
    fn joins_repeated_headers() {
        let (openmetrics, classic) = (Format::OpenMetrics, Format::Text);
        let open = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4";
        let table: [(&[&str], &[&str], Format, bool); 6] = [
            (&[open], &["gzip"], openmetrics, true),
            (&[open], &["br", "gzip"], openmetrics, true),
            (&[open], &["identity"], openmetrics, false),
            (&[open, "text/plain"], &[], classic, false),
            (&["text/plain"], &[], classic, false),
            (&[], &[], classic, false),
        ];
        for (accept, accept_encoding, format, gzip) in table {
            let mut headers = HeaderMap::new();
            for (name, values) in [(ACCEPT, accept), (ACCEPT_ENCODING, accept_encoding)] {
                for value in values {
                    headers.append(&name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(
                NegotiatedFormat::from_headers(&headers),
                NegotiatedFormat { format, gzip },
                "{headers:?}"
            );
        }
    }
}
