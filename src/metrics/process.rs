//! Process metrics, named as in Prometheus's client libraries.

use super::descriptors::exporter::{
    PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY, PROCESS_START_TIME,
    PROCESS_THREADS, PROCESS_VIRTUAL_MEMORY,
};
use expfmt::{Family, Sample};

/// Resource usage of the process. A value is `None` if the operating system does not provide it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessStats {
    /// CPU time, user and system, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Number of open file descriptors.
    pub open_fds: Option<u64>,
    /// Soft limit of open file descriptors.
    pub max_fds: Option<u64>,
    /// Virtual memory, in bytes.
    pub virtual_memory: Option<u64>,
    /// Resident memory, in bytes.
    pub resident_memory: Option<u64>,
    /// Start time, as a Unix timestamp in seconds.
    pub start_time: Option<f64>,
    /// Number of threads.
    pub threads: Option<u64>,
}

impl ProcessStats {
    /// Reads the statistics of this process from `/proc`. Returns `None` if it is unavailable.
    #[cfg(target_os = "linux")]
    pub fn read() -> Option<Self> {
        use procfs::WithCurrentSystemInfo;
        use procfs::process::{LimitValue, Process};

        let process = Process::myself().ok()?;
        let stat = process.stat().ok()?;
        let limits = process.limits().ok();
        let boot_time = procfs::boot_time_secs().ok();
        let ticks = procfs::ticks_per_second() as f64;
        Some(Self {
            cpu_seconds: Some((stat.utime + stat.stime) as f64 / ticks),
            open_fds: process.fd_count().ok().map(|count| count as u64),
            max_fds: limits.and_then(|limits| match limits.max_open_files.soft_limit {
                LimitValue::Value(limit) => Some(limit),
                LimitValue::Unlimited => None,
            }),
            virtual_memory: Some(stat.vsize),
            resident_memory: Some(stat.rss_bytes().get()),
            start_time: boot_time.map(|boot| boot as f64 + stat.starttime as f64 / ticks),
            threads: u64::try_from(stat.num_threads).ok(),
        })
    }

    /// Reads the statistics of this process from `/proc`. Returns `None` if it is unavailable.
    #[cfg(not(target_os = "linux"))]
    pub fn read() -> Option<Self> {
        None
    }

    /// Returns the families of the known values.
    pub(super) fn families<'a>(&self) -> Vec<Family<'a>> {
        let float = |value: Option<u64>| value.map(|value| value as f64);
        let values = [
            (&PROCESS_CPU, self.cpu_seconds),
            (&PROCESS_OPEN_FDS, float(self.open_fds)),
            (&PROCESS_MAX_FDS, float(self.max_fds)),
            (&PROCESS_VIRTUAL_MEMORY, float(self.virtual_memory)),
            (&PROCESS_RESIDENT_MEMORY, float(self.resident_memory)),
            (&PROCESS_START_TIME, self.start_time),
            (&PROCESS_THREADS, float(self.threads)),
        ];
        values
            .into_iter()
            .filter_map(|(metric, value)| Some(Family::new(metric, [Sample::unlabelled(value?)])))
            .collect()
    }
}
