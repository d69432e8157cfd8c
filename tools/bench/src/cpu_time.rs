//! CPU time of this process.

use std::time::Duration;

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

/// Runs `work`, and returns its result and the CPU time of all threads in milliseconds.
pub(crate) fn measure<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, f64)> {
    let before = so_far()?;
    let result = work()?;
    let elapsed = so_far()?.saturating_sub(before);
    Ok((result, elapsed.as_secs_f64() * 1e3))
}

fn so_far() -> anyhow::Result<Duration> {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))
        .ok()
        .context("invalid CPU time")
}
