//! The exporter process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::heroku::{Clock, Heroku, NOON};
use crate::http::{self, Response, TEXT};
use crate::process::{free_address, terminate};

/// The time within which the exporter has to become ready.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(120);

/// The time between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// The maximum number of attempts of a scrape.
const MAX_ATTEMPTS: u32 = 20;

#[derive(Debug)]
pub(crate) struct Exporter {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Exporter {
    /// Starts the exporter for all teams, and waits until it has polled each endpoint once.
    pub(crate) fn start(program: &Path, heroku: &Heroku<'_>) -> anyhow::Result<Self> {
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
        if let Clock::Accelerated(speed) = heroku.clock {
            let start = NOON.strftime("%Y-%m-%d %H:%M:%S");
            command
                .args(["--poll.interval", "1m"])
                .args(["--heroku.timeout", "10m"])
                .env("LD_PRELOAD", libfaketime()?)
                .env("FAKETIME", format!("@{start} x{speed}"))
                .env("TZ", "UTC");
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
            let response = http::get(self.address, "/-/ready", TEXT, false);
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

    /// Scrapes the exporter. Retries after connection errors: with an accelerated clock the server's
    /// timeouts are short, and a client on a busy machine may exceed them.
    pub(crate) fn scrape(&self, accept: &str, gzip: bool) -> anyhow::Result<Response> {
        let mut attempts = 0;
        let response = loop {
            attempts += 1;
            match http::get(self.address, "/metrics", accept, gzip) {
                Err(_) if attempts < MAX_ATTEMPTS => std::thread::sleep(RETRY_INTERVAL),
                result => break result?,
            }
        };
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

    /// Returns the resident bytes of each mapped file.
    pub(crate) fn resident_files(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut files = BTreeMap::new();
        let mut file = None;
        for line in self.proc_file("smaps")?.lines() {
            if let Some(kib) = line.strip_prefix("Rss:") {
                let kib = kib.trim().trim_end_matches(" kB").parse::<u64>()?;
                if let Some(file) = file.take() {
                    *files.entry(file).or_default() += kib << 10;
                }
            } else if let Some(start) = line.find(" /") {
                file = Some(line[start + 1..].to_owned());
            }
        }
        Ok(files)
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
        // Errors mean that it has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of libfaketime, as the program `faketime` sets it.
fn libfaketime() -> anyhow::Result<String> {
    let output = Command::new("faketime")
        .args(["-f", "+0", "printenv", "LD_PRELOAD"])
        .output()
        .context("an accelerated clock needs faketime (Debian: apt install faketime)")?;
    let library = String::from_utf8(output.stdout)?.trim().to_owned();
    ensure!(!library.is_empty(), "faketime sets no LD_PRELOAD");
    Ok(library)
}
