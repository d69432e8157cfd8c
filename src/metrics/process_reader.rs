//! What the system tells of this process.

use crate::metrics::Process;

/// Reads what the system tells of this process, on Linux from `/proc`; `None` elsewhere.
#[cfg(target_os = "linux")]
pub fn read() -> Option<Process> {
    use procfs::WithCurrentSystemInfo;

    let process = procfs::process::Process::myself().ok()?;
    let stat = process.stat().ok()?;
    let max_fds = match process
        .limits()
        .ok()
        .map(|limits| limits.max_open_files.soft_limit)
    {
        Some(procfs::process::LimitValue::Value(limit)) => Some(limit),
        _ => None,
    };
    let boot = procfs::boot_time_secs().ok();
    let ticks = procfs::ticks_per_second() as f64;
    Some(Process {
        cpu_seconds: Some((stat.utime + stat.stime) as f64 / ticks),
        open_fds: process.fd_count().ok().map(|count| count as u64),
        max_fds,
        virtual_memory: Some(stat.vsize),
        resident_memory: Some(stat.rss_bytes().get()),
        start_time: boot.map(|boot| boot as f64 + stat.starttime as f64 / ticks),
        threads: u64::try_from(stat.num_threads).ok(),
    })
}

/// Reads what the system tells of this process, on Linux from `/proc`; `None` elsewhere.
#[cfg(not(target_os = "linux"))]
pub fn read() -> Option<Process> {
    None
}
