//! CPU time of this process.

use std::time::Duration;

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

/// Calls `f`, and returns its result and the CPU time of all threads in milliseconds.
pub(crate) fn measure<T>(f: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, f64)> {
    let before = process_cpu_time()?;
    let result = f()?;
    let elapsed = process_cpu_time()?.saturating_sub(before);
    Ok((result, elapsed.as_secs_f64() * 1e3))
}

fn process_cpu_time() -> anyhow::Result<Duration> {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))
        .ok()
        .context("invalid CPU time")
}
