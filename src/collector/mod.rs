//! Polls Heroku on a schedule and publishes snapshots.
//!
//! Each endpoint of each target has its own schedule, so one that fails or hangs does not delay the
//! others. `backoff` decides about retries; the client does not retry.

mod backoff;
mod context;
mod endpoint;
mod error;
mod inventory;
mod metadata;
mod night_log;
mod past_usage;
mod poll;
mod schedule;
mod scheduler;
mod targets;

pub use backoff::RATE_LIMIT_REFILL;
pub use scheduler::{MAX_CONCURRENT_POLLS, Options, Poller, RATE_LIMIT_FLOOR};
