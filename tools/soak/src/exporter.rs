//! The exporter process under test.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use heroku_sim::Simulator;

use crate::args::Args;
use crate::clock::Clock;

/// The documented maximum duration of a shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Exporter {
    child: Child,
}

/// The resource usage of the process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProcessStats {
    pub(crate) resident_kib: u64,
    pub(crate) open_fds: u64,
}

impl Exporter {
    /// Starts the exporter at the current time of `clock`.
    pub(crate) fn start(
        args: &Args,
        clock: Clock,
        heroku: &Simulator,
        teams: &str,
        listen: SocketAddr,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(&args.exporter);
        command
            .args(["--heroku.api-url", &heroku.url()])
            .args(["--heroku.team-id", teams])
            .args(["--heroku.timeout", "60s"])
            .args(["--poll.interval", "2m"])
            .args(["--web.listen-address", &listen.to_string()])
            .args(["--log.level", "error"])
            .arg("--storage.path")
            .arg(directory.join("storage"))
            .env_clear()
            .env("HEROKU_API_KEY", heroku.token())
            .stdin(Stdio::null());
        if args.speed > 1 {
            let library = libfaketime().context(
                "an accelerated clock needs faketime (Debian: apt install faketime); \
                 without it, use --speed 1 and fewer --polls",
            )?;
            let now = clock.now().strftime("%Y-%m-%d %H:%M:%S").to_string();
            command
                .env("LD_PRELOAD", library)
                .env("FAKETIME", format!("@{now} x{}", args.speed))
                .env("TZ", "UTC");
        }
        let child = command
            .spawn()
            .with_context(|| format!("failed to run {}", args.exporter.display()))?;
        Ok(Self { child })
    }

    /// Returns the current resource usage.
    pub(crate) fn stats(&self) -> anyhow::Result<ProcessStats> {
        let process = Path::new("/proc").join(self.child.id().to_string());
        let status =
            std::fs::read_to_string(process.join("status")).context("the exporter exited")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        Ok(ProcessStats {
            resident_kib: resident.context("the exporter exited")?,
            open_fds: std::fs::read_dir(process.join("fd"))?.count() as u64,
        })
    }

    /// Sends SIGTERM, and returns the duration of the shutdown.
    pub(crate) fn stop(mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status()?;
        ensure!(kill.success(), "failed to send SIGTERM");
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the exporter exited with {status}");
                return Ok(started.elapsed());
            }
            if started.elapsed() > SHUTDOWN_TIMEOUT {
                bail!("the exporter did not exit within {SHUTDOWN_TIMEOUT:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // Both fail if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of libfaketime, which the program `faketime` sets in `LD_PRELOAD`.
fn libfaketime() -> anyhow::Result<String> {
    let output = Command::new("faketime")
        .args(["-f", "+0", "printenv", "LD_PRELOAD"])
        .output()?;
    let library = String::from_utf8(output.stdout)?.trim().to_owned();
    ensure!(!library.is_empty(), "faketime does not set LD_PRELOAD");
    Ok(library)
}
