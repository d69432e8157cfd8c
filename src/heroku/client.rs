//! Sends a request, follows a list through its pages and decodes the answer.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, RANGE, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::error::{Error, Explanation};
use super::wire::{self, Decoded, Unreadable};
use crate::domain::invoice::Invoices;
use crate::domain::month::Month;
use crate::domain::usage::Usage;
use crate::loopback::is_loopback;

/// The version of the API that the client speaks, as Heroku wants it asked for.
const HEROKU_JSON: HeaderValue = HeaderValue::from_static("application/vnd.heroku+json; version=3");

/// A list of more pages than this is a loop: at 200 elements a page, the least that Heroku gives,
/// it would be a hundred thousand invoices.
const MOST_PAGES: usize = 500;

/// As much of an upstream's message as a log line bears.
const MESSAGE_CHARACTERS: usize = 300;

/// How long to wait and how much to read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a connection to be made.
    pub connect: Duration,
    /// For the next piece of an answer.
    pub idle: Duration,
    /// For one request in all.
    pub request: Duration,
    /// The bytes of one answer, decompressed.
    pub body: usize,
}

impl Default for Limits {
    /// Heroku answers in about a second; the largest answer expected, two months of ten thousand
    /// apps, is about two megabytes.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(15),
            request: Duration::from_secs(60),
            body: 64 << 20,
        }
    }
}

/// A client for one API and one token.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    api_url: Url,
    token: SecretString,
    limits: Limits,
}

/// The client could not be made: the system gave no certificates, or the token cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS or the HTTP client could not be set up.
    #[error("the HTTPS client could not be set up")]
    Http(#[source] reqwest::Error),
    /// The token holds characters that no HTTP header may hold.
    #[error("the Heroku API token holds characters that cannot be sent in an HTTP header")]
    Token,
}

/// Who a team is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id, a UUID.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// An answer, and what of it could not be understood.
#[derive(Debug)]
pub struct Answer<T> {
    /// What was understood.
    pub data: T,
    /// For each row that was left out, why.
    pub left_out: Vec<String>,
}

impl Client {
    /// A client for the API at `api_url`.
    ///
    /// Proxies (`HTTPS_PROXY`) and certificates (`SSL_CERT_FILE`) are those of the environment.
    /// An API on loopback is never asked through a proxy, which would ask its own loopback.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up or the token cannot be sent.
    pub fn new(api_url: Url, token: SecretString, limits: Limits) -> Result<Self, ClientError> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| ClientError::Token)?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([(ACCEPT, HEROKU_JSON), (AUTHORIZATION, authorization)]);

        let mut http = reqwest::Client::builder()
            .user_agent(concat!(
                env!("CARGO_PKG_NAME"),
                "/",
                env!("CARGO_PKG_VERSION")
            ))
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .connect_timeout(limits.connect)
            .read_timeout(limits.idle)
            .timeout(limits.request);
        if is_loopback(&api_url) {
            http = http.no_proxy();
        }
        if api_url.scheme() == "http" {
            // Needs no certificates, so that a machine that has none can run the demo.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(ClientError::Http)?;
        Ok(Self {
            http,
            api_url,
            token,
            limits,
        })
    }

    /// Asks who the team is that has `team` as its id or its name: `GET /teams/{id or name}`.
    ///
    /// # Errors
    ///
    /// Where Heroku gives no answer that can be used; so for the other calls.
    pub async fn team(&self, team: &str) -> Result<Identity, Error> {
        let pages = self.pages(self.url(&["teams", team])).await?;
        let row =
            wire::team(pages.first().map_or(&[], Vec::as_slice)).map_err(|e| self.malformed(&e))?;
        Ok(Identity {
            id: row.id,
            name: row.name,
        })
    }

    /// Asks for all invoices of a team: `GET /teams/{id or name}/invoices`.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn invoices(&self, team: &str) -> Result<Answer<Invoices>, Error> {
        let pages = self.pages(self.url(&["teams", team, "invoices"])).await?;
        self.understood(wire::invoices(&pages))
    }

    /// Asks for a team's usage of the months `from` to `to`:
    /// `GET /teams/{id}/usage/monthly?start=YYYY-MM&end=YYYY-MM`. A team's name will not do.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn usage(
        &self,
        team_id: &str,
        from: Month,
        to: Month,
    ) -> Result<Answer<Usage>, Error> {
        let mut url = self.url(&["teams", team_id, "usage", "monthly"]);
        url.query_pairs_mut()
            .append_pair("start", &from.to_string())
            .append_pair("end", &to.to_string());
        let pages = self.pages(url).await?;
        self.understood(wire::usage(&pages))
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.api_url.clone();
        // Only a URL without an authority has no path segments, and `Client` is given none such.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Reads a list through all its pages: while an answer names a `Next-Range`, that is asked for
    /// next. A page that fails fails the list, for half a list is no answer.
    /// <https://devcenter.heroku.com/articles/platform-api-reference#ranges>
    async fn pages(&self, url: Url) -> Result<Vec<Vec<u8>>, Error> {
        let mut pages = Vec::new();
        let mut asked = BTreeSet::new();
        let mut range: Option<HeaderValue> = None;
        loop {
            let (body, next) = self.get(url.clone(), range.as_ref()).await?;
            pages.push(body);
            let Some(next) = next else { return Ok(pages) };
            if !asked.insert(next.as_bytes().to_vec()) || pages.len() >= MOST_PAGES {
                return Err(Error::Malformed("its pages never end".into()));
            }
            range = Some(next);
        }
    }

    async fn get(
        &self,
        url: Url,
        range: Option<&HeaderValue>,
    ) -> Result<(Vec<u8>, Option<HeaderValue>), Error> {
        let mut request = self.http.get(url);
        if let Some(range) = range {
            request = request.header(RANGE, range);
        }
        let response = request.send().await.map_err(transport)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::Redirect {
                status: status.as_u16(),
            });
        }
        if !matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Err(self.refused(response).await);
        }
        let next = response.headers().get("next-range").cloned();
        Ok((self.body(response).await?, next))
    }

    /// Reads a body up to the limit; it is counted decompressed, so that a small answer cannot
    /// unfold into a large one.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(transport)? {
            if body.len() + piece.len() > self.limits.body {
                return Err(Error::TooLarge(self.limits.body));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// The error for an answer that is a refusal, with what Heroku's error body says of it.
    async fn refused(&self, response: Response) -> Error {
        #[derive(Default, Deserialize)]
        struct ErrorBody {
            id: Option<String>,
            message: Option<String>,
        }
        let status = response.status().as_u16();
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let retry_after = header(RETRY_AFTER.as_str())
            .and_then(|s| s.trim().parse().ok())
            .map(Duration::from_secs);
        let request_id = header("request-id").map(|id| self.printable(&id));
        // A refusal stays one whether or not its body can be read: a 5xx is often HTML.
        let body = self.body(response).await.unwrap_or_default();
        let body: ErrorBody = serde_json::from_slice(&body).unwrap_or_default();
        let explanation = Explanation {
            id: body.id.map(|id| self.printable(&id)),
            message: body.message.map(|message| self.printable(&message)),
            request_id,
        };
        Error::Status {
            status,
            explanation,
            retry_after,
        }
    }

    fn understood<T>(&self, decoded: Result<Decoded<T>, Unreadable>) -> Result<Answer<T>, Error> {
        let Decoded { value, left_out } = decoded.map_err(|e| self.malformed(&e))?;
        Ok(Answer {
            data: value,
            left_out: left_out.iter().map(|why| self.printable(why)).collect(),
        })
    }

    fn malformed(&self, why: &Unreadable) -> Error {
        Error::Malformed(self.printable(&why.to_string()))
    }

    /// What an upstream wrote, made fit for a log line: short, on one line, and without the token,
    /// which a broken proxy may echo.
    fn printable(&self, text: &str) -> String {
        let text = text.replace(self.token.expose_secret(), "[token]");
        let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        let mut short: String = plain.clone().take(MESSAGE_CHARACTERS).collect();
        if plain.count() > MESSAGE_CHARACTERS {
            short.push('…');
        }
        short
    }
}

/// The error for a connection that could not be made, broke, or brought what cannot be
/// decompressed.
fn transport(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        Error::Timeout
    } else if is_bad_compression(&error) {
        Error::Malformed("it is not compressed as its Content-Encoding says".into())
    } else {
        Error::Network(error.without_url())
    }
}

/// Whether a decompressor could make nothing of what came. reqwest calls everything that goes wrong
/// within a body a decoding error, a lost connection too.
fn is_bad_compression(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(
            kind,
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        )
    })
}
