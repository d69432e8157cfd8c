//! The client, with one method per endpoint.

use secrecy::SecretString;
use url::Url;

use super::error::{ApiErrorBody, Error};
use super::transport::Transport;
use crate::decode::authorizations::Authorizations;
use crate::enterprise::AccountUsage;
use crate::stats::{ClientStats, Endpoint};
use crate::team::{Account, Delinquency, Identity, Licenses};
use billing::invoice::Invoices;
use billing::month::Month;
use billing::resources::{Addon, App, Coupling, DynoSize, Pipeline, Process};
use billing::usage::Usage;

pub use super::pagination::{Conditional, Decoded, MAX_PAGES, Validator};
pub use super::transport::{ClientError, ClientOptions, Limits, Proxy};
pub use crate::decode::{DecodeError, FromPages};

/// A client of one API.
///
/// Each method that sends requests returns an [`Error`] if there is no usable response. A method
/// with a [`Validator`] sends a conditional request, and then may return
/// [`Conditional::NotModified`].
#[derive(Debug)]
pub struct Client {
    transport: Transport,
    api_url: Url,
}

/// The owner of apps and add-ons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceOwner<'a> {
    /// The team with this id or name.
    Team(&'a str),
    /// The token's own account.
    Person,
}

/// What a method with a conditional request returns.
type ConditionalResult<T> = Result<Conditional<T>, Error>;

impl Client {
    /// A client for the API at `api_url`.
    ///
    /// Trusted certificates (`SSL_CERT_FILE`) come from the environment.
    ///
    /// # Errors
    ///
    /// Returns an error if TLS cannot be set up.
    pub fn new(api_url: Url, options: ClientOptions<'_>) -> Result<Self, ClientError> {
        let transport = Transport::new(&api_url, options)?;
        Ok(Self { transport, api_url })
    }

    /// Returns the address of the API.
    pub fn api_url(&self) -> &Url {
        &self.api_url
    }

    /// Returns statistics of all requests so far.
    pub fn stats(&self) -> ClientStats {
        self.transport.recorded().stats.clone()
    }

    /// Returns how many requests are left in the account's rate limit, if a response has reported it
    /// since the last call.
    pub fn take_rate_limit_remaining(&self) -> Option<u64> {
        self.transport.recorded().rate_limit_remaining.take()
    }

    /// Fetches the identity of a team: `GET /teams/{id or name}`.
    pub async fn team(&self, token: &SecretString, team: &str) -> Result<Decoded<Identity>, Error> {
        let url = self.url(&["teams", team]);
        self.get(Endpoint::Team, token, url).await
    }

    /// Fetches the teams that the token can see: `GET /teams`.
    pub async fn teams(
        &self,
        token: &SecretString,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Vec<Identity>> {
        let (transport, url) = (&self.transport, self.url(&["teams"]));
        transport.list(Endpoint::Teams, token, url, validator).await
    }

    /// Fetches all invoices of a team: `GET /teams/{id or name}/invoices`.
    pub async fn invoices(
        &self,
        token: &SecretString,
        team: &str,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Invoices> {
        let (transport, url) = (&self.transport, self.url(&["teams", team, "invoices"]));
        transport
            .list(Endpoint::Invoices, token, url, validator)
            .await
    }

    /// Fetches all invoices of the token's own account: `GET /account/invoices`.
    pub async fn account_invoices(
        &self,
        token: &SecretString,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Invoices> {
        let (transport, url) = (&self.transport, self.url(&["account", "invoices"]));
        transport
            .list(Endpoint::Invoices, token, url, validator)
            .await
    }

    /// Fetches a team's usage from the first month to the second:
    /// `GET /teams/{id}/usage/monthly?start=YYYY-MM&end=YYYY-MM`. Heroku accepts no name here.
    pub async fn usage(
        &self,
        token: &SecretString,
        team_id: &str,
        months: (Month, Month),
        validator: Option<&Validator>,
    ) -> ConditionalResult<Usage> {
        let url = self.monthly_url(&["teams", team_id, "usage", "monthly"], months);
        self.transport
            .list(Endpoint::Usage, token, url, validator)
            .await
    }

    /// Fetches a team's usage of past months, like [`Self::usage`] but unconditionally.
    pub async fn past_usage(
        &self,
        token: &SecretString,
        team_id: &str,
        months: (Month, Month),
    ) -> Result<Decoded<Usage>, Error> {
        let url = self.monthly_url(&["teams", team_id, "usage", "monthly"], months);
        self.get(Endpoint::PastUsage, token, url).await
    }

    /// Fetches the identity of an enterprise account: `GET /enterprise-accounts/{id or name}`.
    pub async fn enterprise_account(
        &self,
        token: &SecretString,
        account: &str,
    ) -> Result<Decoded<Account>, Error> {
        let url = self.url(&["enterprise-accounts", account]);
        self.get(Endpoint::EnterpriseAccount, token, url).await
    }

    /// Fetches the usage of all teams of an enterprise account from the first month to the second:
    /// `GET /enterprise-accounts/{id}/usage/monthly?start=YYYY-MM&end=YYYY-MM`. Heroku accepts no
    /// name here.
    pub async fn account_usage(
        &self,
        token: &SecretString,
        account_id: &str,
        months: (Month, Month),
        validator: Option<&Validator>,
    ) -> ConditionalResult<AccountUsage> {
        let path = ["enterprise-accounts", account_id, "usage", "monthly"];
        let url = self.monthly_url(&path, months);
        self.transport
            .list(Endpoint::Usage, token, url, validator)
            .await
    }

    /// Fetches an account's usage of past months, like [`Self::account_usage`] but unconditionally.
    pub async fn past_account_usage(
        &self,
        token: &SecretString,
        account_id: &str,
        months: (Month, Month),
    ) -> Result<Decoded<AccountUsage>, Error> {
        let path = ["enterprise-accounts", account_id, "usage", "monthly"];
        let url = self.monthly_url(&path, months);
        self.get(Endpoint::PastUsage, token, url).await
    }

    /// Fetches the scheduled suspension and deletion of a team:
    /// `GET /teams/{id or name}/delinquency`.
    pub async fn delinquency(
        &self,
        token: &SecretString,
        team: &str,
    ) -> Result<Decoded<Delinquency>, Error> {
        let url = self.url(&["teams", team, "delinquency"]);
        self.get(Endpoint::Delinquency, token, url).await
    }

    /// Fetches the licences of a team: `GET /teams/{id or name}/licenses`.
    pub async fn licenses(
        &self,
        token: &SecretString,
        team: &str,
    ) -> Result<Decoded<Licenses>, Error> {
        let url = self.url(&["teams", team, "licenses"]);
        self.get(Endpoint::Licenses, token, url).await
    }

    /// Fetches the id and the name of the token's own account: `GET /account`.
    pub async fn account(&self, token: &SecretString) -> Result<Decoded<Account>, Error> {
        let url = self.url(&["account"]);
        self.get(Endpoint::Account, token, url).await
    }

    /// Fetches apps: `GET /teams/{id or name}/apps` or `GET /users/~/apps`, which contains apps of others
    /// on which the person collaborates.
    pub async fn apps(
        &self,
        token: &SecretString,
        owner: ResourceOwner<'_>,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Vec<App>> {
        let (transport, url) = (&self.transport, self.resources_url(owner, "apps"));
        transport.list(Endpoint::Apps, token, url, validator).await
    }

    /// Fetches add-ons: `GET /teams/{id or name}/addons` or `GET /users/~/addons`, with `version=3.sdk`, which
    /// marks metered add-ons.
    pub async fn addons(
        &self,
        token: &SecretString,
        owner: ResourceOwner<'_>,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Vec<Addon>> {
        let (transport, url) = (&self.transport, self.resources_url(owner, "addons"));
        transport
            .list(Endpoint::Addons, token, url, validator)
            .await
    }

    /// Fetches the pipelines and stages of apps: `GET /teams/{id or name}/pipeline-couplings` or
    /// `GET /users/~/pipeline-couplings`.
    pub async fn pipeline_couplings(
        &self,
        token: &SecretString,
        owner: ResourceOwner<'_>,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Vec<Coupling>> {
        let url = self.resources_url(owner, "pipeline-couplings");
        self.transport
            .list(Endpoint::PipelineCouplings, token, url, validator)
            .await
    }

    /// Fetches the dynos of an app: `GET /apps/{id or name}/formation`.
    pub async fn formation(
        &self,
        token: &SecretString,
        app: &str,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Vec<Process>> {
        let (transport, url) = (&self.transport, self.url(&["apps", app, "formation"]));
        transport
            .list(Endpoint::Formation, token, url, validator)
            .await
    }

    /// Fetches the dyno sizes: `GET /dyno-sizes`.
    pub async fn dyno_sizes(
        &self,
        token: &SecretString,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Vec<DynoSize>> {
        let (transport, url) = (&self.transport, self.url(&["dyno-sizes"]));
        transport
            .list(Endpoint::DynoSizes, token, url, validator)
            .await
    }

    /// Fetches the pipelines that the token has access to: `GET /pipelines`.
    pub async fn pipelines(
        &self,
        token: &SecretString,
        validator: Option<&Validator>,
    ) -> ConditionalResult<Vec<Pipeline>> {
        let (transport, url) = (&self.transport, self.url(&["pipelines"]));
        transport
            .list(Endpoint::Pipelines, token, url, validator)
            .await
    }

    /// Fetches in how many seconds the token expires, or `None` if it does not:
    /// `GET /oauth/authorizations`.
    ///
    /// The response contains every token of the account, so nothing of it is kept, and an error
    /// contains nothing of it.
    pub async fn token_expires_in(&self, token: &SecretString) -> Result<Option<i64>, Error> {
        let url = self.url(&["oauth", "authorizations"]);
        let authorizations = self.get(Endpoint::Authorizations, token, url).await;
        let authorizations: Decoded<Authorizations> =
            authorizations.map_err(without_response_text)?;
        Ok(authorizations.data.expires_in(token))
    }

    /// Sends an unconditional request.
    async fn get<T: FromPages>(
        &self,
        endpoint: Endpoint,
        token: &SecretString,
        url: Url,
    ) -> Result<Decoded<T>, Error> {
        match self.transport.list(endpoint, token, url, None).await? {
            Conditional::Modified(response) => Ok(response),
            Conditional::NotModified => Err(Error::Malformed("unexpected status 304".into())),
        }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.api_url.clone();
        // Fails only for a URL without authority, which no HTTP URL is.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn resources_url(&self, owner: ResourceOwner<'_>, name: &str) -> Url {
        match owner {
            ResourceOwner::Team(team) => self.url(&["teams", team, name]),
            ResourceOwner::Person => self.url(&["users", "~", name]),
        }
    }

    fn monthly_url(&self, path: &[&str], (start, end): (Month, Month)) -> Url {
        let mut url = self.url(path);
        url.query_pairs_mut()
            .append_pair("start", &start.to_string())
            .append_pair("end", &end.to_string());
        url
    }
}

/// Removes from an error what came from the response.
fn without_response_text(error: Error) -> Error {
    match error {
        Error::Status {
            status,
            retry_after,
            ..
        } => Error::Status {
            status,
            body: ApiErrorBody::default(),
            retry_after,
        },
        Error::Malformed(_) => Error::Malformed("not a list of authorizations".into()),
        other => other,
    }
}
