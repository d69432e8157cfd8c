//! The endpoints of the API that are asked, each by a function of its own.

use secrecy::SecretString;
use url::Url;

use super::error::{ApiErrorBody, Error};
use super::transport::Transport;
use super::wire::authorizations::Authorizations;
use crate::enterprise::AccountUsage;
use crate::stats::{ClientStats, Endpoint};
use crate::team::{Account, Delinquency, Identity, Licenses};
use billing::invoice::Invoices;
use billing::month::Month;
use billing::usage::Usage;

pub use super::list::{Conditional, Decoded, FromPages, MAX_PAGES, Validator};
pub use super::transport::{ClientError, Limits};

/// A client for one API.
#[derive(Debug)]
pub struct Client {
    transport: Transport,
    api_url: Url,
}

impl Client {
    /// A client for the API at `api_url`.
    ///
    /// Proxies (`HTTPS_PROXY`) and certificates (`SSL_CERT_FILE`) are those of the environment.
    /// An API on loopback is never asked through a proxy, which would ask its own loopback.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up.
    pub fn new(api_url: Url, user_agent: &str, limits: Limits) -> Result<Self, ClientError> {
        let transport = Transport::new(&api_url, user_agent, limits)?;
        Ok(Self { transport, api_url })
    }

    /// Starts the statistics anew with duration buckets of these upper bounds, in seconds. Without
    /// them durations are only summed.
    pub fn with_duration_buckets(mut self, bounds: &[f64]) -> Self {
        self.transport.set_stats(ClientStats::new(bounds));
        self
    }

    /// The address of the API.
    pub fn api_url(&self) -> &Url {
        &self.api_url
    }

    /// What asking cost so far.
    pub fn traffic(&self) -> ClientStats {
        self.transport.traffic()
    }

    /// What Heroku said was left of the rate limit, if it said so since the last call.
    pub fn take_rate_limit_news(&self) -> Option<u64> {
        self.transport.take_rate_limit_news()
    }

    /// Asks who the team is that has `team` as its id or its name: `GET /teams/{id or name}`.
    ///
    /// # Errors
    ///
    /// Where Heroku gives no answer that can be used; so for the other calls.
    pub async fn team(&self, token: &SecretString, team: &str) -> Result<Decoded<Identity>, Error> {
        let url = self.url(&["teams", team]);
        self.whole(Endpoint::Team, token, url).await
    }

    /// Asks which teams the token sees: `GET /teams`. With the validator of an earlier answer, only
    /// for what differs from it.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn teams(
        &self,
        token: &SecretString,
        known: Option<&Validator>,
    ) -> Result<Conditional<Vec<Identity>>, Error> {
        let url = self.url(&["teams"]);
        self.transport
            .list(Endpoint::Teams, token, url, known)
            .await
    }

    /// Asks for all invoices of a team: `GET /teams/{id or name}/invoices`. With the validator of
    /// an earlier answer, only for what differs from it.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn invoices(
        &self,
        token: &SecretString,
        team: &str,
        known: Option<&Validator>,
    ) -> Result<Conditional<Invoices>, Error> {
        let url = self.url(&["teams", team, "invoices"]);
        self.transport
            .list(Endpoint::Invoices, token, url, known)
            .await
    }

    /// Asks for all invoices of the account that the token is of: `GET /account/invoices`. With the
    /// validator of an earlier answer, only for what differs from it.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn account_invoices(
        &self,
        token: &SecretString,
        known: Option<&Validator>,
    ) -> Result<Conditional<Invoices>, Error> {
        let url = self.url(&["account", "invoices"]);
        self.transport
            .list(Endpoint::Invoices, token, url, known)
            .await
    }

    /// Asks for a team's usage of the months `from` to `to`:
    /// `GET /teams/{id}/usage/monthly?start=YYYY-MM&end=YYYY-MM`. A team's name will not do. With
    /// the validator of an earlier answer, only for what differs from it.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn usage(
        &self,
        token: &SecretString,
        team_id: &str,
        months: (Month, Month),
        known: Option<&Validator>,
    ) -> Result<Conditional<Usage>, Error> {
        let url = self.url_of_months(&["teams", team_id, "usage", "monthly"], months);
        self.transport
            .list(Endpoint::Usage, token, url, known)
            .await
    }

    /// Asks who the enterprise account is that has `account` as its id or its name:
    /// `GET /enterprise-accounts/{id or name}`.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn enterprise_account(
        &self,
        token: &SecretString,
        account: &str,
    ) -> Result<Decoded<Account>, Error> {
        let url = self.url(&["enterprise-accounts", account]);
        self.whole(Endpoint::EnterpriseAccount, token, url).await
    }

    /// Asks for the usage of all teams of an enterprise account in the months `from` to `to`:
    /// `GET /enterprise-accounts/{id}/usage/monthly?start=YYYY-MM&end=YYYY-MM`. An account's name
    /// will not do. With the validator of an earlier answer, only for what differs from it.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn account_usage(
        &self,
        token: &SecretString,
        account_id: &str,
        months: (Month, Month),
        known: Option<&Validator>,
    ) -> Result<Conditional<AccountUsage>, Error> {
        let path = ["enterprise-accounts", account_id, "usage", "monthly"];
        let url = self.url_of_months(&path, months);
        self.transport
            .list(Endpoint::Usage, token, url, known)
            .await
    }

    /// Asks what is scheduled for a team that does not pay: `GET /teams/{id or name}/delinquency`.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn delinquency(
        &self,
        token: &SecretString,
        team: &str,
    ) -> Result<Decoded<Delinquency>, Error> {
        let url = self.url(&["teams", team, "delinquency"]);
        self.whole(Endpoint::Delinquency, token, url).await
    }

    /// Asks for a team's licences: `GET /teams/{id or name}/licenses`.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn licenses(
        &self,
        token: &SecretString,
        team: &str,
    ) -> Result<Decoded<Licenses>, Error> {
        let url = self.url(&["teams", team, "licenses"]);
        self.whole(Endpoint::Licenses, token, url).await
    }

    /// Asks in how many seconds the token expires: `GET /oauth/authorizations`. `None` where Heroku
    /// does not say.
    ///
    /// The answer holds every token of the account. So nothing of it outlives this call, and an
    /// error tells nothing of what stood in it.
    ///
    /// # Errors
    ///
    /// As for [`Client::team`].
    pub async fn token_expires_in(&self, token: &SecretString) -> Result<Option<i64>, Error> {
        let url = self.url(&["oauth", "authorizations"]);
        let authorizations: Decoded<Authorizations> = self
            .whole(Endpoint::Authorizations, token, url)
            .await
            .map_err(without_words)?;
        Ok(authorizations.data.expires_in(token))
    }

    /// Asks for an answer, whatever was known before.
    async fn whole<T: FromPages>(
        &self,
        endpoint: Endpoint,
        token: &SecretString,
        url: Url,
    ) -> Result<Decoded<T>, Error> {
        match self.transport.list(endpoint, token, url, None).await? {
            Conditional::Modified(answer) => Ok(answer),
            // Heroku says so only where it was asked whether an earlier answer stands.
            Conditional::NotModified => Err(Error::Malformed("it is empty".into())),
        }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.api_url.clone();
        // Only a URL without an authority has no path segments, and `Client` is given none such.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn url_of_months(&self, path: &[&str], (from, to): (Month, Month)) -> Url {
        let mut url = self.url(path);
        url.query_pairs_mut()
            .append_pair("start", &from.to_string())
            .append_pair("end", &to.to_string());
        url
    }
}

/// An error without what the upstream wrote.
fn without_words(error: Error) -> Error {
    match error {
        Error::Status {
            status,
            retry_after,
            ..
        } => Error::Status {
            status,
            explanation: ApiErrorBody::default(),
            retry_after,
        },
        Error::Malformed(_) => Error::Malformed("it is no list of authorizations".into()),
        other => other,
    }
}
