//! Concurrent scrapes while thousands of Snapshots are published. Each body must come from a single
//! Snapshot, and all formats and encodings of it must have the same samples. Nothing is timed.
//!
//! Each Snapshot is derived from its version, an integer. The number of polls is the version, and
//! all figures are half of it, so that every second version has the same figures as the one before.
//! A body with the values of two versions is inconsistent.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by a panic"
)]

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use billing::invoice::{Invoice, InvoicePeriod, Invoices};
use billing::money::Money;
use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use exporter_toolkit::server::{self, ServerConfig};
use exposition_parser::{Format, Sample};
use flate2::read::GzDecoder;
use heroku_api::stats::ClientStats;
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::metrics::RenderOptions;
use heroku_cost_exporter::metrics::cache::MetricsCache;
use heroku_cost_exporter::metrics::http_metrics::HttpMetrics;
use heroku_cost_exporter::snapshot::{EndpointStatus, LastSuccess, Snapshot, Team};
use heroku_cost_exporter::web::report_cache::ReportCache;
use heroku_cost_exporter::web::{self, LandingPage};
use jiff::Timestamp;
use tokio::sync::watch;

/// The fixed time of the exporter, in the middle of a month.
const NOW: Timestamp = Timestamp::constant(1_795_435_200, 0);

/// The number of published versions.
const VERSIONS: u64 = 2_000;

/// After each [`PAUSE_INTERVAL`] versions, the test waits for [`SCRAPES_PER_PAUSE`] scrapes, so
/// that several variants of the same version are scraped.
const PAUSE_INTERVAL: u64 = 100;
const SCRAPES_PER_PAUSE: u64 = 10;

const TEAMS: [&str; 2] = ["quote\"back\\slash", "line\nfeed ☕"];
const APPS: u32 = 3;

/// All variants of a body: its format, and whether it is compressed with gzip.
const VARIANTS: [(Format, bool); 4] = [
    (Format::Text, false),
    (Format::OpenMetrics, true),
    (Format::Text, true),
    (Format::OpenMetrics, false),
];

/// The first family of the trailer, which does not depend on the Snapshot.
const TRAILER: &str = "heroku_billing_month_elapsed_ratio";

/// Data from Heroku. All values are derived from `figure`.
#[derive(Clone)]
struct HerokuData {
    invoices: LastSuccess<Invoices>,
    usage: LastSuccess<Usage>,
}

impl HerokuData {
    fn new(figure: u64) -> Self {
        let months = [Month::at(NOW).previous(), Month::at(NOW)];
        let invoices = months.map(|month| invoice(figure, month));
        let usage = Usage {
            months: months.map(|month| (month, usage(figure))).into(),
        };
        Self {
            invoices: LastSuccess::new(Invoices::new(invoices.into()), NOW),
            usage: LastSuccess::new(usage, NOW),
        }
    }
}

fn invoice(figure: u64, month: Month) -> Invoice {
    let dollars = Some(Money::from_whole_dollars(figure as i32));
    let day = format!("{month}-01");
    Invoice {
        number: Some(figure as i64),
        period: InvoicePeriod::parse(Some(&day), Some(&day)).expect("valid date"),
        state: Some(0),
        payment_status: figure.to_string(),
        total: dollars,
        charges: dollars,
        credits: dollars,
        addons: dollars,
        database: dollars,
        platform: dollars,
        dyno_units: Some(figure as f64),
        weighted_dyno_hours: Some(figure as f64),
        updated_at: None,
    }
}

fn usage(figure: u64) -> MonthlyUsage {
    let figure = Some(figure as f64);
    let amounts = UsageAmounts {
        dynos: figure,
        data: figure,
        partner: figure,
        addons: figure,
        connect: figure,
    };
    let apps = (0..APPS).map(|app| (format!("app \"{app}\""), amounts));
    MonthlyUsage {
        team_name: None,
        team: amounts,
        spaces: Spaces::default(),
        apps: Some(apps.collect()),
    }
}

/// Returns the Snapshot of a version.
fn snapshot(version: u64, data: &HerokuData) -> Snapshot {
    fn status<T>(success: &LastSuccess<T>, polls: u64) -> EndpointStatus<T> {
        let mut status = EndpointStatus {
            last_success: Some(success.clone()),
            ..EndpointStatus::default()
        };
        status.stats.polls = polls;
        status.stats.skipped.rows.count = polls;
        status
    }
    let teams = TEAMS.map(|name| Team {
        name: name.to_owned(),
        invoices: status(&data.invoices, version),
        usage: status(&data.usage, version),
        polled_endpoints: Team::ENDPOINTS,
        ..Team::default()
    });
    Snapshot::new(teams.into(), true, ClientStats::default())
}

/// Returns the version of a body, and checks that all samples are of that version.
fn version_of(samples: &[Sample]) -> u64 {
    let (mut figures, mut polls) = (Vec::new(), Vec::new());
    for sample in samples {
        let name = sample.name.as_str();
        if name == "heroku_cost_exporter_polls_total" || name == "heroku_cost_exporter_skipped_rows"
        {
            polls.push(sample.value);
        } else if name.starts_with("heroku_team_usage_") || is_legacy_invoice(name) {
            figures.push(sample.value);
            figures.extend(
                sample
                    .label("payment_status")
                    .map(|text| text.parse::<f64>().unwrap()),
            );
        }
    }
    let rows = TEAMS.len() * (APPS as usize + 1);
    // For each row, dyno units and four types in two months. For each team, 16 invoice metrics, of
    // which two also have the figure as a label.
    assert_eq!(figures.len(), rows * 5 * 2 + TEAMS.len() * 18);
    assert_eq!(polls.len(), TEAMS.len() * 2 * 2);
    let version = polls[0];
    assert!(
        polls.iter().all(|count| *count == version),
        "numbers of polls differ: {polls:?}"
    );
    let expected = (version / 2.0).floor();
    assert!(
        figures.iter().all(|figure| *figure == expected),
        "figures of version {version}: {figures:?}"
    );
    version as u64
}

fn is_legacy_invoice(name: &str) -> bool {
    ["heroku_invoice_current_", "heroku_invoice_previous_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Self(BufReader::new(stream))
    }

    /// Scrapes once, and returns the decompressed body.
    fn scrape(&mut self, (format, gzip): (Format, bool)) -> String {
        let accept = match format {
            Format::Text => "text/plain;version=0.0.4",
            Format::OpenMetrics => "application/openmetrics-text;version=1.0.0",
        };
        let encoding = if gzip { "gzip" } else { "identity" };
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\nAccept-Encoding: {encoding}\r\n\r\n"
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(
                self.0.read_line(&mut head).unwrap() > 0,
                "connection closed: {head}"
            );
        }
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        assert_eq!(head.contains("\r\ncontent-encoding: gzip\r\n"), gzip);
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .expect("missing Content-Length");
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        if !gzip {
            return String::from_utf8(body).unwrap();
        }
        let mut text = String::new();
        let mut decoder = GzDecoder::new(body.as_slice());
        decoder.read_to_string(&mut text).unwrap();
        assert!(
            decoder.into_inner().is_empty(),
            "data after the gzip member"
        );
        text
    }
}

/// Returns the samples of the Snapshot in a body, and the number of scrapes in its trailer.
fn parse(text: &str, format: Format) -> (Vec<Sample>, f64) {
    let exposition =
        exposition_parser::parse(text, format).unwrap_or_else(|error| panic!("{error}"));
    let mut samples: Vec<Sample> = Vec::new();
    let mut families = exposition.families.into_iter();
    for family in families
        .by_ref()
        .take_while(|family| family.name != TRAILER)
    {
        samples.extend(family.samples);
    }
    let scrapes = families
        .flat_map(|family| family.samples)
        .find(|sample| {
            sample.name == "heroku_cost_exporter_http_requests_total"
                && sample.label("path") == Some("/metrics")
                && sample.label("code") == Some("200")
        })
        .expect("missing number of scrapes");
    (samples, scrapes.value)
}

/// Returns a sample with the bits of its value, because NaN is not equal to itself.
fn to_bits(sample: &Sample) -> (&str, &[(String, String)], u64) {
    (&sample.name, &sample.labels, sample.value.to_bits())
}

/// The results of all clients.
#[derive(Default)]
struct Results {
    /// For each version, the digest of its samples and the variants that were scraped.
    versions: Mutex<BTreeMap<u64, (u64, [bool; VARIANTS.len()])>>,
    scrapes: AtomicU64,
    stop: AtomicBool,
}

impl Results {
    fn record(&self, version: u64, variant: usize, samples: &[Sample]) {
        let mut hasher = DefaultHasher::new();
        for sample in samples {
            to_bits(sample).hash(&mut hasher);
        }
        let digest = hasher.finish();
        let mut versions = self.versions.lock().unwrap();
        let (expected, variants) = versions.entry(version).or_insert((digest, [false; 4]));
        assert_eq!(*expected, digest, "two bodies of version {version} differ");
        variants[variant] = true;
    }

    /// Scrapes all variants in turn over one connection, until stopped.
    fn scrape(&self, address: SocketAddr, first_variant: usize) {
        let mut connection = Connection::open(address);
        let (mut last_version, mut last_scrapes) = (0, 0.0);
        for variant in (0..VARIANTS.len()).cycle().skip(first_variant) {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let text = connection.scrape(VARIANTS[variant]);
            let (samples, scrapes) = parse(&text, VARIANTS[variant].0);
            let version = version_of(&samples);
            assert!(
                version >= last_version && scrapes >= last_scrapes,
                "version {version} after {last_version}, {scrapes} scrapes after {last_scrapes}"
            );
            (last_version, last_scrapes) = (version, scrapes);
            self.record(version, variant, &samples);
            self.scrapes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_scrapes_are_consistent() {
    let mut data = HerokuData::new(0);
    let (sender, snapshots) = watch::channel(Arc::new(snapshot(0, &data)));
    let http_metrics = Arc::new(HttpMetrics::new(web::paths("/metrics")));
    let clock = Clock::from_fn(|| NOW);
    let options = RenderOptions::default();
    let reports = ReportCache::new(
        snapshots.clone(),
        clock.clone(),
        options.clone(),
        "/metrics",
    );
    let metrics = MetricsCache::new(snapshots, clock, options, Arc::clone(&http_metrics));
    let router = web::router(metrics, reports, "/metrics", LandingPage::Report);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let config = ServerConfig {
        unlimited_paths: web::HEALTH_PATHS,
        on_response: Arc::new(move |path, status| http_metrics.record(path, status)),
        ..ServerConfig::default()
    };
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(server::serve(vec![listener], router, config, async {
        let _ = stopped.await;
    }));

    let results = Arc::new(Results::default());
    let clients = [0, 1, 2, 3].map(|first_variant| {
        let results = Arc::clone(&results);
        tokio::task::spawn_blocking(move || results.scrape(address, first_variant))
    });
    let are_running = || clients.iter().all(|client| !client.is_finished());
    for version in 1..=VERSIONS {
        if version % 2 == 0 {
            data = HerokuData::new(version / 2);
        }
        sender.send_replace(Arc::new(snapshot(version, &data)));
        let enough = results.scrapes.load(Ordering::Relaxed) + SCRAPES_PER_PAUSE;
        let is_pause = version % PAUSE_INTERVAL == 0;
        tokio::time::sleep(Duration::from_millis(1)).await;
        while is_pause && are_running() && results.scrapes.load(Ordering::Relaxed) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    results.stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }

    // All variants of the last Snapshot have the same samples.
    let last = tokio::task::spawn_blocking(move || {
        let mut connection = Connection::open(address);
        VARIANTS.map(|variant| parse(&connection.scrape(variant), variant.0).0)
    });
    let last = last.await.unwrap();
    assert_eq!(version_of(&last[0]), VERSIONS);
    for samples in &last[1..] {
        let are_equal = samples.iter().map(to_bits).eq(last[0].iter().map(to_bits));
        assert!(are_equal, "{samples:?}\n{:?}", last[0]);
    }
    let _ = stop.send(());
    server.await.unwrap();

    let versions = results.versions.lock().unwrap();
    assert!(
        versions.len() as u64 > VERSIONS / PAUSE_INTERVAL,
        "only {} versions were scraped",
        versions.len()
    );
    let has_several_variants =
        |(_, variants): &&(u64, [bool; 4])| variants.iter().filter(|scraped| **scraped).count() > 1;
    let compared = versions.values().filter(has_several_variants).count() as u64;
    assert!(
        compared >= VERSIONS / PAUSE_INTERVAL / 2,
        "only {compared} versions were scraped in several variants"
    );
}
