//! The delay before the next poll, after a success or a failure.

use std::time::Duration;

use super::error::Error;
use crate::snapshot::FailureReason;
use heroku_api::error::Error as ApiError;

/// The time in which the rate limit refills by one request. Heroku refills 75 requests a minute.
/// <https://devcenter.heroku.com/articles/platform-api-reference#rate-limits>
pub const RATE_LIMIT_REFILL: Duration = Duration::from_millis(800);

/// The upper bound of the first retry delay. Each consecutive failure doubles it.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// The upper bound of the first retry delay after status 429, so that the rate limit can refill.
const FIRST_RETRY_WHEN_LIMITED: Duration = Duration::from_secs(15);

/// The maximum retry delay after a transient failure.
const MAX_RETRY: Duration = Duration::from_secs(300);

/// The retry delay of a denial that is not yet confirmed.
const CONFIRMATION_RETRY: Duration = Duration::from_secs(5);

pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// The minimum retry delay of metadata.
pub(super) const METADATA_RETRY: Duration = Duration::from_secs(3600);

/// The limits of the delay between two requests to an endpoint.
#[derive(Clone, Copy, Debug)]
pub(super) struct BackoffLimits {
    /// The delay after a success.
    pub(super) interval: Duration,
    /// The minimum delay, which follows from the rate limit and the number of endpoints.
    pub(super) floor: Duration,
}

impl BackoffLimits {
    /// Returns the retry delay of a poll after `failures` earlier failures. It grows exponentially,
    /// with full jitter so that several exporters do not retry in step.
    pub(super) fn poll_retry(self, error: &Error, failures: u32) -> Duration {
        if matches!(error, Error::Api(ApiError::TooManyPages(_))) {
            // The poll has already used many requests.
            return MAX_RETRY.max(self.floor);
        }
        let (first, longest) = match error.reason() {
            FailureReason::NotAvailable => return self.interval,
            FailureReason::RateLimited => (FIRST_RETRY_WHEN_LIMITED, MAX_RETRY),
            // Usually permanent, so the delay may grow to the interval.
            FailureReason::Forbidden | FailureReason::NotFound | FailureReason::TeamNotFound => {
                (FIRST_RETRY, self.interval)
            }
            _ => (FIRST_RETRY, MAX_RETRY),
        };
        let exponential = first.saturating_mul(2_u32.saturating_pow(failures));
        let bounded = exponential.min(longest).min(self.interval.max(first));
        let jittered = bounded.mul_f64(fastrand::f64());
        // `Retry-After` may exceed the interval, up to a limit.
        let retry_after = match error {
            Error::Api(error) => error.retry_after().unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let retry_after = retry_after.min(self.interval.max(MAX_RETRY));
        jittered.max(retry_after).max(self.floor)
    }

    /// Returns the retry delay of a denial that is not yet confirmed.
    pub(super) fn confirmation_retry(self) -> Duration {
        CONFIRMATION_RETRY.max(self.floor)
    }

    /// Returns the delay before metadata is refreshed.
    pub(super) fn metadata_refresh(self) -> Duration {
        self.interval.max(DAY)
    }

    /// Returns the retry delay of a failed metadata request. `is_final` is whether Heroku does not
    /// offer the metadata.
    pub(super) fn metadata_retry(self, is_final: bool) -> Duration {
        if is_final {
            return self.metadata_refresh();
        }
        // Jitter spreads the retries of requests that failed together.
        let retry = METADATA_RETRY.mul_f64(1.0 + fastrand::f64() / 5.0);
        retry.max(self.interval.min(DAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heroku_api::error::ApiErrorBody;

    const LIMITS: BackoffLimits = BackoffLimits {
        interval: Duration::from_secs(3600),
        floor: Duration::from_millis(1600),
    };

    fn status(status: u16, retry_after: Option<u64>) -> Error {
        let retry_after = retry_after.map(Duration::from_secs);
        Error::Api(ApiError::Status {
            status,
            body: ApiErrorBody::default(),
            retry_after,
        })
    }

    #[test]
    fn retry_delay_grows_with_jitter_within_bounds() {
        let error = status(503, None);
        for failures in [0, 1, 5, 31, 32, u32::MAX] {
            let bound = FIRST_RETRY
                .saturating_mul(2_u32.saturating_pow(failures))
                .min(MAX_RETRY);
            let delays: Vec<_> = (0..200)
                .map(|_| LIMITS.poll_retry(&error, failures))
                .collect();
            assert!(
                delays.iter().all(|d| (LIMITS.floor..=bound).contains(d)),
                "{failures}"
            );
            assert!(
                delays.iter().any(|d| *d != delays[0]),
                "{failures}: no jitter"
            );
        }
    }

    #[test]
    fn honors_retry_after() {
        assert!(LIMITS.poll_retry(&status(429, Some(120)), 0) >= Duration::from_secs(120));
        assert!(LIMITS.poll_retry(&status(503, Some(u64::MAX)), 0) <= LIMITS.interval);
    }

    #[test]
    fn unavailable_endpoint_is_retried_after_the_interval() {
        let error = Error::NotAvailable(Box::new(status(403, None)));
        assert_eq!(LIMITS.poll_retry(&error, 9), LIMITS.interval);
    }

    #[test]
    fn metadata_is_retried_after_an_hour_and_refreshed_after_a_day() {
        let rare = BackoffLimits {
            interval: DAY * 3,
            ..LIMITS
        };
        for (limits, expected) in [(LIMITS, DAY), (rare, DAY * 3)] {
            assert_eq!(limits.metadata_refresh(), expected);
            assert_eq!(limits.metadata_retry(true), expected);
        }
        let delay = LIMITS.metadata_retry(false);
        assert!(
            (METADATA_RETRY..METADATA_RETRY * 2).contains(&delay),
            "{delay:?}"
        );
    }
}
