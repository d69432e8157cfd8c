//! A token bucket, which limits the rate of requests and of log lines.

use std::time::Instant;

use crate::web_config::RateLimit;

/// A token bucket: each request takes one token.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenBucket {
    pub(super) limit: RateLimit,
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    pub(super) fn full(limit: RateLimit, at: Instant) -> Self {
        Self {
            limit,
            tokens: f64::from(limit.burst),
            at,
        }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.at);
        let added = since.as_secs_f64() / self.limit.interval.as_secs_f64();
        self.tokens = (self.tokens + added).min(f64::from(self.limit.burst));
        self.at = now;
        let has_token = self.tokens >= 1.0;
        if has_token {
            self.tokens -= 1.0;
        }
        has_token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn bucket_allows_burst_then_one_per_interval() {
        let limit = RateLimit {
            interval: Duration::from_secs(2),
            burst: 3,
        };
        let start = Instant::now();
        let mut bucket = TokenBucket::full(limit, start);
        let mut take = |milliseconds| bucket.take(start + Duration::from_millis(milliseconds));
        let given = [0, 0, 0, 0, 1999, 2001, 2002, 60_000, 60_000, 60_000, 60_000].map(&mut take);
        let (yes, no) = (true, false);
        assert_eq!(given, [yes, yes, yes, no, no, yes, no, yes, yes, yes, no]);
    }

    #[test]
    fn bucket_without_burst_allows_nothing() {
        let limit = RateLimit {
            interval: Duration::from_millis(1),
            burst: 0,
        };
        let start = Instant::now();
        assert!(!TokenBucket::full(limit, start).take(start + Duration::from_secs(9)));
    }
}
