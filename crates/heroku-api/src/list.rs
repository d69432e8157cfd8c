//! A list, followed through its pages and read; and an answer that was kept, read again.

use std::collections::BTreeSet;

use reqwest::header::{HeaderMap, IF_NONE_MATCH, RANGE};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::error::Error;
use super::redaction::printable;
use super::transport::{ApiRequest, Transport};
use crate::stats::Endpoint;

/// A list of more pages than this is a loop: at 200 elements a page, the least that Heroku gives,
/// it would be ten thousand invoices.
pub const MAX_PAGES: usize = 50;

/// By what Heroku can tell whether an answer still stands: its `ETag`, and what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    url: String,
    etag: String,
}

/// What came of asking.
#[derive(Debug)]
pub enum Conditional<T> {
    /// The answer that the validator stands for is still Heroku's (304).
    NotModified,
    /// An answer.
    Modified(Decoded<T>),
}

/// An answer, and what of it could not be understood.
#[derive(Debug)]
pub struct Decoded<T> {
    /// What was understood.
    pub data: T,
    /// For each row that was left out, why.
    pub left_out: Vec<String>,
    /// The JSON of each page, as Heroku sent it.
    pub pages: Vec<String>,
    /// By what to ask whether it still stands; a list of several pages has none.
    pub validator: Option<Validator>,
}

/// What the pages of an answer can be read as.
pub trait FromPages: Sized + Send + 'static {
    /// Reads them: gives what was understood, and for each row that was left out, why.
    ///
    /// # Errors
    ///
    /// Where nothing of them can be understood; why, in a line.
    fn from_pages(pages: &[String]) -> Result<(Self, Vec<String>), String>;
}

impl Transport {
    /// Reads a list through all its pages: while an answer names a `Next-Range`, that is asked for
    /// next. A page that fails fails the list, for half a list is no answer.
    /// <https://devcenter.heroku.com/articles/platform-api-reference#ranges>
    pub(super) async fn list<T: FromPages>(
        &self,
        endpoint: Endpoint,
        token: &SecretString,
        url: Url,
        known: Option<&Validator>,
    ) -> Result<Conditional<T>, Error> {
        let mut headers = HeaderMap::new();
        let etag = known
            .filter(|known| known.url == url.as_str())
            .and_then(|known| known.etag.parse().ok());
        headers.extend(etag.map(|etag| (IF_NONE_MATCH, etag)));

        let mut pages = Vec::new();
        let mut asked = BTreeSet::new();
        let mut first_etag = None;
        let mut room = self.limits.body;
        loop {
            let ask = ApiRequest {
                url: &url,
                headers,
                room,
            };
            let Some(page) = self.get(endpoint, token, ask).await? else {
                break;
            };
            room = room.saturating_sub(page.body.len());
            if pages.is_empty() {
                first_etag = page.etag;
            }
            pages.push(page.body);
            let Some(next) = page.next else { break };
            if !asked.insert(next.as_bytes().to_vec()) {
                return Err(Error::Malformed("its pages go round in a circle".into()));
            }
            if pages.len() >= MAX_PAGES {
                return Err(Error::TooManyPages(MAX_PAGES));
            }
            headers = HeaderMap::from_iter([(RANGE, next)]);
        }
        if pages.is_empty() {
            return Ok(Conditional::NotModified);
        }
        let (data, left_out) =
            T::from_pages(&pages).map_err(|why| Error::Malformed(printable(token, &why)))?;
        let left_out = left_out.iter().map(|why| printable(token, why)).collect();
        // The first page's tag says nothing of the others.
        let etag = first_etag.filter(|_| pages.len() == 1);
        let validator = etag.map(|etag| Validator {
            url: url.into(),
            etag,
        });
        Ok(Conditional::Modified(Decoded {
            data,
            left_out,
            pages,
            validator,
        }))
    }
}

impl<T: FromPages> Decoded<T> {
    /// Reads an answer that was kept as Heroku sent it.
    ///
    /// # Errors
    ///
    /// Where it is not such an answer.
    pub fn from_kept(pages: Vec<String>, validator: Option<Validator>) -> Result<Self, Error> {
        let (data, left_out) = T::from_pages(&pages).map_err(Error::Malformed)?;
        Ok(Self {
            data,
            left_out,
            pages,
            validator,
        })
    }
}
