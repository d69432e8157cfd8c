//! The machine and the toolchain that a result depends on.

use crate::pipeline::RUSTC;

/// Describes the machine in one line, without host names and paths. `programs` is a prefix of the list
/// of programs.
pub(crate) fn facts(programs: &str) -> anyhow::Result<String> {
    let cpu = field("/proc/cpuinfo", "model name")?;
    let memory = field("/proc/meminfo", "MemTotal")?;
    let gib = memory
        .strip_suffix(" kB")
        .and_then(|kib| kib.parse().ok())
        .map_or(f64::NAN, |kib: f64| kib / f64::from(1 << 20));
    let kernel: String = std::fs::read_to_string("/proc/sys/kernel/osrelease")?
        .chars()
        // Without the suffix that a distribution adds.
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "Measured on {cores} cores ({cpu}), {gib:.1} GiB of memory, Linux {kernel}; {programs}rustc {RUSTC}."
    ))
}

fn field(path: &str, name: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    });
    Ok(value.unwrap_or_else(|| "unknown".into()))
}
