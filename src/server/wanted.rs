//! What a client wants to read of a scrape.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use axum::http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName};
use axum::http::{HeaderMap, HeaderValue};

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
    fn by(headers: &HeaderMap) -> Self {
        Self {
            dialect: negotiate::dialect(&listed(headers, &ACCEPT)),
            gzip: negotiate::gzip(&listed(headers, &ACCEPT_ENCODING)),
        }
    }
}

/// Reads what clients want, and remembers the last: a scraper says the same each time, and to read it
/// takes a tenth of a small scrape.
#[derive(Debug, Default)]
pub(super) struct Negotiator(RwLock<Option<Remembered>>);

#[derive(Debug)]
struct Remembered {
    asked: [Vec<HeaderValue>; 2],
    wanted: Wanted,
}

impl Negotiator {
    /// What a request with `headers` asks for.
    pub(super) fn wanted(&self, headers: &HeaderMap) -> Wanted {
        let asked = [ACCEPT, ACCEPT_ENCODING].map(|name| headers.get_all(name));
        // Replaced whole, so that even a panic in between leaves it sound.
        let last = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && std::iter::zip(&asked, &last.asked).all(|(now, then)| now.iter().eq(then))
        {
            return last.wanted;
        }
        drop(last);
        let wanted = Wanted::by(headers);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Remembered {
            asked: asked.map(|values| values.iter().cloned().collect()),
            wanted,
        });
        wanted
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

    #[test]
    fn what_is_remembered_is_what_was_asked_last() {
        let negotiator = Negotiator::default();
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
        for (accept, accept_encoding, dialect, gzip) in table.repeat(2) {
            let mut headers = HeaderMap::new();
            for (name, values) in [(ACCEPT, accept), (ACCEPT_ENCODING, accept_encoding)] {
                for value in values {
                    headers.append(&name, HeaderValue::from_static(value));
                }
            }
            for _ in 0..2 {
                let wanted = negotiator.wanted(&headers);
                assert_eq!(wanted, Wanted { dialect, gzip }, "{headers:?}");
            }
        }
    }
}
