//! The process that is measured: the exporter as it is released, before a simulated Heroku.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use heroku_sim::{Company, Endpoint, Simulator};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use rustix::process::{Pid, Signal, kill_process};

use crate::http::{Answer, CLASSIC, Connection};
use crate::pipeline::noon;

/// How long the exporter may take over anything that it is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(20);

/// How often a scrape is tried.
const ATTEMPTS: u32 = 20;

/// Nothing was asked for so long when nothing more will be.
const QUIET: Duration = Duration::from_secs(3);

/// The clock that the exporter is given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Clock {
    /// The system's: nothing stands between the exporter and it. It polls once.
    Real,
    /// From noon of a day on, so many times as fast as the real one, by the library of `faketime`.
    /// The exporter polls every minute.
    Fast(u32),
}

impl Clock {
    /// The day that it is when the exporter starts.
    #[expect(
        clippy::disallowed_methods,
        reason = "the exporter that is measured reads the system's clock, and has to be given that day's figures"
    )]
    pub(crate) fn today(self) -> Date {
        let now = match self {
            Self::Real => Timestamp::now(),
            Self::Fast(_) => noon(),
        };
        Offset::UTC.to_datetime(now).date()
    }
}

/// A simulated Heroku, which a company asks for nothing else than its bills.
#[derive(Debug)]
pub(crate) struct Heroku<'a> {
    runtime: &'a tokio::runtime::Runtime,
    pub(crate) simulator: Simulator,
    teams: u32,
    apps: u32,
    clock: Clock,
}

impl<'a> Heroku<'a> {
    /// Starts one for a company of so many teams and apps.
    pub(crate) fn start(
        runtime: &'a tokio::runtime::Runtime,
        (teams, apps): (u32, u32),
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let company = Company::of_size(teams, apps, 1, clock.today());
        let builder = Simulator::builder(company, clock.today()).rate_limit(u32::MAX);
        Ok(Self {
            runtime,
            simulator: runtime.block_on(builder.start())?,
            teams,
            apps,
            clock,
        })
    }

    /// Gives all figures anew, each of another value.
    pub(crate) fn change(&self, version: u64) {
        let company = Company::of_size(self.teams, self.apps, version, self.clock.today());
        self.simulator.set_company(company);
    }

    /// How many answers of figures were given.
    pub(crate) fn answers(&self) -> usize {
        let requests = self.simulator.requests();
        let figures = requests.iter().filter(|request| {
            request.status.is_some()
                && matches!(request.endpoint, Some(Endpoint::Invoices | Endpoint::Usage))
        });
        figures.count()
    }

    /// Waits until so many answers of figures were given.
    pub(crate) fn wait_for_answers(&self, count: usize) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.answers() < count {
            ensure!(begun.elapsed() < PATIENCE, "the exporter polls no more");
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Waits until nothing more is asked: what is asked beside the figures comes bit by bit, and is
    /// shown when it comes.
    pub(crate) fn settle(&self) {
        let mut last = (Instant::now(), 0);
        while last.0.elapsed() < QUIET {
            let count = self.simulator.requests().len();
            if count != last.1 {
                last = (Instant::now(), count);
            }
            std::thread::sleep(PAUSE);
        }
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.simulator.shutdown());
    }
}

#[derive(Debug)]
pub(crate) struct Exporter {
    child: Child,
    pub(crate) address: SocketAddr,
    /// When the process was asked for.
    pub(crate) asked_for: Instant,
}

impl Exporter {
    /// Starts it, to poll all teams of the company.
    pub(crate) fn start(program: &Path, heroku: &Heroku<'_>) -> anyhow::Result<Self> {
        let ids = (1..=heroku.teams).map(|team| format!("00000000-0000-4000-8000-{team:012}"));
        let ids: Vec<_> = ids.collect();
        let address = free_address()?;
        let mut command = Command::new(program);
        command
            .args(["--heroku.api-url", &heroku.simulator.url()])
            .args(["--heroku.team-id", &ids.join(",")])
            .args(["--web.listen-address", &address.to_string()])
            .args(["--log.level", "error"])
            .env_clear()
            .env("HEROKU_API_KEY", heroku.simulator.token())
            .stdin(Stdio::null());
        if let Clock::Fast(speed) = heroku.clock {
            let noon = noon().strftime("%Y-%m-%d %H:%M:%S");
            command
                .args(["--poll.interval", "1m"])
                .env("LD_PRELOAD", library_of_faketime()?)
                .env("FAKETIME", format!("@{noon} x{speed}"))
                .env("TZ", "UTC");
        }
        let asked_for = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        Ok(Self {
            child,
            address,
            asked_for,
        })
    }

    /// Starts it and waits until it has polled everything once.
    pub(crate) fn ready(program: &Path, heroku: &Heroku<'_>) -> anyhow::Result<Self> {
        let mut exporter = Self::start(program, heroku)?;
        let begun = Instant::now();
        loop {
            let status = exporter.get("/-/ready", CLASSIC, false);
            if status.is_ok_and(|answer| answer.status == 200) {
                return Ok(exporter);
            }
            exporter.lives()?;
            ensure!(begun.elapsed() < PATIENCE, "the exporter does not come up");
            std::thread::sleep(PAUSE);
        }
    }

    fn lives(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the exporter ended with {status}");
        }
        Ok(())
    }

    /// `GET` over a connection of its own.
    pub(crate) fn get(&self, path: &str, accept: &str, gzip: bool) -> anyhow::Result<Answer> {
        Connection::open(self.address)?.get(path, accept, gzip)
    }

    /// A scrape. One whose connection was closed is made again: under a clock that runs fast the
    /// exporter's timeouts are short, and a busy machine makes its clients slow.
    pub(crate) fn scrape(&self, accept: &str, gzip: bool) -> anyhow::Result<Answer> {
        let mut attempts = 0;
        let answer = loop {
            attempts += 1;
            match self.get("/metrics", accept, gzip) {
                Err(_) if attempts < ATTEMPTS => std::thread::sleep(PAUSE),
                other => break other?,
            }
        };
        ensure!(answer.status == 200, "a scrape failed: {}", answer.status);
        Ok(answer)
    }

    /// The process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// A line of what the system tells of the process, such as `VmHWM`, in bytes.
    pub(crate) fn memory(&self, line: &str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .context("the exporter is gone")?;
        let kib = status.lines().find_map(|text| {
            let (name, value) = text.split_once(':')?;
            let value = value.trim().strip_suffix(" kB")?;
            (name == line).then(|| value.parse::<u64>().ok()).flatten()
        });
        Ok(kib.context("the exporter is gone")? << 10)
    }

    /// How much of each file that is mapped is resident, in bytes.
    pub(crate) fn resident_files(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let maps = std::fs::read_to_string(format!("/proc/{}/smaps", self.child.id()))
            .context("the exporter is gone")?;
        let mut files = BTreeMap::new();
        let mut file = None;
        for line in maps.lines() {
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

    /// The processor time of all threads that live, as the scheduler counts it.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()))?;
        let nanoseconds = threads.map(|thread| {
            let counted = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let first: Option<u64> = counted.split(' ').next().and_then(|text| text.parse().ok());
            first.context("the system does not count processor time")
        });
        let sum: anyhow::Result<u64> = nanoseconds.sum();
        Ok(Duration::from_nanos(sum?))
    }

    /// Asks it to end, as a service manager does.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        terminate(&self.child);
        let status = self.child.wait()?;
        ensure!(status.success(), "the exporter ended with {status}");
        Ok(())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends SIGTERM.
pub(crate) fn terminate(child: &Child) {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // What has ended already needs no telling.
    let _ = id.map(|id| kill_process(id, Signal::TERM));
}

/// An address that nobody listens at. Somebody else could take it first; whoever then starts there
/// says so and ends.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// The library of `faketime`, as that program itself would load it.
fn library_of_faketime() -> anyhow::Result<String> {
    let output = Command::new("faketime")
        .args(["-f", "+0", "printenv", "LD_PRELOAD"])
        .output()
        .context("a fast clock takes the program `faketime` (Debian: apt install faketime)")?;
    let library = String::from_utf8(output.stdout)?.trim().to_owned();
    ensure!(!library.is_empty(), "faketime names no library");
    Ok(library)
}
