//! `metrics`: prints the metric reference.

use std::io::Write;
use std::process::ExitCode;

use super::reference;

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(reference::metrics().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
