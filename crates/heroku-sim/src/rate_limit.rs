//! The rate limit of an account:
//! <https://devcenter.heroku.com/articles/platform-api-reference#rate-limits>.

use std::time::Instant;

/// The maximum number of request tokens.
const CAPACITY: u32 = 4_500;
/// The number of tokens added per minute. Heroku documents "roughly 75".
const REFILL_PER_MINUTE: u32 = 75;

/// A token bucket: every request takes a token, and tokens are added at a constant rate.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    tokens: u32,
    refill_per_minute: u32,
    last_refill: Option<Instant>,
}

impl TokenBucket {
    /// Returns a full bucket with Heroku's capacity and refill rate.
    pub(crate) fn with_heroku_limits() -> TokenBucket {
        TokenBucket {
            tokens: CAPACITY,
            refill_per_minute: REFILL_PER_MINUTE,
            last_refill: None,
        }
    }

    /// Returns a bucket that is never refilled.
    pub(crate) fn without_refill(tokens: u32) -> TokenBucket {
        TokenBucket {
            tokens,
            refill_per_minute: 0,
            last_refill: None,
        }
    }

    /// Refills the bucket and returns the number of tokens that are left.
    pub(crate) fn remaining(&mut self, now: Instant) -> u32 {
        let last_refill = *self.last_refill.get_or_insert(now);
        if self.refill_per_minute > 0 {
            let nanos_per_token = 60_000_000_000 / u128::from(self.refill_per_minute);
            let added = now.saturating_duration_since(last_refill).as_nanos() / nanos_per_token;
            if added > 0 {
                // Drops the fraction of a token, at most 0.8 seconds of refill.
                self.last_refill = Some(now);
                let added = u32::try_from(added).unwrap_or(CAPACITY);
                self.tokens = self.tokens.saturating_add(added).min(CAPACITY);
            }
        }
        self.tokens
    }

    /// Takes a token. Returns `false` if the bucket is empty.
    pub(crate) fn try_take(&mut self, now: Instant) -> bool {
        let available = self.remaining(now) > 0;
        self.tokens = self.tokens.saturating_sub(1);
        available
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::TokenBucket;

    #[test]
    fn refills_75_tokens_a_minute_up_to_capacity() {
        let (start, mut bucket) = (Instant::now(), TokenBucket::with_heroku_limits());
        for _ in 0..100 {
            assert!(bucket.try_take(start));
        }
        assert_eq!(bucket.remaining(start), 4_400);
        assert_eq!(bucket.remaining(start + Duration::from_secs(60)), 4_475);
        assert_eq!(bucket.remaining(start + Duration::from_secs(600)), 4_500);
    }

    #[test]
    fn bucket_without_refill_stays_empty() {
        let (start, mut bucket) = (Instant::now(), TokenBucket::without_refill(1));
        assert!(bucket.try_take(start));
        assert!(!bucket.try_take(start + Duration::from_secs(3_600)));
        assert_eq!(bucket.remaining(start), 0);
    }
}
