//! Concurrent scrapes while the Snapshot changes thousands of times: each body shows exactly one
//! Snapshot, and all forms of it agree. Nothing here is timed.
//!
//! Every Snapshot is derived from one number, its change: the number of polls is the change, and all
//! figures are half of it, so that every second change has the same figures as the one before. A
//! body that shows two numbers is torn.

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

/// Noon of a day in the middle of a month.
const NOW: Timestamp = Timestamp::constant(1_795_435_200, 0);

const CHANGES: u64 = 2_000;

/// After this many changes the test waits for some scrapes, so that several forms of the same
/// Snapshot are seen.
const REST_EVERY: u64 = 100;
const SCRAPES_AT_REST: u64 = 10;

const TEAMS: [&str; 2] = ["quote\"back\\slash", "line\nfeed ☕"];
const APPS: u32 = 3;

/// Every form of a body: its format, and whether it is compressed.
const FORMS: [(Format, bool); 4] = [
    (Format::Text, false),
    (Format::OpenMetrics, true),
    (Format::Text, true),
    (Format::OpenMetrics, false),
];

/// The first family that does not follow from the Snapshot.
const TRAILER: &str = "heroku_billing_month_elapsed_ratio";

/// Data of Heroku, all of it derived from the number `figure`.
#[derive(Clone)]
struct HerokuData {
    invoices: LastSuccess<Invoices>,
    usage: LastSuccess<Usage>,
}

impl HerokuData {
    fn of(figure: u64) -> Self {
        let months = [Month::at(NOW).previous(), Month::at(NOW)];
        let invoices = months.map(|month| invoice(figure, month));
        let usage = Usage {
            months: months.map(|month| (month, usage(figure))).into(),
        };
        Self {
            invoices: good(Invoices::new(invoices.into())),
            usage: good(usage),
        }
    }
}

fn good<T>(data: T) -> LastSuccess<T> {
    LastSuccess {
        data: Arc::new(data),
        at: NOW,
        changed_at: NOW,
    }
}

fn invoice(figure: u64, month: Month) -> Invoice {
    let dollars = Some(Money::from_whole_dollars(figure as i32));
    let day = format!("{month}-01");
    Invoice {
        number: Some(figure as i64),
        period: InvoicePeriod::parse(Some(&day), Some(&day)).expect("it is a day"),
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
    let figures = UsageAmounts {
        dynos: figure,
        data: figure,
        partner: figure,
        addons: figure,
        connect: figure,
    };
    let apps = (0..APPS).map(|app| (format!("app \"{app}\""), figures));
    MonthlyUsage {
        team_name: None,
        team: figures,
        spaces: Spaces::default(),
        apps: apps.collect(),
    }
}

/// Returns the Snapshot of a change.
fn snapshot(change: u64, data: &HerokuData) -> Snapshot {
    fn outcome<T>(good: &LastSuccess<T>, polls: u64) -> EndpointStatus<T> {
        let mut outcome = EndpointStatus {
            last_success: Some(good.clone()),
            ..EndpointStatus::default()
        };
        outcome.stats.polls = polls;
        outcome.stats.skipped_rows = polls;
        outcome
    }
    let teams = TEAMS.map(|name| Team {
        name: name.to_owned(),
        invoices: outcome(&data.invoices, change),
        usage: outcome(&data.usage, change),
        polled_endpoints: Team::ENDPOINTS,
        ..Team::default()
    });
    Snapshot::new(teams.into(), true, ClientStats::default())
}

/// Returns the change that a body shows, and checks that all its series agree.
fn change_of(series: &[Sample]) -> u64 {
    let (mut figures, mut polls) = (Vec::new(), Vec::new());
    for one in series {
        let name = one.name.as_str();
        if name == "heroku_cost_exporter_polls_total" || name == "heroku_cost_exporter_skipped_rows"
        {
            polls.push(one.value);
        } else if name.starts_with("heroku_team_usage_") || is_legacy_invoice(name) {
            figures.push(one.value);
            figures.extend(
                one.label("payment_status")
                    .map(|text| text.parse::<f64>().unwrap()),
            );
        }
    }
    let rows = TEAMS.len() * (APPS as usize + 1);
    // Four types and the units of two months for each row; sixteen invoice metrics for each team,
    // two of which have it as a label too.
    assert_eq!(figures.len(), rows * 5 * 2 + TEAMS.len() * 18);
    assert_eq!(polls.len(), TEAMS.len() * 2 * 2);
    let change = polls[0];
    assert!(
        polls.iter().all(|poll| *poll == change),
        "of two polls: {polls:?}"
    );
    let figure = (change / 2.0).floor();
    assert!(
        figures.iter().all(|one| *one == figure),
        "at poll {change}: {figures:?}"
    );
    change as u64
}

fn is_legacy_invoice(name: &str) -> bool {
    ["heroku_invoice_current_", "heroku_invoice_previous_"]
        .iter()
        .any(|beginning| name.starts_with(beginning))
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

    /// Returns the text of a scrape.
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
                "no answer: {head}"
            );
        }
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        assert_eq!(head.contains("\r\ncontent-encoding: gzip\r\n"), gzip);
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .expect("a scrape has a length");
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        if !gzip {
            return String::from_utf8(body).unwrap();
        }
        let mut text = String::new();
        let mut decoder = GzDecoder::new(body.as_slice());
        decoder.read_to_string(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty(), "more than one gzip member");
        text
    }
}

/// Returns the series of a body that follow from the Snapshot, and its count of scrapes.
fn read(text: &str, format: Format) -> (Vec<Sample>, f64) {
    let read = exposition_parser::parse(text, format).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut of_snapshot: Vec<Sample> = Vec::new();
    let mut families = read.families.into_iter();
    for family in families
        .by_ref()
        .take_while(|family| family.name != TRAILER)
    {
        of_snapshot.extend(family.samples);
    }
    let answered = families
        .flat_map(|family| family.samples)
        .find(|one| {
            one.name == "heroku_cost_exporter_http_requests_total"
                && one.label("path") == Some("/metrics")
                && one.label("code") == Some("200")
        })
        .expect("a body counts scrapes");
    (of_snapshot, answered.value)
}

/// Returns a series in a form in which NaN equals NaN.
fn to_the_bit(series: &Sample) -> (&str, &[(String, String)], u64) {
    (&series.name, &series.labels, series.value.to_bits())
}

/// The results of all clients.
#[derive(Default)]
struct Seen {
    /// For each change a digest of its series, and the forms in which they were read.
    changes: Mutex<BTreeMap<u64, (u64, [bool; FORMS.len()])>>,
    scrapes: AtomicU64,
    stop: AtomicBool,
}

impl Seen {
    fn note(&self, change: u64, form: usize, series: &[Sample]) {
        let mut hasher = DefaultHasher::new();
        for one in series {
            to_the_bit(one).hash(&mut hasher);
        }
        let digest = hasher.finish();
        let mut changes = self.changes.lock().unwrap();
        let (known, forms) = changes.entry(change).or_insert((digest, [false; 4]));
        assert_eq!(*known, digest, "two bodies of change {change} differ");
        forms[form] = true;
    }

    /// Scrapes over one connection, alternating between the forms.
    fn scrape(&self, address: SocketAddr, first: usize) {
        let mut connection = Connection::open(address);
        let (mut last_change, mut last_answered) = (0, 0.0);
        for form in (0..FORMS.len()).cycle().skip(first) {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let text = connection.scrape(FORMS[form]);
            let (series, answered) = read(&text, FORMS[form].0);
            let change = change_of(&series);
            assert!(
                change >= last_change && answered >= last_answered,
                "{change} after {last_change}, {answered} after {last_answered}"
            );
            (last_change, last_answered) = (change, answered);
            self.note(change, form, &series);
            self.scrapes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrapes_are_never_torn_and_all_forms_agree() {
    let mut data = HerokuData::of(0);
    let (sender, published) = watch::channel(Arc::new(snapshot(0, &data)));
    let http_metrics = Arc::new(HttpMetrics::new(web::paths("/metrics")));
    let clock = Clock::from_fn(|| NOW);
    let options = RenderOptions::default();
    let reports = ReportCache::new(
        published.clone(),
        clock.clone(),
        options.clone(),
        "/metrics",
    );
    let metrics = MetricsCache::new(published, clock, options, Arc::clone(&http_metrics));
    let routes = web::router(metrics, reports, "/metrics", LandingPage::Report);
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
    let serving = tokio::spawn(server::serve(vec![listener], routes, config, async {
        let _ = stopped.await;
    }));

    let seen = Arc::new(Seen::default());
    let clients = [0, 1, 2, 3].map(|first| {
        let seen = Arc::clone(&seen);
        tokio::task::spawn_blocking(move || seen.scrape(address, first))
    });
    let is_well = || clients.iter().all(|client| !client.is_finished());
    for change in 1..=CHANGES {
        if change % 2 == 0 {
            data = HerokuData::of(change / 2);
        }
        sender.send_replace(Arc::new(snapshot(change, &data)));
        let so_far = seen.scrapes.load(Ordering::Relaxed);
        let rests = change % REST_EVERY == 0;
        tokio::time::sleep(Duration::from_millis(1)).await;
        while rests && is_well() && seen.scrapes.load(Ordering::Relaxed) < so_far + SCRAPES_AT_REST
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    seen.stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }

    // The last Snapshot, in every form.
    let last = tokio::task::spawn_blocking(move || {
        let mut connection = Connection::open(address);
        FORMS.map(|form| read(&connection.scrape(form), form.0).0)
    });
    let last = last.await.unwrap();
    assert_eq!(change_of(&last[0]), CHANGES);
    for series in &last[1..] {
        let (these, those) = (
            series.iter().map(to_the_bit),
            last[0].iter().map(to_the_bit),
        );
        assert!(these.eq(those), "{series:?}\n{:?}", last[0]);
    }
    let _ = stop.send(());
    serving.await.unwrap();

    let changes = seen.changes.lock().unwrap();
    let agreed = |(_, forms): &&(u64, [bool; 4])| forms.iter().filter(|seen| **seen).count() > 1;
    let agreed = changes.values().filter(agreed).count() as u64;
    assert!(
        changes.len() as u64 > CHANGES / REST_EVERY,
        "{}",
        changes.len()
    );
    assert!(
        agreed >= CHANGES / REST_EVERY / 2,
        "only {agreed} were seen in two forms"
    );
}
