//! The context that all jobs share: client, token and concurrency limit.

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
    /// The number of token changes, including the first token.
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

    /// Reads the token. Returns it with its generation.
    pub(super) async fn token(&self) -> Result<(SecretString, u64), Error> {
        // The file may be on a file system that hangs.
        let token = Arc::clone(&self.token);
        let read = tokio::task::spawn_blocking(move || token.read()).await;
        let token = read.unwrap_or(Err(TokenError::Malformed))?;
        let mut last = self.last_token.lock().await;
        let is_same = |last: &SecretString| last.expose_secret() == token.expose_secret();
        if !last.as_ref().is_some_and(is_same) {
            *last = Some(token.clone());
            self.token_generation.fetch_add(1, Ordering::Relaxed);
        }
        Ok((token, self.token_generation()))
    }

    /// Returns the number of token changes, including the first token; 0 before it is read.
    pub(super) fn token_generation(&self) -> u64 {
        self.token_generation.load(Ordering::Relaxed)
    }

    /// Runs `fetch` with the token, within the time limit of a poll.
    pub(super) async fn with_token<T>(
        &self,
        fetch: impl AsyncFnOnce(SecretString) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.within_deadline(async { fetch(self.token().await?.0).await })
            .await
    }

    /// Waits for `result` within the time limit of a poll.
    pub(super) async fn within_deadline<T>(
        &self,
        result: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        // The client enforces the limit for each request, with better errors. This also covers
        // several requests in a row.
        let deadline = self.timeout + Duration::from_secs(1);
        let result = tokio::time::timeout(deadline, result).await;
        result.unwrap_or(Err(heroku_api::error::Error::Timeout.into()))
    }
}
