//! The process, as Prometheus's own client libraries tell of it.

use crate::metrics::descriptors::exporter;
use expfmt::descriptor::Metric;
use expfmt::family::{Family, LabelValues, Sample};

/// What the system tells of the process. What it does not tell is not shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Processor time, user and system together, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// The most file descriptors that may be open.
    pub max_fds: Option<u64>,
    /// Virtual memory, in bytes.
    pub virtual_memory: Option<u64>,
    /// Resident memory, in bytes.
    pub resident_memory: Option<u64>,
    /// When it started, in seconds since 1970.
    pub start_time: Option<f64>,
    /// Its threads.
    pub threads: Option<u64>,
}

/// The families of the process, in the catalogue's order.
pub(super) fn families<'a>(process: &Process) -> Vec<Family<'a>> {
    let whole = |value: Option<u64>| value.map(|value| value as f64);
    let all: [(&'static Metric, Option<f64>); 7] = [
        (&exporter::PROCESS_CPU, process.cpu_seconds),
        (&exporter::PROCESS_OPEN_FDS, whole(process.open_fds)),
        (&exporter::PROCESS_MAX_FDS, whole(process.max_fds)),
        (
            &exporter::PROCESS_VIRTUAL_MEMORY,
            whole(process.virtual_memory),
        ),
        (
            &exporter::PROCESS_RESIDENT_MEMORY,
            whole(process.resident_memory),
        ),
        (&exporter::PROCESS_START_TIME, process.start_time),
        (&exporter::PROCESS_THREADS, whole(process.threads)),
    ];
    let known = all
        .into_iter()
        .filter_map(|(metric, value)| Some((metric, value?)));
    known
        .map(|(metric, value)| Family::new(metric, [Sample::new(LabelValues::new(), value)]))
        .collect()
}
