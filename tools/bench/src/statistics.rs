//! Numbers made of several measurements.

use std::time::Duration;

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

/// The middle one; of an even number of them the higher of the two.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The processor time that `work` takes, in all threads of this process.
pub(crate) fn processor_time<T>(
    work: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<(T, Duration)> {
    let before = processor_time_so_far()?;
    let made = work()?;
    let took = processor_time_so_far()?.saturating_sub(before);
    Ok((made, took))
}

fn processor_time_so_far() -> anyhow::Result<Duration> {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))
        .ok()
        .context("the process has no clock")
}

/// The straight line through two points, at `x`.
pub(crate) fn on_line(a: (f64, f64), b: (f64, f64), x: f64) -> f64 {
    a.1 + (b.1 - a.1) / (b.0 - a.0) * (x - a.0)
}

#[cfg(test)]
mod tests {
    use super::{median, on_line};

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), 3.0);
        assert!(median([]).is_nan());
    }

    #[test]
    fn a_line_goes_on_beyond_its_points() {
        assert_eq!(on_line((1.0, 3.0), (2.0, 5.0), 10.0), 21.0);
    }
}
