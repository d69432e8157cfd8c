//! The settings for polling Heroku: token, scope and limits.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::resolver::{REDACTED, Resolver};
use super::scope::{NameFilter, Scope, TeamScope};
use super::setting::{self, Setting};
use super::token::{self, API_KEY_VARIABLE, Token};
use super::value::{self, Parsed};
use heroku_api::client::Proxy;

/// The team that means all teams that the token can access.
const ALL_TEAMS: &str = "*";

/// The settings for polling Heroku.
#[derive(Debug)]
pub struct HerokuConfig {
    /// The URL of the API.
    pub api_url: Url,
    /// The token.
    pub token: Token,
    /// The teams and accounts to report on.
    pub scope: Scope,
    /// The time limit for one poll of an endpoint.
    pub timeout: Duration,
    /// The time between two polls of an endpoint.
    pub poll_interval: Duration,
    /// Whether apps, their dynos and add-ons are requested.
    pub resources: bool,
    /// The minimum time between two of these requests.
    pub resource_interval: Duration,
    /// The storage directory.
    pub storage: Option<PathBuf>,
    /// The proxy for requests to Heroku. Requests to a loopback address bypass it, because the proxy
    /// would send them to its own loopback.
    pub proxy: Option<Proxy>,
}

/// The minimum time between two requests for apps, their dynos and add-ons. It leaves four fifths of
/// the rate limit to polls and to other programs of the account.
const RESOURCE_INTERVAL: Duration = Duration::from_secs(4);

/// The value of `HEROKU_TEAM_ID`.
enum Teams {
    Named(Vec<String>),
    All,
}

impl Resolver<'_> {
    /// Reads the settings for polling Heroku.
    pub fn heroku(&mut self) -> Option<HerokuConfig> {
        let token = self.token();
        let scope = self.scope();
        let api_url = self.read(&setting::HEROKU_API_URL, value::api_url);
        let timeout_range = Duration::from_millis(100)..=Duration::from_secs(600);
        let timeout = self.read(&setting::HEROKU_TIMEOUT, value::duration(timeout_range));
        let poll_interval = self.poll_interval();
        let resources = self.read(&setting::HEROKU_RESOURCES, value::boolean);
        let storage = self.storage();
        let proxy = self.proxy(api_url.as_ref());
        self.check_certificates();
        let is_local = api_url.as_ref().is_some_and(value::is_loopback);
        Some(HerokuConfig {
            api_url: api_url?,
            token: token?,
            scope: scope?,
            timeout: timeout?,
            poll_interval: poll_interval?,
            resources: resources?,
            resource_interval: RESOURCE_INTERVAL,
            storage,
            proxy: proxy.filter(|_| !is_local),
        })
    }

    pub(super) fn poll_interval(&mut self) -> Option<Duration> {
        // With a longer interval, the final figures of a month could be missed.
        let range = Duration::from_secs(1)..=Duration::from_secs(7 * 24 * 3600);
        self.read(&setting::POLL_INTERVAL, value::duration(range))
    }

    /// Reads the token. The file takes precedence over the variable, because it can be rotated.
    fn token(&mut self) -> Option<Token> {
        let file = &setting::HEROKU_API_KEY_FILE;
        let errors = self.errors.len();
        let token = self.read(file, value::api_key_file);
        if token.is_some() || self.errors.len() > errors {
            return token;
        }
        let text = self.variable(API_KEY_VARIABLE);
        match text.map(|text| token::parse(&text.into())) {
            Some(Ok(Some(token))) => return Some(Token::Value(token)),
            Some(Err(error)) => self.errors.push(format!(
                "invalid value {REDACTED} for {API_KEY_VARIABLE}: {error}, \
                 expected a token as printed by `heroku authorizations:create`"
            )),
            _ if self.errors.len() > errors => {}
            _ => self.errors.push(format!(
                "{API_KEY_VARIABLE} is not set: set it to a token as printed by \
                 `heroku authorizations:create`, or set {} to {}",
                file.name(),
                file.expected
            )),
        }
        None
    }

    fn scope(&mut self) -> Option<Scope> {
        let errors = self.errors.len();
        let [team_id, account, personal] = [
            &setting::HEROKU_TEAM_ID,
            &setting::HEROKU_ENTERPRISE_ACCOUNT,
            &setting::HEROKU_PERSONAL_ACCOUNT,
        ];
        let teams = self.read(team_id, teams);
        let accounts = self.read(account, value::names);
        let personal_account = self.read(personal, value::boolean);
        if let Some(Teams::Named(names)) = &teams {
            self.reject_tokens(team_id, names);
        }
        if let Some(names) = &accounts {
            self.reject_tokens(account, names);
        }
        let is_empty = teams.is_none() && accounts.is_none() && personal_account == Some(false);
        if is_empty && self.errors.len() == errors {
            self.errors.push(format!(
                "{} is not set: set it to {}; or set {} or {}",
                team_id.name(),
                team_id.expected,
                account.name(),
                personal.name(),
            ));
        }
        let all_teams = matches!(teams, Some(Teams::All));
        let include = self.team_patterns(&setting::HEROKU_TEAM_INCLUDE, all_teams);
        let exclude = self.team_patterns(&setting::HEROKU_TEAM_EXCLUDE, all_teams);
        Some(Scope {
            teams: match teams {
                Some(Teams::All) => TeamScope::All(NameFilter::new(include, exclude)),
                Some(Teams::Named(names)) => TeamScope::Named(names),
                None => TeamScope::Named(Vec::new()),
            },
            enterprise_accounts: accounts.unwrap_or_default(),
            personal_account: personal_account?,
        })
    }

    /// Reads patterns of team names, which are an error unless all teams are polled.
    fn team_patterns(&mut self, setting: &Setting, all_teams: bool) -> Vec<regex::Regex> {
        let patterns = self.read_all(setting, value::pattern).unwrap_or_default();
        if !patterns.is_empty() && !all_teams {
            self.errors.push(format!(
                "{} requires {} to be {ALL_TEAMS}",
                setting.name(),
                setting::HEROKU_TEAM_ID.name(),
            ));
        }
        patterns
    }

    /// Rejects names that look like a token, which must not become part of a URL.
    fn reject_tokens(&mut self, setting: &Setting, names: &[String]) {
        if names.iter().any(|name| self.looks_like_secret(name)) {
            self.errors.push(format!(
                "invalid value {REDACTED} for {}: looks like a token, expected {}",
                setting.name(),
                setting.expected
            ));
        }
    }
}

fn teams(text: &str) -> Parsed<Teams> {
    let names = text.split(',').map(str::trim);
    let (stars, names): (Vec<_>, Vec<_>) = names
        .filter(|name| !name.is_empty())
        .partition(|name| *name == ALL_TEAMS);
    if stars.is_empty() {
        return value::names(text).map(Teams::Named);
    }
    if !names.is_empty() {
        let reason = format!("{ALL_TEAMS} cannot be combined with names");
        return Err(Some(reason));
    }
    Ok(Teams::All)
}
