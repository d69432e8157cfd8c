//! The settings of polling Heroku: the token, the scope and the limits.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::resolver::Resolver;
use super::scope::{NameFilter, Scope, TeamScope};
use super::setting::{self, Setting};
use super::token::{self, API_KEY_VARIABLE, Token};
use super::value;

/// The value that means every team that the token sees.
const EVERY_TEAM: &str = "*";

/// The settings of polling Heroku.
#[derive(Debug)]
pub struct HerokuConfig {
    /// The address of the API.
    pub api_url: Url,
    /// The token.
    pub token: Token,
    /// The teams and accounts to report on.
    pub scope: Scope,
    /// The time limit of one poll of one endpoint.
    pub timeout: Duration,
    /// The time between two polls.
    pub poll_interval: Duration,
    /// The file in which Heroku's answers outlive a restart.
    pub state_file: Option<PathBuf>,
}

impl HerokuConfig {
    /// Returns whether to use the proxy that the environment names. An API on loopback is reached
    /// without one, because a proxy would look for it on its own loopback.
    pub fn use_proxy(&self) -> bool {
        !value::is_loopback(&self.api_url)
    }
}

/// The value of `HEROKU_TEAM_ID`.
enum Teams {
    Named(Vec<String>),
    Seen,
}

impl Resolver<'_> {
    /// Reads the settings of polling Heroku.
    pub fn heroku(&mut self) -> Option<HerokuConfig> {
        let token = self.token();
        let scope = self.scope();
        let api_url = self.read(&setting::HEROKU_API_URL, value::api_url);
        let timeout_range = Duration::from_millis(100)..=Duration::from_secs(600);
        let timeout = self.read(&setting::HEROKU_TIMEOUT, value::duration(timeout_range));
        let poll_interval = self.poll_interval();
        let state_file = self.read(&setting::STATE_FILE, value::state_file);
        Some(HerokuConfig {
            api_url: api_url?,
            token: token?,
            scope: scope?,
            timeout: timeout?,
            poll_interval: poll_interval?,
            state_file,
        })
    }

    pub(super) fn poll_interval(&mut self) -> Option<Duration> {
        // Beyond a week, the last figures of a month could be missed.
        let range = Duration::from_secs(1)..=Duration::from_secs(7 * 24 * 3600);
        self.read(&setting::POLL_INTERVAL, value::duration(range))
    }

    /// Reads the token. The file takes precedence over the variable, because it can be renewed.
    fn token(&mut self) -> Option<Token> {
        let file = &setting::HEROKU_API_KEY_FILE;
        let errors = self.errors.len();
        let token = self.read(file, value::api_key_file);
        if token.is_some() || self.errors.len() > errors {
            return token;
        }
        let text = self.variable(API_KEY_VARIABLE);
        match text.map(|text| token::parse(&text.into())) {
            Some(Ok(Some(token))) => return Some(Token::Given(token)),
            Some(Err(error)) => self.errors.push(format!(
                "{API_KEY_VARIABLE} {error}: set it to the token alone, such as `heroku authorizations:create` prints"
            )),
            _ if self.errors.len() > errors => {}
            _ => self.errors.push(format!(
                "{API_KEY_VARIABLE} is not set: set it to a Heroku API token, such as `heroku authorizations:create` prints, \
                 or set {} to {}",
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
            self.reject_tokens(team_id, "a team", names);
        }
        if let Some(names) = &accounts {
            self.reject_tokens(account, "an account", names);
        }
        let is_empty = teams.is_none() && accounts.is_none() && personal_account == Some(false);
        if is_empty && self.errors.len() == errors {
            self.errors.push(format!(
                "{} is not set: set it, or --{}, to {}; or set {} to {}; or set {} to true",
                team_id.name(),
                team_id.flag,
                team_id.expected,
                account.name(),
                account.expected,
                personal.name(),
            ));
        }
        let every_team = matches!(teams, Some(Teams::Seen));
        let include = self.team_patterns(&setting::HEROKU_TEAM_INCLUDE, every_team);
        let exclude = self.team_patterns(&setting::HEROKU_TEAM_EXCLUDE, every_team);
        Some(Scope {
            teams: match teams {
                Some(Teams::Seen) => TeamScope::Seen(NameFilter::new(include, exclude)),
                Some(Teams::Named(names)) => TeamScope::Named(names),
                None => TeamScope::Named(Vec::new()),
            },
            enterprise_accounts: accounts.unwrap_or_default(),
            personal_account: personal_account?,
        })
    }

    /// Reads patterns of team names, which have no effect unless every team is polled.
    fn team_patterns(&mut self, setting: &Setting, every_team: bool) -> Vec<regex::Regex> {
        let patterns = self.read_all(setting, value::pattern).unwrap_or_default();
        if !patterns.is_empty() && !every_team {
            self.errors.push(format!(
                "{} picks from every team that the token sees: set {} to {EVERY_TEAM}, or leave it out",
                setting.name(),
                setting::HEROKU_TEAM_ID.name(),
            ));
        }
        patterns
    }

    /// Rejects names that look like a token, which must not become a part of a URL.
    fn reject_tokens(&mut self, setting: &Setting, what: &str, names: &[String]) {
        if names.iter().any(|name| self.looks_like_secret(name)) {
            self.errors.push(format!(
                "{} names {what} that looks like a token: give {}",
                setting.name(),
                setting.expected
            ));
        }
    }
}

fn teams(text: &str) -> Result<Teams, String> {
    let names = text.split(',').map(str::trim);
    let (stars, names): (Vec<_>, Vec<_>) = names
        .filter(|name| !name.is_empty())
        .partition(|name| *name == EVERY_TEAM);
    if stars.is_empty() {
        return value::names(text).map(Teams::Named);
    }
    if !names.is_empty() {
        return Err(format!(
            "{EVERY_TEAM} is every team that the token sees, and takes no names beside it"
        ));
    }
    Ok(Teams::Seen)
}
