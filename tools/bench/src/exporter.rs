//! The exporter process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::heroku::Heroku;
use crate::http::{self, ACCEPT_TEXT, Response};
use crate::process::{free_address, terminate};

/// The maximum time until the exporter is ready.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(120);

/// The time between two checks of readiness.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Exporter {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Exporter {
    /// Starts the exporter for all teams, and waits until it is ready. It uses its default if
    /// `poll_interval` is `None`, and an in-memory database if `storage` is `None`.
    pub(crate) fn start(
        program: &Path,
        heroku: &Heroku<'_>,
        poll_interval: Option<&str>,
        storage: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(program);
        command
            .args(["--heroku.api-url", &heroku.url()])
            .args(["--heroku.team-id", &heroku.team_ids])
            .args(["--web.listen-address", &address.to_string()])
            .args(["--log.level", "error"])
            .env_clear()
            .env("HEROKU_API_KEY", heroku.token())
            .stdin(Stdio::null());
        if let Some(interval) = poll_interval {
            command.args(["--poll.interval", interval]);
        }
        if let Some(storage) = storage {
            command.arg("--storage.path").arg(storage);
        }
        let child = command
            .spawn()
            .with_context(|| format!("failed to run {}", program.display()))?;
        let mut exporter = Self { child, address };
        exporter.wait_until_ready()?;
        Ok(exporter)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let response = http::get(self.address, "/-/ready", ACCEPT_TEXT, false);
            if response.is_ok_and(|response| response.status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the exporter exited with {status}");
            }
            ensure!(
                started.elapsed() < STARTUP_TIMEOUT,
                "the exporter did not become ready"
            );
            std::thread::sleep(RETRY_INTERVAL);
        }
    }

    pub(crate) fn scrape(&self, accept: &str, gzip: bool) -> anyhow::Result<Response> {
        let response = http::get(self.address, "/metrics", accept, gzip)?;
        ensure!(
            response.status == 200 && response.gzip == gzip,
            "unexpected response to a scrape: status {}, gzip {}",
            response.status,
            response.gzip
        );
        Ok(response)
    }

    /// Returns a field of `/proc/<pid>/status`, such as `VmHWM`, in bytes.
    pub(crate) fn memory(&self, field: &str) -> anyhow::Result<u64> {
        let kib = self.proc_file("status")?.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let value = value.trim().strip_suffix(" kB")?;
            (name == field).then(|| value.parse::<u64>().ok()).flatten()
        });
        Ok(kib.with_context(|| format!("/proc/<pid>/status has no {field}"))? << 10)
    }

    /// Returns a field of `/proc/<pid>/io`, such as `wchar`.
    pub(crate) fn io(&self, field: &str) -> anyhow::Result<u64> {
        let count = self.proc_file("io")?.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            (name == field).then(|| value.parse::<u64>().ok()).flatten()
        });
        count.with_context(|| format!("/proc/<pid>/io has no {field}"))
    }

    fn proc_file(&self, name: &str) -> anyhow::Result<String> {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id()))
            .context("the exporter exited")
    }

    /// Sends SIGTERM, and waits until the process has exited.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        terminate(&self.child);
        let status = self.child.wait()?;
        ensure!(status.success(), "the exporter exited with {status}");
        Ok(())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // Both fail if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
