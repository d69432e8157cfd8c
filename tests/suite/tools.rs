//! Programs of others that the suite can do with: where they are, and what happens where they are not.
//!
//! A test whose tool is missing says so loudly and is passed over, so that the rest can run on a machine that lacks it; in CI it fails.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A variable of the environment that the suite itself was started with; the binary under test is never given it.
#[expect(
    clippy::disallowed_methods,
    reason = "the suite's own environment: where tools are, and whether this is CI"
)]
pub(crate) fn suite_environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Where a program is on the suite's `PATH`.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = suite_environment("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

/// Says that the running test is passed over for want of a tool; in CI it fails.
pub(crate) fn passed_over(tool: &str, how_to_get_it: &str) {
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    assert!(
        suite_environment("CI").is_none(),
        "{tool} is missing, and CI must have it: {how_to_get_it}"
    );
    // Past the test harness's capture, which swallows what a passing test prints.
    let _ = writeln!(
        std::io::stderr().lock(),
        "\n*** PASSED OVER: {test} needs {tool}, which is not here: {how_to_get_it} ***\n"
    );
}

/// A program of the Debian package that bears it, or `None` after having said that it is missing.
pub(crate) fn program(name: &str, package: &str) -> Option<PathBuf> {
    let found = on_path(name);
    if found.is_none() {
        passed_over(name, &format!("apt-get install {package}"));
    }
    found
}

/// Prometheus's own reader of expositions.
pub(crate) fn promtool() -> Option<PathBuf> {
    program("promtool", "prometheus")
}

/// Prometheus.
pub(crate) fn prometheus() -> Option<PathBuf> {
    program("prometheus", "prometheus")
}

/// A Python that has `prometheus_client`.
pub(crate) fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found =
        FOUND.get_or_init(|| python_that_can("import prometheus_client.openmetrics.parser"));
    found.as_deref()
}

/// A Python that can run `statement`: the one that `tests/python/install` makes, or the system's.
pub(crate) fn python_that_can(statement: &str) -> Option<PathBuf> {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python-venv/bin/python3");
    let candidates = [Some(made), on_path("python3")];
    let found = candidates.into_iter().flatten().find(|python| {
        let output = Command::new(python).args(["-c", statement]).output();
        output.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        passed_over(
            &format!("a python3 that can {statement}"),
            "run tests/python/install",
        );
    }
    found
}

/// The library of `faketime` that makes a program see another time, as a value of `LD_PRELOAD`.
///
/// The program `faketime` itself only tells it: it would stand between the suite and the binary as
/// a process of its own, and take the signals meant for the binary.
pub(crate) fn fake_clock_library() -> Option<&'static str> {
    static FOUND: OnceLock<String> = OnceLock::new();
    let faketime = program("faketime", "faketime")?;
    let library = FOUND.get_or_init(|| {
        let output = Command::new(faketime)
            .args(["-m", "-f", "+0"])
            .arg(on_path("env").expect("env(1) is everywhere"))
            .env_clear()
            .output()
            .expect("faketime starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let library = text
            .lines()
            .find_map(|line| line.strip_prefix("LD_PRELOAD="));
        library.expect("faketime sets LD_PRELOAD").to_owned()
    });
    Some(library)
}
