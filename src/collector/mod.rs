//! Polls Heroku on a schedule and publishes snapshots.
//!
//! Each endpoint of each target has its own schedule, so one that fails or hangs delays no other.
//! Retries are decided in `backoff`; the client makes none.

mod backoff;
mod context;
mod endpoint;
mod error;
mod metadata;
mod poll;
mod schedule;
mod scheduler;
pub mod state;
mod targets;

pub use scheduler::{CONCURRENCY, Options, Poller};
