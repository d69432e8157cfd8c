//! What all jobs share: the client, the token, and the concurrency limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, Semaphore};

use super::error::Error;
use crate::config::token::{Token, TokenError};
use heroku_api::client::Client;

/// The context of every poll and metadata request.
#[derive(Debug)]
pub(super) struct PollContext {
    pub(super) client: Client,
    token: Arc<Token>,
    last_token: Mutex<Option<SecretString>>,
    /// How many different tokens in a row have been read.
    token_generation: AtomicU64,
    timeout: Duration,
    /// Limits the number of concurrent polls.
    pub(super) permits: Semaphore,
}

impl PollContext {
    pub(super) fn new(client: Client, token: Token, timeout: Duration, concurrency: usize) -> Self {
        Self {
            client,
            token: Arc::new(token),
            last_token: Mutex::default(),
            token_generation: AtomicU64::new(0),
            timeout,
            permits: Semaphore::new(concurrency),
        }
    }

    /// Reads the token, and returns it with its generation.
    pub(super) async fn token(&self) -> Result<(SecretString, u64), Error> {
        // A file can be on a file system that hangs.
        let token = Arc::clone(&self.token);
        let read = tokio::task::spawn_blocking(move || token.read()).await;
        let token = read.unwrap_or(Err(TokenError::Malformed))?;
        let mut last = self.last_token.lock().await;
        let same = |last: &SecretString| last.expose_secret() == token.expose_secret();
        if !last.as_ref().is_some_and(same) {
            *last = Some(token.clone());
            self.token_generation.fetch_add(1, Ordering::Relaxed);
        }
        Ok((token, self.token_generation()))
    }

    /// Returns how often the token has changed, counting the first; 0 before it is read.
    pub(super) fn token_generation(&self) -> u64 {
        self.token_generation.load(Ordering::Relaxed)
    }

    /// Runs `fetch` with the token, within the time that one poll may take.
    pub(super) async fn with_token<T>(
        &self,
        fetch: impl AsyncFnOnce(SecretString) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.within_deadline(async { fetch(self.token().await?.0).await })
            .await
    }

    /// Waits for `result` as long as one poll may take.
    pub(super) async fn within_deadline<T>(
        &self,
        result: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        // The client limits each request and reports it better; this limits several requests.
        let deadline = self.timeout + Duration::from_secs(1);
        let result = tokio::time::timeout(deadline, result).await;
        result.unwrap_or(Err(heroku_api::error::Error::Timeout.into()))
    }
}
