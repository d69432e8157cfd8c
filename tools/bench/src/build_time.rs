//! The time of a clean build compared with a baseline commit, and the changed dependencies.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::statistics::median;
use crate::table::{Row, round};

/// The maximum build time as a multiple of the baseline.
const GOAL: f64 = 0.75;

/// The number of cores that cargo may use.
const JOBS: &str = "2";

const PACKAGE: &str = "heroku-cost-exporter";

/// Builds the working directory and the baseline alternately. Returns the row and, as Markdown, the
/// lists of changed dependencies.
pub(crate) fn measure(baseline: &str, rounds: u32) -> anyhow::Result<(Row, String)> {
    let worktree = Worktree::add(baseline)?;
    let checkout = std::env::current_dir()?;
    let directories = [&checkout, &worktree.path];
    // Downloads are not part of the build time.
    for directory in directories {
        run(cargo(directory).args(["fetch", "--locked"]))?;
    }
    let mut seconds = [vec![], vec![]];
    for round in 0..rounds {
        let mut order = [0, 1];
        order.rotate_left(round as usize % 2);
        for index in order {
            seconds[index].push(build(directories[index])?);
        }
    }
    let [current_s, baseline_s] = seconds.map(median);
    let ratio = round(current_s / baseline_s);
    let row = Row {
        benchmark: format!("clean `cargo build --release`, {JOBS} cores"),
        baseline: format!("commit {baseline}"),
        goal: format!("at most {GOAL}×"),
        result: format!(
            "**{ratio:.2}×** ({current_s:.0} s / {baseline_s:.0} s, medians of {rounds})"
        ),
        met: ratio <= GOAL,
    };
    let [after, before] = [dependencies(directories[0])?, dependencies(directories[1])?];
    let list = |title: &str, crates: &BTreeSet<String>, other: &BTreeSet<String>| {
        let names: Vec<_> = crates.difference(other).map(|c| format!("`{c}`")).collect();
        let names_or_none = if names.is_empty() {
            "none".into()
        } else {
            names.join(", ")
        };
        format!("{title} ({}): {names_or_none}.\n", names.len())
    };
    let removed = list("Removed crates", &before, &after);
    let added = list("Added crates", &after, &before);
    Ok((row, format!("{removed}\n{added}")))
}

/// Performs a clean build, and returns its duration in seconds.
fn build(directory: &Path) -> anyhow::Result<f64> {
    let target = tempfile::tempdir()?;
    let mut command = cargo(directory);
    command
        .args(["build", "--release", "--locked", "--quiet", "--jobs", JOBS])
        .env("CARGO_TARGET_DIR", target.path())
        // Disables a compiler cache, which would reuse results.
        .env("RUSTC_WRAPPER", "");
    let started = Instant::now();
    run(&mut command)?;
    Ok(started.elapsed().as_secs_f64())
}

/// Returns the names of the external crates in the normal dependency tree of the exporter.
fn dependencies(directory: &Path) -> anyhow::Result<BTreeSet<String>> {
    let output = cargo(directory)
        .args(["tree", "--edges", "normal", "--prefix", "none", "--locked"])
        .args(["--package", PACKAGE])
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "cargo tree failed");
    let text = String::from_utf8(output.stdout)?;
    // A line is `name v1.2.3`, followed by a path in parentheses for a crate of the workspace.
    let external = text.lines().filter(|line| !line.contains("(/"));
    let names = external.filter_map(|line| line.split(' ').next());
    Ok(names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

fn cargo(directory: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(directory);
    command
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("failed to run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed with {status}");
    Ok(())
}

/// A temporary git worktree.
#[derive(Debug)]
struct Worktree {
    path: PathBuf,
    _directory: TempDir,
}

impl Worktree {
    fn add(commit: &str) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("baseline");
        run(Command::new("git")
            .args(["worktree", "add", "--quiet", "--detach"])
            .arg(&path)
            .arg(commit))?;
        Ok(Self {
            path,
            _directory: directory,
        })
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        // On failure, `git worktree prune` removes the entry later.
        let _ = run(Command::new("git")
            .args(["worktree", "remove", "--force"])
            .arg(&self.path));
    }
}
