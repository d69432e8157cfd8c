//! Scrapes, over connections that are kept, in each dialect, compressed and not; and has each of
//! them judged.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use exposition_parser::{Format, parse};
use flate2::read::GzDecoder;

use crate::clock::Clock;
use crate::ledger::{Judgement, Ledger};
use crate::shown::Shown;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Scraping {
    address: SocketAddr,
    ledger: Arc<Ledger>,
    clock: Clock,
    count: AtomicU64,
}

/// How the scrapes were.
#[derive(Debug, Default)]
pub(crate) struct Scrapes {
    pub(crate) count: u64,
    pub(crate) failed: u64,
    pub(crate) lost: u64,
    pub(crate) wrong: u64,
    pub(crate) connections: u64,
    /// Of these texts some bytes differed from all that the connection had read before.
    pub(crate) read_whole: u64,
    pub(crate) microseconds: Vec<u32>,
    /// The first things that were wrong, for a person.
    pub(crate) examples: Vec<String>,
}

/// As many examples as a person reads.
const EXAMPLES: usize = 5;

/// What stands at the beginning of the part of a text that is another at each scrape.
const CHANGING: &str = "# HELP heroku_billing_month_elapsed_ratio";

/// The longest that an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long the exporter may take to come up again.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
struct Wanted {
    format: Format,
    gzip: bool,
}

impl Wanted {
    fn request(self) -> Vec<u8> {
        let accept = match self.format {
            Format::Text => "text/plain;version=0.0.4",
            Format::OpenMetrics => {
                "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
            }
        };
        let encoding = if self.gzip { "gzip" } else { "identity" };
        format!(
            "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nAccept-Encoding: {encoding}\r\n\r\n"
        )
        .into_bytes()
    }

    fn content_type(self) -> &'static str {
        match self.format {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A text that was read whole, and how it was: the same beginning needs no second look.
#[derive(Debug)]
struct Known {
    beginning: String,
    names_behind: Vec<String>,
    shown: Arc<Shown>,
    judgement: Judgement,
}

/// One scraper's memory.
#[derive(Debug, Default)]
struct Memory {
    classic: Option<Known>,
    openmetrics: Option<Known>,
    read_whole: u64,
}

impl Scraping {
    pub(crate) fn new(address: SocketAddr, ledger: Arc<Ledger>, clock: Clock) -> Self {
        Self {
            address,
            ledger,
            clock,
            count: AtomicU64::new(0),
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Scrapes once, and tells how many blocks were shown so far.
    pub(crate) fn blocks_after_one_scrape(&self) -> anyhow::Result<usize> {
        let mut connection = Connection::open(self.address)?;
        let wanted = Wanted {
            format: Format::Text,
            gzip: false,
        };
        let text = connection.scrape(wanted)?;
        let judgement = self.judge(
            &text,
            wanted,
            &self.ledger.demanded(),
            &mut Memory::default(),
        )?;
        ensure!(
            judgement.wrong == 0,
            "{}",
            judgement.example.unwrap_or_default()
        );
        Ok(self.ledger.blocks())
    }

    /// Scrapes a restarted exporter, to whom Heroku says nothing, and gives how many samples it
    /// lost. Its last poll may have come too late to be kept, so it may be one version behind.
    pub(crate) async fn after_restart(&self) -> anyhow::Result<u64> {
        let started = Instant::now();
        let mut connection = loop {
            match Connection::open(self.address) {
                Ok(connection) => break connection,
                Err(error) if started.elapsed() > PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let text = connection.scrape(Wanted {
            format: Format::Text,
            gzip: false,
        })?;
        let shown = Shown::read(&parse(&text, Format::Text)?, &self.clock)?;
        let compared = self.ledger.compare(&shown);
        let progress = self
            .ledger
            .judge_progress(&shown, &self.ledger.demanded(), &self.clock);
        Ok(compared.lost + compared.wrong + progress.lost)
    }

    /// Scrapes over one connection after the other.
    pub(crate) fn scrape_until(&self, stop: &AtomicBool, seed: u64) -> Scrapes {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut scrapes = Scrapes::default();
        let mut memory = Memory::default();
        let mut connection: Option<Connection> = None;
        while !stop.load(Ordering::Relaxed) {
            let wanted = Wanted {
                format: if random.bool() {
                    Format::Text
                } else {
                    Format::OpenMetrics
                },
                gzip: random.bool(),
            };
            if connection
                .as_ref()
                .is_some_and(|connection| connection.left == 0)
            {
                connection = None;
            }
            match self.scrape_once(
                &mut connection,
                wanted,
                &mut memory,
                &mut scrapes,
                &mut random,
            ) {
                Ok(judgement) => {
                    scrapes.lost += judgement.lost;
                    scrapes.wrong += judgement.wrong;
                    if let Some(example) = judgement.example {
                        scrapes.give_example(example);
                    }
                }
                Err(error) => {
                    connection = None;
                    scrapes.failed += 1;
                    scrapes.give_example(format!("{error:#}"));
                }
            }
            scrapes.count += 1;
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        scrapes.read_whole = memory.read_whole;
        scrapes
    }

    fn scrape_once(
        &self,
        connection: &mut Option<Connection>,
        wanted: Wanted,
        memory: &mut Memory,
        scrapes: &mut Scrapes,
        random: &mut fastrand::Rng,
    ) -> anyhow::Result<Judgement> {
        let demanded = self.ledger.demanded();
        let started = Instant::now();
        let answered = match connection.as_mut() {
            Some(kept) => kept.scrape(wanted),
            None => Err(Closed.into()),
        };
        let text = match answered {
            // A connection that stood idle may be closed by the server at any time, in the moment
            // of a request too, which is then to be sent again (RFC 9112, section 9.3.1).
            Err(error) if error.is::<Closed>() => {
                scrapes.connections += 1;
                let fresh = connection.insert(Connection::open(self.address)?);
                fresh.left = random.u32(100..3000);
                fresh.scrape(wanted)?
            }
            answered => answered?,
        };
        let took = started.elapsed().as_micros();
        scrapes
            .microseconds
            .push(u32::try_from(took).unwrap_or(u32::MAX));
        self.judge(&text, wanted, &demanded, memory)
    }

    fn judge(
        &self,
        text: &str,
        wanted: Wanted,
        demanded: &crate::ledger::Demanded,
        memory: &mut Memory,
    ) -> anyhow::Result<Judgement> {
        let (beginning, behind) = text
            .find(CHANGING)
            .map(|at| text.split_at(at))
            .context("the exporter does not tell what it answered")?;
        let known = match wanted.format {
            Format::Text => &mut memory.classic,
            Format::OpenMetrics => &mut memory.openmetrics,
        };
        match known {
            Some(known) if known.beginning == beginning => {
                // The same families behind the same beginning: none stands twice.
                let behind = parse(behind, wanted.format)?;
                let names = behind.families.iter().map(|family| &family.name);
                ensure!(names.eq(&known.names_behind), "families come and go");
            }
            _ => {
                memory.read_whole += 1;
                let exposition = parse(text, wanted.format)?;
                let names = parse(behind, wanted.format)?
                    .families
                    .into_iter()
                    .map(|f| f.name);
                let shown = Shown::read(&exposition, &self.clock)?;
                *known = Some(Known {
                    beginning: beginning.to_owned(),
                    names_behind: names.collect(),
                    judgement: self.ledger.compare(&shown),
                    shown: Arc::new(shown),
                });
            }
        }
        let known = known.as_ref().context("what was read is known")?;
        let mut judgement = self
            .ledger
            .judge_progress(&known.shown, demanded, &self.clock);
        judgement.lost += known.judgement.lost;
        judgement.wrong += known.judgement.wrong;
        judgement.example = judgement
            .example
            .or_else(|| known.judgement.example.clone());
        self.ledger.take(&known.shown);
        Ok(judgement)
    }
}

impl Scrapes {
    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.failed += other.failed;
        self.lost += other.lost;
        self.wrong += other.wrong;
        self.connections += other.connections;
        self.read_whole += other.read_whole;
        self.microseconds.extend(other.microseconds);
        other
            .examples
            .into_iter()
            .for_each(|example| self.give_example(example));
    }

    fn give_example(&mut self, example: String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(example);
        }
    }
}

/// The server closed the connection, and had not begun to answer.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was closed before an answer")
    }
}

impl std::error::Error for Closed {}

/// A connection, and how many scrapes are left to it.
#[derive(Debug)]
struct Connection {
    stream: BufReader<TcpStream>,
    left: u32,
}

impl Connection {
    fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("no connection")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self {
            stream: BufReader::with_capacity(1 << 16, stream),
            left: 0,
        })
    }

    fn scrape(&mut self, wanted: Wanted) -> anyhow::Result<String> {
        self.left = self.left.saturating_sub(1);
        if let Err(error) = self.stream.get_mut().write_all(&wanted.request()) {
            return Err(self.closed_or(error));
        }
        let mut status = String::new();
        match self.stream.read_line(&mut status) {
            Ok(0) => return Err(Closed.into()),
            Ok(_) => {}
            Err(error) => return Err(self.closed_or(error)),
        }
        ensure!(
            status.trim_end() == "HTTP/1.1 200 OK",
            "the answer is {}",
            status.trim_end()
        );
        let (mut length, mut content_type, mut gzip) = (None, String::new(), false);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                ensure!(line == "\r\n", "a header that is none: {line:?}");
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = Some(value.parse::<usize>()?),
                "content-type" => value.clone_into(&mut content_type),
                "content-encoding" => gzip = value == "gzip",
                _ => {}
            }
        }
        ensure!(
            content_type == wanted.content_type(),
            "the answer is {content_type}"
        );
        ensure!(gzip == wanted.gzip, "the answer is compressed, or is not");
        let mut body = vec![0; length.context("the answer has no length")?];
        self.stream
            .read_exact(&mut body)
            .context("the answer is cut short")?;
        if !gzip {
            return Ok(String::from_utf8(body)?);
        }
        let mut text = String::with_capacity(body.len() * 12);
        let mut decoder = GzDecoder::new(body.as_slice());
        decoder
            .read_to_string(&mut text)
            .context("the answer is not gzip")?;
        if !decoder.into_inner().is_empty() {
            bail!("something stands behind the gzip member");
        }
        Ok(text)
    }

    fn closed_or(&self, error: std::io::Error) -> anyhow::Error {
        match error.kind() {
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                Closed.into()
            }
            _ => error.into(),
        }
    }
}
