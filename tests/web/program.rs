//! The real program, started as a demo on a port that is free.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

pub(crate) use crate::http_client::*;

/// What the issue promises for the end, and a little for a machine that has much to do.
pub(crate) const STOP_BOUND: Duration = Duration::from_millis(2500);

pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<(Mutex<Vec<String>>, Condvar)>,
}

/// The program, with nothing of this process's environment.
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

impl Program {
    /// Starts a demo with more arguments.
    pub(crate) fn start(more: &[&str]) -> Self {
        Self::spawn(command(
            &[&["demo", "--web.listen-address=127.0.0.1:0"], more].concat(),
        ))
    }

    pub(crate) fn with_web_config(path: &str) -> Self {
        Self::start(&["--web.config.file", path])
    }

    /// Starts what logs like the program, and waits until it listens.
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
        let mut program = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
        };
        let line = program.logged("listening", 1);
        let (_, address) = line.split_once("address=").unwrap();
        program.address = address.trim_matches('"').parse().unwrap();
        program
    }

    /// The line with `text` in it that was written as the `nth`, once it is.
    pub(crate) fn logged(&self, text: &str, nth: usize) -> String {
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

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.0.lock().unwrap().clone()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and gives its exit status and how long it took.
    pub(crate) fn stop(&mut self, signal: &str) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        send(signal, self.id());
        self.ended(begun)
    }

    pub(crate) fn ended(&mut self, begun: Instant) -> (ExitStatus, Duration) {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, begun.elapsed());
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn send(signal: &str, id: u32) {
    let id = id.to_string();
    let status = Command::new("kill").args(["-s", signal, &id]).status();
    assert!(status.unwrap().success());
}
