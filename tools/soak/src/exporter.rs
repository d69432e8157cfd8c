//! The process under test: the exporter as it is released, under a clock that is not the system's.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use heroku_sim::Simulator;

use crate::Flags;
use crate::clock::Clock;

/// The time that the exporter has to end, which is what it promises.
const TO_STOP: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Exporter {
    child: Child,
}

/// What the process takes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) resident_kib: u64,
    pub(crate) descriptors: u64,
}

impl Exporter {
    /// Starts it, at the time that `clock` tells.
    pub(crate) fn start(
        flags: &Flags,
        clock: Clock,
        heroku: &Simulator,
        teams: &str,
        listen: SocketAddr,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(&flags.exporter);
        command
            .args(["--heroku.api-url", &heroku.url()])
            .args(["--heroku.team-id", teams])
            .args(["--heroku.timeout", "60s"])
            .args(["--poll.interval", "2m"])
            .args(["--web.listen-address", &listen.to_string()])
            .args(["--log.level", "error"])
            .arg("--state.file")
            .arg(directory.join("state.json"))
            .env_clear()
            .env("HEROKU_API_KEY", heroku.token())
            .stdin(Stdio::null());
        if flags.speed > 1 {
            let library = library().context(
                "a compressed clock takes the program `faketime` and its library (Debian: apt install faketime); \
                 without it there is --speed 1, with fewer --polls",
            )?;
            let now = clock.now().strftime("%Y-%m-%d %H:%M:%S").to_string();
            command
                .env("LD_PRELOAD", library)
                .env("FAKETIME", format!("@{now} x{}", flags.speed))
                .env("TZ", "UTC");
        }
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be run", flags.exporter.display()))?;
        Ok(Self { child })
    }

    /// What it takes at this moment.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let process = Path::new("/proc").join(self.child.id().to_string());
        let status =
            std::fs::read_to_string(process.join("status")).context("the exporter is gone")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        Ok(Usage {
            resident_kib: resident.context("the exporter is gone")?,
            descriptors: std::fs::read_dir(process.join("fd"))?.count() as u64,
        })
    }

    /// Asks it to end, as a service manager does, and tells how long that took.
    pub(crate) fn stop(mut self) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status()?;
        ensure!(kill.success(), "the exporter cannot be asked to stop");
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the exporter ended with {status}");
                return Ok(asked.elapsed());
            }
            if asked.elapsed() > TO_STOP {
                bail!("the exporter does not stop");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The library of `faketime`, as that program itself would load it.
fn library() -> anyhow::Result<String> {
    let output = Command::new("faketime")
        .args(["-f", "+0", "printenv", "LD_PRELOAD"])
        .output()?;
    let library = String::from_utf8(output.stdout)?.trim().to_owned();
    ensure!(!library.is_empty(), "faketime names no library");
    Ok(library)
}
