//! The machine and the programs that a result is of.

use heroku_cost_exporter::build;

use crate::nginx::Nginx;
use crate::wrk;

/// The facts in a line; no name of a host, and no path.
pub(crate) fn facts() -> anyhow::Result<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let found = text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_else(|| "unknown".into())
    };
    let cpu = field(&read("/proc/cpuinfo"), "model name");
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let gib = memory
        .strip_suffix(" kB")
        .and_then(|kib| kib.parse().ok())
        .map_or(f64::NAN, |kib: f64| kib / f64::from(1 << 20));
    let kernel: String = read("/proc/sys/kernel/osrelease")
        .chars()
        // The version, without what a distribution adds to it.
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let cores = std::thread::available_parallelism().map_or(0, Into::into);
    Ok(format!(
        "Measured on {cores} cores ({cpu}), {gib:.1} GiB of memory, Linux {kernel}; nginx {}, wrk {}, rustc {}.\n",
        Nginx::version()?,
        wrk::version()?,
        build::RUSTC
    ))
}
