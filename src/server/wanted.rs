//! What a client wants to read of a scrape.

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName};

use crate::exposition::encode::Dialect;
use crate::exposition::negotiate;

/// What a client wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) dialect: Dialect,
    pub(super) gzip: bool,
}

impl Wanted {
    /// What a request with `headers` asks for.
    pub(super) fn by(headers: &HeaderMap) -> Self {
        Self {
            dialect: negotiate::dialect(&listed(headers, &ACCEPT)),
            gzip: negotiate::gzip(&listed(headers, &ACCEPT_ENCODING)),
        }
    }
}

/// A list header's values as one, which is what several of them mean (RFC 9110, section 5.3).
pub(super) fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Cow<'a, str> {
    let values = headers.get_all(name).iter();
    let mut values = values.filter_map(|value| value.to_str().ok());
    let first = Cow::from(values.next().unwrap_or_default());
    values.fold(first, |list, value| [&list, ",", value].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn several_headers_are_read_as_one_list() {
        let (openmetrics, classic) = (Dialect::OpenMetrics, Dialect::Classic);
        let open = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4";
        let table: [(&[&str], &[&str], Dialect, bool); 6] = [
            (&[open], &["gzip"], openmetrics, true),
            (&[open], &["br", "gzip"], openmetrics, true),
            (&[open], &["identity"], openmetrics, false),
            (&[open, "text/plain"], &[], classic, false),
            (&["text/plain"], &[], classic, false),
            (&[], &[], classic, false),
        ];
        for (accept, accept_encoding, dialect, gzip) in table {
            let mut headers = HeaderMap::new();
            for (name, values) in [(ACCEPT, accept), (ACCEPT_ENCODING, accept_encoding)] {
                for value in values {
                    headers.append(&name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(
                Wanted::by(&headers),
                Wanted { dialect, gzip },
                "{headers:?}"
            );
        }
    }
}
