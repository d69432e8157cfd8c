//! What every job shares: the client, the token, and how much may be under way at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::error::Error;
use crate::config::token::{Token, TokenError};
use heroku_api::client::Client;

/// How long figures that have come may wait for the name of their team; it is asked for again with
/// the next poll.
const PATIENCE_FOR_A_NAME: Duration = Duration::from_secs(5);

/// Whom to ask, with what, and within which bounds.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) client: Client,
    token: Arc<Token>,
    /// The token as it was last read.
    last: Mutex<Option<SecretString>>,
    /// How often the token was another than before; the first counts too.
    tokens: AtomicU64,
    timeout: Duration,
    pub(super) in_flight: Semaphore,
}

impl Asking {
    pub(super) fn new(client: Client, token: Token, timeout: Duration, at_once: usize) -> Self {
        Self {
            client,
            token: Arc::new(token),
            last: Mutex::default(),
            tokens: AtomicU64::new(0),
            timeout,
            in_flight: Semaphore::new(at_once),
        }
    }

    /// The token.
    pub(super) async fn token(&self) -> Result<SecretString, Error> {
        Ok(self.numbered_token().await?.0)
    }

    /// The token, and how many there have been with it. It is read where that may block: a file can
    /// be on a file system that hangs.
    pub(super) async fn numbered_token(&self) -> Result<(SecretString, u64), Error> {
        let token = Arc::clone(&self.token);
        let read = tokio::task::spawn_blocking(move || token.read()).await;
        let token = read.unwrap_or(Err(TokenError::Malformed))?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |last: &SecretString| last.expose_secret() == token.expose_secret();
        if !last.as_ref().is_some_and(same) {
            *last = Some(token.clone());
            self.tokens.fetch_add(1, Ordering::Relaxed);
        }
        Ok((token, self.tokens()))
    }

    /// How many tokens there have been; none before the first was read.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }

    /// What `asked` gives within the time that one poll may take.
    pub(super) async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        // Each request has the same timeout and notes it better; this one bounds several requests.
        let deadline = self.timeout + Duration::from_secs(1);
        let answered = tokio::time::timeout(deadline, asked).await;
        answered.unwrap_or(Err(heroku_api::error::Error::Timeout.into()))
    }
}

/// What `asked` gives, if it gives it soon.
pub(super) async fn soon<T>(asked: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE_FOR_A_NAME, asked).await.ok()
}
