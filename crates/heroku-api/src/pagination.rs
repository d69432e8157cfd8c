//! Lists: follows the pages and decodes them.

use std::collections::BTreeSet;

use reqwest::header::{HeaderMap, IF_NONE_MATCH, RANGE};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::error::Error;
use super::redaction::sanitize;
use super::transport::Transport;
use crate::decode::{DecodeError, FromPages};
use crate::stats::Endpoint;

/// The largest number of pages of a list. At 200 elements a page, the least that Heroku sends, it is
/// ten thousand invoices.
pub const MAX_PAGES: usize = 50;

/// The `ETag` of a response and the URL that it belongs to, for a conditional request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    url: String,
    etag: String,
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
    /// The error of each row that could not be decoded and was skipped.
    pub skipped_rows: Vec<String>,
    /// The JSON of each page, without the token.
    pub pages: Vec<String>,
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

        let mut pages = Vec::new();
        let mut ranges = BTreeSet::new();
        let mut first_etag = None;
        let mut max_body = self.limits.body;
        loop {
            let page = self.get(endpoint, token, &url, headers, max_body).await?;
            let Some(page) = page else {
                return Ok(Conditional::NotModified);
            };
            max_body = max_body.saturating_sub(page.body.len());
            if pages.is_empty() {
                first_etag = page.etag;
            }
            pages.push(page.body);
            let Some(next) = page.next_range else { break };
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
        let sanitized = |error: &String| sanitize(token, error);
        let mut response = Decoded::decode(pages, validator)
            .map_err(|error| Error::Malformed(sanitized(&error.to_string())))?;
        response.skipped_rows = response.skipped_rows.iter().map(sanitized).collect();
        Ok(Conditional::Modified(response))
    }
}

impl<T: FromPages> Decoded<T> {
    /// Decodes the pages of a response.
    ///
    /// # Errors
    ///
    /// If nothing can be decoded.
    pub fn decode(pages: Vec<String>, validator: Option<Validator>) -> Result<Self, DecodeError> {
        let (data, skipped_rows) = T::from_pages(&pages)?;
        Ok(Self {
            data,
            skipped_rows,
            pages,
            validator,
        })
    }
}
