//! A limit of how often clients can cause the same log line.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::token_bucket::TokenBucket;
use crate::web_config::RateLimit;

/// Ten lines at once, and one every six seconds.
const LIMIT: RateLimit = RateLimit {
    interval: Duration::from_secs(6),
    burst: 10,
};

/// Limits one kind of log line.
#[derive(Debug)]
pub(super) struct LogLimiter(Mutex<State>);

#[derive(Debug)]
struct State {
    bucket: TokenBucket,
    suppressed: u64,
}

impl LogLimiter {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            bucket: TokenBucket::full(LIMIT, Instant::now()),
            suppressed: 0,
        }))
    }

    /// Calls `log` with the number of lines that were left out since the last one, unless this line
    /// is one too many.
    pub(super) fn log(&self, log: impl FnOnce(u64)) {
        if let Some(suppressed) = self.take(Instant::now()) {
            log(suppressed);
        }
    }

    fn take(&self, now: Instant) -> Option<u64> {
        // Each change is complete, so a poisoned lock holds a valid state.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bucket.take(now) {
            return Some(std::mem::take(&mut state.suppressed));
        }
        state.suppressed += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_it_leaves_out() {
        let limiter = LogLimiter::new();
        let now = Instant::now();
        let taken: Vec<_> = (0..13).map(|_| limiter.take(now)).collect();
        assert_eq!(taken, [vec![Some(0); 10], vec![None; 3]].concat());
        assert_eq!(limiter.take(now + LIMIT.interval), Some(3));
        assert_eq!(limiter.take(now + LIMIT.interval), None);
    }
}
