//! The real binary, started and asked.
//!
//! It is given an environment of its own, listens on a port that the system picks, and tells which in its log.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heroku_sim::Simulator;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::scrape::Scrape;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_heroku-cost-exporter");

/// How long anything may take that has to happen at all: long, because it is reached only where a test fails.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a program that is no longer needed may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(5);

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(25);

/// A program to be started.
#[derive(Debug)]
pub(crate) struct Start {
    command: Command,
    listeners: usize,
}

/// A program that runs, until it is dropped.
#[derive(Debug)]
pub(crate) struct Exporter {
    child: Child,
    log: Gathered,
    output: Gathered,
    pub(crate) addresses: Vec<SocketAddr>,
    http: reqwest::Client,
}

/// An answer of the program.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What a program writes to a stream, gathered by a thread so that the program never waits for a reader.
#[derive(Debug)]
struct Gathered {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Start {
    /// The program with these arguments and an empty environment, listening on a free port.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let mut start = Self::without_address(arguments);
        start.command.arg("--web.listen-address=127.0.0.1:0");
        start
    }

    /// The same, listening where the settings say, which has to be a port that the system picks.
    pub(crate) fn without_address(arguments: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(arguments).env_clear();
        Self {
            command,
            listeners: 1,
        }
    }

    /// The program against `heroku`, asking for `teams`.
    pub(crate) fn against(heroku: &Simulator, teams: &str) -> Self {
        Self::new(&[]).asking(heroku, teams)
    }

    /// Points the program at `heroku`, for `teams`.
    pub(crate) fn asking(self, heroku: &Simulator, teams: &str) -> Self {
        self.env("HEROKU_API_URL", &heroku.url())
            .env("HEROKU_API_KEY", heroku.token())
            .env("HEROKU_TEAM_ID", teams)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    /// Expects so many addresses to be listened on.
    pub(crate) fn listeners(mut self, listeners: usize) -> Self {
        self.listeners = listeners;
        self
    }

    /// Makes the program believe that it starts at `instant`; its clock goes on from there. The monotonic clock, by which it sleeps, stays as it is.
    pub(crate) fn at(self, instant: Timestamp, fake_clock_library: &str) -> Self {
        self.env("LD_PRELOAD", fake_clock_library)
            .env("FAKETIME", &format!("@{}", instant.as_second()))
            .env("FAKETIME_FMT", "%s")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    /// Starts the program and waits until it listens.
    pub(crate) async fn start(mut self) -> Exporter {
        let streams = self.command.stdin(Stdio::null());
        let streams = streams.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().expect("the binary starts");
        let log = Gathered::of(child.stderr.take().expect("standard error is piped"));
        let output = Gathered::of(child.stdout.take().expect("standard output is piped"));
        let mut exporter = Exporter {
            child,
            log,
            output,
            addresses: Vec::new(),
            http: http(),
        };
        let deadline = Instant::now() + PATIENCE;
        while exporter.addresses.len() < self.listeners {
            if let Some(status) = exporter.child.try_wait().expect("the child is known") {
                panic!("it ended with {status}:\n{}", exporter.whole_log());
            }
            assert!(
                Instant::now() < deadline,
                "it does not listen:\n{}",
                exporter.log()
            );
            tokio::time::sleep(LOOK).await;
            exporter.addresses = listening(&exporter.log());
        }
        exporter
    }
}

impl Exporter {
    /// Everything logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// What was printed to standard output so far.
    pub(crate) fn output(&self) -> String {
        self.output.text()
    }

    /// The log once the program has ended.
    pub(crate) fn whole_log(&mut self) -> String {
        self.log.wait();
        self.log.text()
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where a path is on the first address.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses[0])
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask_url(method, &self.url(path), headers).await
    }

    pub(crate) async fn ask_url(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await;
        let response = response.unwrap_or_else(|error| panic!("{url}: {error:?}\n{}", self.log()));
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response
                .bytes()
                .await
                .expect("the body comes whole")
                .to_vec(),
        }
    }

    /// The metrics, in classic text.
    pub(crate) async fn metrics(&self) -> String {
        let answer = self.get("/metrics").await;
        assert_eq!(answer.status, 200);
        answer.text()
    }

    /// Scrapes until `found`, and gives that scrape's text.
    pub(crate) async fn text_once(&self, what: &str, found: impl Fn(&Scrape) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.metrics().await;
            if found(&Scrape::read(&text)) {
                return text;
            }
            assert!(
                Instant::now() < deadline,
                "{what} did not come:\n{text}\n{}",
                self.log()
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Scrapes until `found`, and gives that scrape.
    pub(crate) async fn scrape_once(&self, what: &str, found: impl Fn(&Scrape) -> bool) -> Scrape {
        Scrape::read(&self.text_once(what, found).await)
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.pid());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("a shell starts").success(), "{kill}");
    }

    /// Waits for the program to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child is known") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end:\n{}",
                self.log()
            );
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It is asked first, because a fake clock leaves a file in shared memory behind where the
        // program is killed. It may have ended by itself; either way nothing is left running.
        let deadline = Instant::now() + FAREWELL;
        if matches!(self.child.try_wait(), Ok(None)) {
            let kill = format!("kill -TERM {}", self.pid());
            let _ = Command::new("sh").args(["-c", &kill]).status();
        }
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a text")
    }

    /// The body as text, of an answer that came compressed.
    pub(crate) fn unzipped(&self) -> String {
        let mut text = String::new();
        let mut gzip = flate2::read::GzDecoder::new(self.body.as_slice());
        gzip.read_to_string(&mut text)
            .expect("a gzip member of text");
        text
    }
}

impl Gathered {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let gathering = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                let read = String::from_utf8_lossy(&line);
                gathering.lock().expect("no reader panics").push_str(&read);
                line.clear();
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        self.text.lock().expect("no reader panics").clone()
    }

    fn wait(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no reader panics");
        }
    }
}

/// The addresses that a log says are listened on.
fn listening(log: &str) -> Vec<SocketAddr> {
    let lines = log.lines().filter(|line| line.contains("listening"));
    let addresses = lines.filter_map(|line| {
        let logfmt = line.split_once("address=");
        let json = || line.split_once("\"address\":\"");
        let (_, rest) = logfmt.or_else(json)?;
        rest.trim_matches('"')
            .split(['"', ' '])
            .next()?
            .parse()
            .ok()
    });
    addresses.collect()
}

/// A client that shows answers as they came and goes through no proxy.
pub(crate) fn http() -> reqwest::Client {
    // Fails only where another test was first. No TLS is spoken, but the client is built with it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().no_gzip();
    let builder = builder.tls_certs_only([]).timeout(PATIENCE);
    builder.build().expect("a client for plain HTTP")
}

/// Looks until `found` gives something.
pub(crate) async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        tokio::time::sleep(LOOK).await;
    }
}
