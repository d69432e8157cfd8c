//! The request tokens of an account:
//! <https://devcenter.heroku.com/articles/platform-api-reference#rate-limits>.

use std::time::Instant;

/// What an account holds at Heroku.
const CAPACITY: u32 = 4_500;
/// What Heroku adds a minute, "roughly 75".
const REFILL_PER_MINUTE: u32 = 75;

/// The tokens that are left, and how they come back.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    left: u32,
    refill_per_minute: u32,
    /// Up to when the refill has been counted.
    filled: Option<Instant>,
}

impl Bucket {
    /// As Heroku gives it.
    pub(crate) fn herokus() -> Bucket {
        Bucket {
            left: CAPACITY,
            refill_per_minute: REFILL_PER_MINUTE,
            filled: None,
        }
    }

    /// So many tokens and no more, ever.
    pub(crate) fn unfilled(left: u32) -> Bucket {
        Bucket {
            left,
            refill_per_minute: 0,
            filled: None,
        }
    }

    /// What is left at this instant.
    pub(crate) fn remaining(&mut self, at: Instant) -> u32 {
        let since = *self.filled.get_or_insert(at);
        if self.refill_per_minute > 0 {
            let nanos_a_token = 60_000_000_000 / u128::from(self.refill_per_minute);
            let gained = at.saturating_duration_since(since).as_nanos() / nanos_a_token;
            if gained > 0 {
                // The fraction of a token that is dropped here is at most 0.8 seconds of refill.
                self.filled = Some(at);
                let gained = u32::try_from(gained).unwrap_or(CAPACITY);
                self.left = self.left.saturating_add(gained).min(CAPACITY);
            }
        }
        self.left
    }

    /// Takes a token, or says that there is none.
    pub(crate) fn take(&mut self, at: Instant) -> bool {
        let some = self.remaining(at) > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Bucket;

    #[test]
    fn a_spent_token_comes_back_within_the_minute() {
        let (start, mut bucket) = (Instant::now(), Bucket::herokus());
        for _ in 0..100 {
            assert!(bucket.take(start));
        }
        assert_eq!(bucket.remaining(start), 4_400);
        assert_eq!(bucket.remaining(start + Duration::from_secs(60)), 4_475);
        assert_eq!(bucket.remaining(start + Duration::from_secs(600)), 4_500);
    }

    #[test]
    fn a_counted_bucket_stays_empty() {
        let (start, mut bucket) = (Instant::now(), Bucket::unfilled(1));
        assert!(bucket.take(start));
        assert!(!bucket.take(start + Duration::from_secs(3_600)));
        assert_eq!(bucket.remaining(start), 0);
    }
}
