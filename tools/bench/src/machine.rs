//! The machine and the toolchain that the results depend on.

use crate::pipeline::RUSTC;

/// Describes the machine and the versions of programs in one line, without host names and paths.
/// `versions` is inserted before the version of rustc.
pub(crate) fn describe(versions: &str) -> anyhow::Result<String> {
    let cpu = field("/proc/cpuinfo", "model name")?;
    let memory = field("/proc/meminfo", "MemTotal")?;
    let gib = memory
        .strip_suffix(" kB")
        .and_then(|kib| kib.parse().ok())
        .map_or(f64::NAN, |kib: f64| kib / f64::from(1 << 20));
    let kernel: String = std::fs::read_to_string("/proc/sys/kernel/osrelease")?
        .chars()
        // Omits the suffix of the distribution.
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "Measured on {cores} cores ({cpu}), {gib:.1} GiB of memory, Linux {kernel}; {versions}rustc {RUSTC}."
    ))
}

/// Returns the value of the first line `name: value` of a file.
fn field(path: &str, name: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    });
    Ok(value.unwrap_or_else(|| "unknown".into()))
}
