//! Runs the real binary and sends it requests.
//!
//! The process starts with an empty environment and listens on a port picked by the system, which
//! is read from its log.

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

/// The timeout of every wait. It is long because it expires only when a test fails.
const TIMEOUT: Duration = Duration::from_secs(90);

/// The time for a graceful shutdown before the process is killed.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The interval between two checks of a condition.
const CHECK_INTERVAL: Duration = Duration::from_millis(25);

/// Configures an exporter process.
#[derive(Debug)]
pub(crate) struct ExporterBuilder {
    command: Command,
    listeners: usize,
}

/// A running exporter, which is stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct Exporter {
    child: Child,
    log: CapturedStream,
    stdout: CapturedStream,
    pub(crate) addresses: Vec<SocketAddr>,
    http: reqwest::Client,
}

/// A complete HTTP response of the exporter.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The text of an output stream. A thread drains the stream, so the process never blocks on a
/// write.
#[derive(Debug)]
struct CapturedStream {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl ExporterBuilder {
    /// An exporter with these arguments, an empty environment and a free loopback port.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        Self::without_listen_address(arguments).arg("--web.listen-address=127.0.0.1:0")
    }

    /// Like [`Self::new`], but without a listen address. The caller must set one with port 0.
    pub(crate) fn without_listen_address(arguments: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(arguments).env_clear();
        Self {
            command,
            listeners: 1,
        }
    }

    /// An exporter that polls `teams` of a simulated Heroku.
    pub(crate) fn for_heroku(heroku: &Simulator, teams: &str) -> Self {
        Self::new(&[]).with_heroku(heroku, teams)
    }

    /// Polls `teams` of a simulated Heroku.
    pub(crate) fn with_heroku(self, heroku: &Simulator, teams: &str) -> Self {
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

    /// Sets the number of addresses that the exporter is expected to listen on.
    pub(crate) fn listeners(mut self, listeners: usize) -> Self {
        self.listeners = listeners;
        self
    }

    /// Starts the process with its wall clock at `instant`. The monotonic clock, and so every
    /// sleep, is unaffected.
    pub(crate) fn with_clock_at(self, instant: Timestamp, faketime_library: &str) -> Self {
        self.env("LD_PRELOAD", faketime_library)
            .env("FAKETIME", &format!("@{}", instant.as_second()))
            .env("FAKETIME_FMT", "%s")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    /// Starts the exporter and waits until it listens.
    pub(crate) async fn start(mut self) -> Exporter {
        let streams = self.command.stdin(Stdio::null());
        let streams = streams.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().expect("the exporter starts");
        let log = CapturedStream::new(child.stderr.take().expect("standard error is piped"));
        let stdout = CapturedStream::new(child.stdout.take().expect("standard output is piped"));
        let mut exporter = Exporter {
            child,
            log,
            stdout,
            addresses: Vec::new(),
            http: http_client(),
        };
        let deadline = Instant::now() + TIMEOUT;
        while exporter.addresses.len() < self.listeners {
            if let Some(status) = exporter
                .child
                .try_wait()
                .expect("the process status is available")
            {
                panic!(
                    "the exporter exited with {status}:\n{}",
                    exporter.full_log()
                );
            }
            assert!(
                Instant::now() < deadline,
                "the exporter does not listen:\n{}",
                exporter.log()
            );
            tokio::time::sleep(CHECK_INTERVAL).await;
            exporter.addresses = listen_addresses(&exporter.log());
        }
        exporter
    }
}

impl Exporter {
    /// Returns the log so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Returns the standard output so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Waits for the end of the log and returns it.
    pub(crate) fn full_log(&mut self) -> String {
        self.log.wait();
        self.log.text()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The URL of `path` on the first listen address.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses[0])
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path, &[]).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        self.request_url(method, &self.url(path), headers).await
    }

    pub(crate) async fn request_url(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await;
        let response = response.unwrap_or_else(|error| panic!("{url}: {error:?}\n{}", self.log()));
        Response {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response
                .bytes()
                .await
                .expect("the body is complete")
                .to_vec(),
        }
    }

    /// Scrapes the metrics in the text format.
    pub(crate) async fn metrics(&self) -> String {
        let response = self.get("/metrics").await;
        assert_eq!(response.status, 200);
        response.text()
    }

    /// Scrapes until `condition` holds and returns the text of that scrape.
    pub(crate) async fn wait_for_exposition(
        &self,
        what: &str,
        condition: impl Fn(&Scrape) -> bool,
    ) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let text = self.metrics().await;
            if condition(&Scrape::parse(&text)) {
                return text;
            }
            assert!(
                Instant::now() < deadline,
                "timed out waiting for {what}:\n{text}\n{}",
                self.log()
            );
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    /// Scrapes until `condition` holds and returns that scrape.
    pub(crate) async fn wait_for_scrape(
        &self,
        what: &str,
        condition: impl Fn(&Scrape) -> bool,
    ) -> Scrape {
        Scrape::parse(&self.wait_for_exposition(what, condition).await)
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.pid());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("sh starts").success(), "{kill}");
    }

    /// Waits for the process to exit.
    pub(crate) async fn wait_for_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("the process status is available")
            {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the exporter does not exit:\n{}",
                self.log()
            );
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // SIGTERM first: a killed process leaves faketime's shared memory behind. Errors mean that
        // the process has already exited.
        let deadline = Instant::now() + SHUTDOWN_TIMEOUT;
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

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is UTF-8")
    }

    /// Decompresses the body and returns it as text.
    pub(crate) fn gunzip(&self) -> String {
        let mut text = String::new();
        let mut gzip = flate2::read::GzDecoder::new(self.body.as_slice());
        gzip.read_to_string(&mut text)
            .expect("the body is gzip-compressed UTF-8");
        text
    }
}

impl CapturedStream {
    fn new(stream: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let buffer = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                let read = String::from_utf8_lossy(&line);
                buffer
                    .lock()
                    .expect("the reader does not panic")
                    .push_str(&read);
                line.clear();
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        self.text.lock().expect("the reader does not panic").clone()
    }

    fn wait(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
    }
}

/// Returns the listen addresses that are in the log.
fn listen_addresses(log: &str) -> Vec<SocketAddr> {
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

/// Returns a client that uses no proxy and does not decompress responses.
pub(crate) fn http_client() -> reqwest::Client {
    // Fails if another test has already installed a provider. Building the client requires one,
    // although no request uses TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().no_gzip();
    let builder = builder.tls_certs_only([]).timeout(TIMEOUT);
    builder.build().expect("the client configuration is valid")
}

/// Calls `check` until it returns a value.
pub(crate) async fn wait_until<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(Instant::now() < deadline, "timed out waiting for {what}");
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}
