//! What to ask and with which token.

use super::reader::Reader;
use super::{API_KEY_VARIABLE, HerokuConfig, read, setting};
use crate::config::token::{self, Token};

impl Reader<'_> {
    pub(super) fn heroku(&mut self) -> Option<HerokuConfig> {
        let token = self.token();
        let scope = self.scope();
        let api_url = self.read(&setting::HEROKU_API_URL, read::api_url);
        let timeout = self.read(&setting::HEROKU_TIMEOUT, read::timeout);
        let floor = self.read(&setting::HEROKU_RATE_LIMIT_FLOOR, read::rate_limit_floor);
        let poll_interval = self.read(&setting::POLL_INTERVAL, read::interval);
        let state_file = self.read_optional(&setting::STATE_FILE, read::state_file);
        Some(HerokuConfig {
            api_url: api_url?,
            token: token?,
            scope: scope?,
            timeout: timeout?,
            rate_limit_floor: floor?,
            poll_interval: poll_interval?,
            state_file,
        })
    }

    /// The token: of a file where one is named, which wins over the variable because it can be
    /// renewed; else the variable's.
    fn token(&mut self) -> Option<Token> {
        let file = &setting::HEROKU_API_KEY_FILE;
        if let Some(given) = self.given(file)? {
            return self.understood(given, read::api_key_file);
        }
        match self.variable(API_KEY_VARIABLE) {
            Some(Ok(text)) => match token::parse(&text.into()) {
                Ok(Some(token)) => return Some(Token::Given(token)),
                Ok(None) => {}
                Err(error) => {
                    self.problems.push(format!(
                        "{API_KEY_VARIABLE} {error}: set it to the token alone, such as `heroku authorizations:create` prints"
                    ));
                    return None;
                }
            },
            Some(Err(())) => {
                self.problems
                    .push(format!("{API_KEY_VARIABLE} is not valid UTF-8"));
                return None;
            }
            None => {}
        }
        self.problems.push(format!(
            "{API_KEY_VARIABLE} is not set: set it to a Heroku API token, such as `heroku authorizations:create` prints, \
             or set {} to {}",
            file.variable(),
            file.right
        ));
        None
    }
}
