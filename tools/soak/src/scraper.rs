//! Scrapes the exporter over persistent connections, in both formats, with and without compression,
//! and checks every scrape.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use exposition_parser::{Format, parse};

use crate::clock::Clock;
use crate::connection::{Connection, ConnectionClosed, ScrapeRequest};
use crate::observation::Observation;
use crate::oracle::{Expectation, Oracle, Verdict};

/// The scraper, shared by all connections.
#[derive(Debug)]
pub(crate) struct Scraper {
    address: SocketAddr,
    oracle: Arc<Oracle>,
    clock: Clock,
    count: AtomicU64,
}

/// Statistics of scrapes.
#[derive(Debug, Default)]
pub(crate) struct ScrapeStats {
    pub(crate) count: u64,
    /// Scrapes without a valid response.
    pub(crate) failed: u64,
    /// Lost samples.
    pub(crate) lost: u64,
    /// Wrong samples.
    pub(crate) wrong: u64,
    /// Opened connections.
    pub(crate) connections: u64,
    /// Scrapes that were parsed completely, because they were not in the [`ParseCache`].
    pub(crate) parsed: u64,
    /// The duration of each scrape in microseconds.
    pub(crate) microseconds: Vec<u32>,
    /// Descriptions of the first violations.
    pub(crate) examples: Vec<String>,
}

/// The maximum number of examples.
const MAX_EXAMPLES: usize = 5;

/// The beginning of the trailer, the part of the text that changes with every scrape.
const TRAILER: &str = "# HELP heroku_billing_month_elapsed_ratio";

/// The maximum time until the exporter accepts connections.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(10);

const PLAIN_TEXT: ScrapeRequest = ScrapeRequest {
    format: Format::Text,
    gzip: false,
};

/// The last scrape that was parsed in one format. A scrape that differs only in the trailer has the
/// same observation and consistency.
#[derive(Debug)]
struct CachedScrape {
    /// The text before the trailer.
    text: String,
    /// The names of the families in the trailer.
    trailer_families: Vec<String>,
    observation: Observation,
    consistency: Verdict,
}

/// The cache of one connection.
#[derive(Debug, Default)]
struct ParseCache {
    text: Option<CachedScrape>,
    openmetrics: Option<CachedScrape>,
    misses: u64,
}

impl Scraper {
    pub(crate) fn new(address: SocketAddr, oracle: Arc<Oracle>, clock: Clock) -> Self {
        Self {
            address,
            oracle,
            clock,
            count: AtomicU64::new(0),
        }
    }

    /// Returns the number of scrapes so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Scrapes once, and returns the number of blocks that scrapes have contained so far.
    pub(crate) fn scrape_and_count_blocks(&self) -> anyhow::Result<usize> {
        let text = Connection::open(self.address)?.scrape(PLAIN_TEXT)?;
        let expectation = self.oracle.expectation();
        let mut cache = ParseCache::default();
        let verdict = self.check(&text, Format::Text, &expectation, &mut cache)?;
        ensure!(
            verdict.wrong == 0,
            "{}",
            verdict.example.unwrap_or_default()
        );
        Ok(self.oracle.blocks())
    }

    /// Scrapes an exporter that was restarted during an outage, and returns the number of samples
    /// that are lost or inconsistent. Older versions are allowed, because the exporter may have
    /// stopped before it saved the result of its last poll.
    pub(crate) async fn count_lost_after_restart(&self) -> anyhow::Result<u64> {
        let started = Instant::now();
        let mut connection = loop {
            match Connection::open(self.address) {
                Ok(connection) => break connection,
                Err(error) if started.elapsed() > STARTUP_TIMEOUT => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let text = connection.scrape(PLAIN_TEXT)?;
        let observation = Observation::new(&parse(&text, Format::Text)?, &self.clock)?;
        let consistency = self.oracle.check_consistency(&observation);
        let expectation = self.oracle.expectation();
        let progress = self
            .oracle
            .check_progress(&observation, &expectation, &self.clock);
        Ok(consistency.lost + consistency.wrong + progress.lost)
    }

    /// Scrapes repeatedly, over one connection at a time.
    pub(crate) fn scrape_until(&self, stop: &AtomicBool, seed: u64) -> ScrapeStats {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut stats = ScrapeStats::default();
        let mut cache = ParseCache::default();
        let mut connection: Option<Connection> = None;
        while !stop.load(Ordering::Relaxed) {
            let format = if random.bool() {
                Format::Text
            } else {
                Format::OpenMetrics
            };
            let request = ScrapeRequest {
                format,
                gzip: random.bool(),
            };
            connection = connection.filter(|connection| connection.scrapes_left > 0);
            let expectation = self.oracle.expectation();
            let verdict = self
                .fetch(&mut connection, request, &mut stats, &mut random)
                .and_then(|text| self.check(&text, format, &expectation, &mut cache));
            match verdict {
                Ok(verdict) => {
                    stats.lost += verdict.lost;
                    stats.wrong += verdict.wrong;
                    stats.add_examples(verdict.example);
                }
                Err(error) => {
                    connection = None;
                    stats.failed += 1;
                    stats.add_examples([format!("{error:#}")]);
                }
            }
            stats.count += 1;
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        stats.parsed = cache.misses;
        stats
    }

    /// Scrapes over the connection, or over a new one if the server closed it.
    fn fetch(
        &self,
        connection: &mut Option<Connection>,
        request: ScrapeRequest,
        stats: &mut ScrapeStats,
        random: &mut fastrand::Rng,
    ) -> anyhow::Result<String> {
        let started = Instant::now();
        let result = match connection.as_mut() {
            Some(connection) => connection.scrape(request),
            None => Err(ConnectionClosed.into()),
        };
        let text = match result {
            // A server may close an idle connection at any time, even while the client is sending a
            // request. The client then retries (RFC 9112, section 9.3.1).
            Err(error) if error.is::<ConnectionClosed>() => {
                stats.connections += 1;
                let new = connection.insert(Connection::open(self.address)?);
                new.scrapes_left = random.u32(100..3000);
                new.scrape(request)?
            }
            result => result?,
        };
        let microseconds = started.elapsed().as_micros();
        stats
            .microseconds
            .push(u32::try_from(microseconds).unwrap_or(u32::MAX));
        Ok(text)
    }

    /// Parses and checks a scrape. `expectation` is that at the start of the scrape.
    fn check(
        &self,
        text: &str,
        format: Format,
        expectation: &Expectation,
        cache: &mut ParseCache,
    ) -> anyhow::Result<Verdict> {
        let (before_trailer, trailer) = text
            .find(TRAILER)
            .map(|index| text.split_at(index))
            .context("the trailer is missing")?;
        let trailer_families = parse(trailer, format)?
            .families
            .into_iter()
            .map(|family| family.name);
        let slot = match format {
            Format::Text => &mut cache.text,
            Format::OpenMetrics => &mut cache.openmetrics,
        };
        let cached = match slot {
            Some(cached) if cached.text == before_trailer => {
                // No family is duplicate, because the text with the same families was parsed.
                ensure!(
                    trailer_families.eq(cached.trailer_families.iter().cloned()),
                    "the families of the trailer changed"
                );
                cached
            }
            _ => {
                cache.misses += 1;
                let observation = Observation::new(&parse(text, format)?, &self.clock)?;
                slot.insert(CachedScrape {
                    text: before_trailer.to_owned(),
                    trailer_families: trailer_families.collect(),
                    consistency: self.oracle.check_consistency(&observation),
                    observation,
                })
            }
        };
        let progress = self
            .oracle
            .check_progress(&cached.observation, expectation, &self.clock);
        self.oracle.record_observation(&cached.observation);
        Ok(Verdict {
            lost: progress.lost + cached.consistency.lost,
            wrong: progress.wrong + cached.consistency.wrong,
            example: progress.example.or(cached.consistency.example.clone()),
        })
    }
}

impl ScrapeStats {
    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.failed += other.failed;
        self.lost += other.lost;
        self.wrong += other.wrong;
        self.connections += other.connections;
        self.parsed += other.parsed;
        self.microseconds.extend(other.microseconds);
        self.add_examples(other.examples);
    }

    fn add_examples(&mut self, examples: impl IntoIterator<Item = String>) {
        let remaining = MAX_EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(examples.into_iter().take(remaining));
    }
}
