//! Lists: follows the pages and decodes them.

use std::collections::BTreeSet;

use reqwest::header::{HeaderMap, IF_NONE_MATCH, RANGE};
use secrecy::SecretString;
use url::Url;

use super::error::Error;
use super::redaction::sanitize;
use super::transport::Transport;
use crate::decode::{DecodeError, FromPages};
use crate::skipped::Skipped;
use crate::stats::Endpoint;

/// The largest number of pages of a list. At 200 elements a page, the least that Heroku sends, it is
/// ten thousand invoices.
pub const MAX_PAGES: usize = 50;

/// The `ETag` of a response and the URL that it belongs to, for a conditional request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    url: String,
    etag: String,
}

impl Validator {
    /// Creates a validator from a URL and the `ETag` of its response.
    pub fn new(url: String, etag: String) -> Self {
        Self { url, etag }
    }

    /// Returns the URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the `ETag`.
    pub fn etag(&self) -> &str {
        &self.etag
    }
}

/// The response to a conditional request.
#[derive(Debug)]
pub enum Conditional<T> {
    /// The response of the validator is still current (304).
    NotModified,
    /// A new response.
    Modified(Decoded<T>),
}

/// A decoded response.
#[derive(Debug)]
pub struct Decoded<T> {
    /// The decoded data.
    pub data: T,
    /// What could not be decoded.
    pub skipped: Skipped,
    /// The validator for a conditional request; a list of several pages has none.
    pub validator: Option<Validator>,
}

impl Transport {
    /// Fetches a list through all its pages: a `Next-Range` header names the next one. A page that
    /// fails fails the list, as a part of it would be misleading.
    /// <https://devcenter.heroku.com/articles/platform-api-reference#ranges>
    pub(super) async fn list<T: FromPages>(
        &self,
        endpoint: Endpoint,
        token: &SecretString,
        url: Url,
        validator: Option<&Validator>,
    ) -> Result<Conditional<T>, Error> {
        let validator = validator.filter(|validator| validator.url == url.as_str());
        let etag = validator.and_then(|validator| validator.etag.parse().ok());
        let mut headers = HeaderMap::from_iter(etag.map(|etag| (IF_NONE_MATCH, etag)));
        let is_conditional = !headers.is_empty();

        let mut pages = Vec::new();
        let mut ranges = BTreeSet::new();
        let mut first_etag = None;
        let mut max_body = self.limits.body;
        loop {
            let mut result = self.get(endpoint, token, &url, headers, max_body).await;
            if is_conditional && pages.is_empty() && result.as_ref().is_err_and(rejects_condition) {
                let headers = HeaderMap::new();
                result = self.get(endpoint, token, &url, headers, max_body).await;
            }
            let Some(page) = result? else {
                return Ok(Conditional::NotModified);
            };
            max_body = max_body.saturating_sub(page.body.len());
            if pages.is_empty() {
                first_etag = page.etag;
            }
            pages.push(page.body);
            let Some(next) = page.next_range else {
                // Heroku answers 206 to a request without Range only if there are more pages.
                if page.is_partial && pages.len() == 1 {
                    let message = "status 206 without Next-Range, the list is incomplete";
                    return Err(Error::Malformed(message.into()));
                }
                break;
            };
            if !ranges.insert(next.as_bytes().to_vec()) {
                return Err(Error::Malformed("the pages form a loop".into()));
            }
            if pages.len() >= MAX_PAGES {
                return Err(Error::TooManyPages(MAX_PAGES));
            }
            headers = HeaderMap::from_iter([(RANGE, next)]);
        }
        // The tag of the first page does not cover the others.
        let etag = first_etag.filter(|_| pages.len() == 1);
        let validator = etag.map(|etag| Validator {
            url: url.into(),
            etag,
        });
        let mut response = Decoded::decode(&pages, validator)
            .map_err(|error| Error::Malformed(sanitize(token, &error.to_string())))?;
        let Skipped { rows, fields } = &mut response.skipped;
        for error in [rows, fields]
            .into_iter()
            .flat_map(|skipped| &mut skipped.first_error)
        {
            *error = sanitize(token, error);
        }
        Ok(Conditional::Modified(response))
    }
}

/// Returns whether a conditional request may have failed because of its condition. 429 is a limit,
/// which another request would only exhaust further.
fn rejects_condition(error: &Error) -> bool {
    matches!(error, Error::Status { status, .. } if (400..500).contains(status) && *status != 429)
}

impl<T: FromPages> Decoded<T> {
    /// Decodes the pages of a response.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing can be decoded.
    pub fn decode(pages: &[String], validator: Option<Validator>) -> Result<Self, DecodeError> {
        let mut skipped = Skipped::default();
        Ok(Self {
            data: T::from_pages(pages, &mut skipped)?,
            skipped,
            validator,
        })
    }
}
