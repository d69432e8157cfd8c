//! What a client wants to read: its `Accept` and `Accept-Encoding` headers, by RFC 9110, sections
//! 12.4 and 12.5. A header that cannot be understood asks for nothing.

use std::borrow::Cow;

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
            format: format(&joined(headers, &ACCEPT)),
            gzip: gzip(&joined(headers, &ACCEPT_ENCODING)),
        }
    }
}

/// A list header's values as one, which is what several of them mean (RFC 9110, section 5.3).
pub fn joined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Cow<'a, str> {
    let values = headers.get_all(name).iter();
    let mut values = values.filter_map(|value| value.to_str().ok());
    let first = Cow::from(values.next().unwrap_or_default());
    values.fold(first, |list, value| [&list, ",", value].concat().into())
}

/// A preference: how specific the match is, how much it is wanted (thousandths), and where in the
/// header it stands.
struct Match {
    specificity: u8,
    quality: u16,
    position: usize,
}

/// The format that an `Accept` header asks for: classic, unless OpenMetrics is wanted more or is
/// named where classic is not. Where neither is acceptable it is classic too, which every scraper
/// reads.
pub fn format(accept: &str) -> Format {
    let classic = best(accept, |range| {
        media_range(range, "text", "plain", &["0.0.4"])
    });
    let open = best(accept, |range| {
        media_range(range, "application", "openmetrics-text", &["1.0.0"])
    });
    let rank = |m: &Match| (m.quality, m.specificity, std::cmp::Reverse(m.position));
    match (classic, open) {
        (Some(classic), Some(open)) if rank(&open) > rank(&classic) => Format::OpenMetrics,
        (None, Some(_)) => Format::OpenMetrics,
        _ => Format::Text,
    }
}

/// Whether an `Accept-Encoding` header asks for gzip, at least as much as for no compression.
pub fn gzip(accept_encoding: &str) -> bool {
    let coding = |names: &'static [&'static str]| {
        best(accept_encoding, |element| {
            let name = element.split(';').next().unwrap_or_default().trim();
            if names.iter().any(|n| name.eq_ignore_ascii_case(n)) {
                Some(1)
            } else {
                (name == "*").then_some(0)
            }
        })
    };
    let Some(gzip) = coding(&["gzip", "x-gzip"]) else {
        return false;
    };
    // Unlike other codings "identity" is acceptable without being named, but wanted least.
    let identity = coding(&["identity"]).filter(|m| m.specificity > 0);
    identity.is_none_or(|identity| gzip.quality >= identity.quality)
}

/// The match of the most specific element of a list header, or `None` where nothing matches or
/// what does is refused with `q=0`. `specificity` says how closely an element matches.
fn best(header: &str, specificity: impl Fn(&str) -> Option<u8>) -> Option<Match> {
    let matches = header
        .split(',')
        .enumerate()
        .filter_map(|(position, element)| {
            Some(Match {
                specificity: specificity(element)?,
                quality: quality(element)?,
                position,
            })
        });
    matches
        .max_by_key(|m| (m.specificity, m.quality, std::cmp::Reverse(m.position)))
        .filter(|m| m.quality > 0)
}

/// How closely a media range matches a type in one of `versions`: 3 with the version, 2 without
/// one, 1 by the main type, 0 by `*/*`. Parameters other than the version (a charset, Prometheus's
/// `escaping`) ask for nothing that would make another answer.
fn media_range(range: &str, main: &str, sub: &str, versions: &[&str]) -> Option<u8> {
    let mut parts = range.split(';').map(str::trim);
    let (range_main, range_sub) = parts.next()?.split_once('/')?;
    match (range_main.trim(), range_sub.trim()) {
        ("*", "*") => Some(0),
        (m, "*") if m.eq_ignore_ascii_case(main) => Some(1),
        (m, s) if m.eq_ignore_ascii_case(main) && s.eq_ignore_ascii_case(sub) => {
            match parts.find_map(|p| parameter(p, "version")) {
                None => Some(2),
                Some(version) => versions.contains(&version).then_some(3),
            }
        }
        _ => None,
    }
}

/// An element's weight in thousandths: 1000 without one, `None` where it is not a weight.
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
    fn the_dialect_is_the_one_that_is_wanted_most() {
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
            // Versions that are not spoken here.
            ("application/openmetrics-text;version=2.0.0", Text),
            (
                "application/openmetrics-text;version=0.0.1, text/plain;q=0.1",
                Text,
            ),
            // Not understood, and so not asked for.
            ("application/openmetrics-text;q=nine", Text),
            ("application/openmetrics-text;q=1.5", Text),
            ("application/openmetrics-text;q=0.1234", Text),
            (",;,/,=;q", Text),
            ("image/png", Text),
        ];
        for (accept, expected) in table {
            assert_eq!(format(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn gzip_is_used_where_it_is_accepted() {
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
            assert_eq!(gzip(accept), expected, "{accept:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_odd(header in ".*") {
            format(&header);
            gzip(&header);
        }
    }

    #[test]
    fn several_headers_are_read_as_one_list() {
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
