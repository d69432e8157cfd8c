//! The exporter as a child process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::http_client::PATIENCE;

/// The two seconds that a graceful shutdown may take, with slack for a busy machine.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(2500);

/// A running exporter, killed when dropped.
pub(crate) struct ExporterProcess {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<(Mutex<Vec<String>>, Condvar)>,
}

/// Returns a command that runs the exporter with an empty environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heroku-cost-exporter"));
    command
        .env_clear()
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

impl ExporterProcess {
    /// Starts a demo on a free port.
    pub(crate) fn demo(arguments: &[&str]) -> Self {
        Self::spawn(command(
            &[&["demo", "--web.listen-address=127.0.0.1:0"], arguments].concat(),
        ))
    }

    pub(crate) fn with_web_config(path: &str) -> Self {
        Self::demo(&["--web.config.file", path])
    }

    /// Spawns `command` and waits until the exporter listens.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                written.0.lock().unwrap().push(line);
                written.1.notify_all();
            }
        });
        let mut process = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
        };
        let line = process.wait_for_log("listening", 1);
        let (_, address) = line.split_once("address=").unwrap();
        process.address = address.trim_matches('"').parse().unwrap();
        process
    }

    /// Waits for the `nth` log line that contains `text`, and returns it.
    pub(crate) fn wait_for_log(&self, text: &str, nth: usize) -> String {
        let (lines, written) = &*self.log;
        let is_missing =
            |lines: &mut Vec<String>| lines.iter().filter(|line| line.contains(text)).count() < nth;
        let (lines, _) = written
            .wait_timeout_while(lines.lock().unwrap(), PATIENCE, is_missing)
            .unwrap();
        let found = lines.iter().filter(|line| line.contains(text)).nth(nth - 1);
        found
            .unwrap_or_else(|| panic!("no {text:?} in {lines:#?}"))
            .clone()
    }

    /// Returns all lines logged so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.0.lock().unwrap().clone()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the process ID of the only child: the exporter, if the command was `unshare`.
    #[cfg(target_os = "linux")]
    pub(crate) fn child_id(&self) -> u32 {
        let id = self.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        children.trim().parse().unwrap()
    }

    /// Sends a signal and asserts that the exporter exits with status 0 in time.
    pub(crate) fn stop(&mut self, signal: &str) {
        self.stop_by_id(self.id(), signal);
    }

    /// Like [`stop`](Self::stop), with the process ID that receives the signal.
    pub(crate) fn stop_by_id(&mut self, id: u32, signal: &str) {
        let start = Instant::now();
        send_signal(signal, id);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let elapsed = start.elapsed();
                assert!(status.success(), "{status}");
                assert!(elapsed < SHUTDOWN_LIMIT, "{elapsed:?}");
                return;
            }
            assert!(start.elapsed() < PATIENCE, "the exporter does not exit");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for ExporterProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn send_signal(signal: &str, id: u32) {
    let id = id.to_string();
    let status = Command::new("kill").args(["-s", signal, &id]).status();
    assert!(status.unwrap().success());
}
