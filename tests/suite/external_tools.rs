//! Finds the external tools that some tests need.
//!
//! A test whose tool is missing is skipped with a message. With `CI` set it fails.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns a variable of the test process's environment, which the exporter does not inherit.
#[expect(
    clippy::disallowed_methods,
    reason = "PATH, CI and UPDATE_DOCS of the test process"
)]
pub(crate) fn env_var(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Searches `PATH` for a program.
fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = env_var("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

/// Reports that the current test is skipped because a tool is missing. Panics in CI.
pub(crate) fn report_skipped(tool: &str, how_to_install: &str) {
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    assert!(
        env_var("CI").is_none(),
        "CI requires {tool}: {how_to_install}"
    );
    // Not eprintln!, whose output the test harness captures and hides if the test passes.
    let _ = writeln!(
        std::io::stderr().lock(),
        "\n*** SKIPPED {test}: {tool} not found: {how_to_install} ***\n"
    );
}

/// Finds a program of a Debian package. If it is missing, reports the test as skipped.
pub(crate) fn find_program(name: &str, package: &str) -> Option<PathBuf> {
    let found = find_on_path(name);
    if found.is_none() {
        report_skipped(name, &format!("apt-get install {package}"));
    }
    found
}

pub(crate) fn promtool() -> Option<PathBuf> {
    find_program("promtool", "prometheus")
}

pub(crate) fn prometheus() -> Option<PathBuf> {
    find_program("prometheus", "prometheus")
}

/// Finds a Python that has `prometheus_client`.
pub(crate) fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| python_with("import prometheus_client.openmetrics.parser"));
    found.as_deref()
}

/// Finds a Python that can run `statement`: that of the virtual environment which
/// `tests/python/install` creates, or the system's.
pub(crate) fn python_with(statement: &str) -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python-venv/bin/python3");
    let candidates = [Some(venv), find_on_path("python3")];
    let found = candidates.into_iter().flatten().find(|python| {
        let output = Command::new(python).args(["-c", statement]).output();
        output.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        report_skipped(
            &format!("python3 that can `{statement}`"),
            "run tests/python/install",
        );
    }
    found
}

/// Returns the `LD_PRELOAD` value that enables faketime.
///
/// The `faketime` command is not used as a wrapper: it would be the parent process and receive the
/// signals that are meant for the exporter.
pub(crate) fn faketime_library() -> Option<&'static str> {
    static FOUND: OnceLock<String> = OnceLock::new();
    let faketime = find_program("faketime", "faketime")?;
    let library = FOUND.get_or_init(|| {
        let output = Command::new(faketime)
            .args(["-m", "-f", "+0"])
            .arg(find_on_path("env").expect("env is on PATH"))
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
