//! The fault table: every fault of the Heroku API and how the exporter handles it.
//!
//! Each fault is injected over real HTTP on each endpoint, once at the start and once after a
//! success. The table in `docs/RELIABILITY.md` is generated from this one. The tests run the real
//! poller in their own process.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use heroku_api::client::{Client, ClientOptions, Limits};
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::collector::{Options, Poller};
use heroku_cost_exporter::config::scope::Scope;
use heroku_cost_exporter::config::token::Token;
use heroku_cost_exporter::snapshot::FailureReason;
use heroku_cost_exporter::snapshot::{EndpointStatus, Snapshot};
use heroku_cost_exporter::store::Store;
use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::Offset;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The timeout of a poll, which is shorter than the default of a minute.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The expected outcome of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The poll fails for this reason, and data is kept.
    Fails(FailureReason),
    /// The endpoint is not available at the start. After a success the poll fails for this reason.
    NotAvailable(FailureReason),
    /// The poll succeeds without data.
    NoData,
}

/// A fault and its expected outcome.
struct Row {
    fault: &'static str,
    source: FaultSource,
    outcome: Outcome,
}

/// The source of a fault.
#[derive(Clone, Debug)]
enum FaultSource {
    /// The simulated Heroku injects this fault.
    Injected(Fault),
    /// The exporter polls this URL instead of the simulated Heroku.
    Url(&'static str),
    /// The exporter polls the simulated Heroku, which does not support TLS, over `https`.
    PlainHttp,
}

fn body(content_type: &str, body: &str) -> FaultSource {
    let (content_type, body) = (content_type.to_owned(), body.as_bytes().to_vec());
    FaultSource::Injected(Fault::Response {
        status: 200,
        content_type,
        body,
    })
}

fn json(text: &str) -> FaultSource {
    body("application/json", text)
}

/// A label of 64 letters is not a valid host name, so the resolver fails without a query.
const NO_HOST: &str =
    "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.localhost:1";

#[rustfmt::skip]
fn table() -> Vec<Row> {
    use Outcome::{NotAvailable, Fails, NoData};
    let status = |status| FaultSource::Injected(Fault::Status(status));
    let row = |fault, source, outcome| Row { fault, source, outcome };
    let off_site = Fault::Redirect { location: "https://heroku.example/".into(), status: 302 };
    vec![
        row("400", status(400), Fails(FailureReason::UnexpectedStatus)),
        row("401", status(401), Fails(FailureReason::Unauthorized)),
        row("402", status(402), Fails(FailureReason::PaymentRequired)),
        row("403", status(403), NotAvailable(FailureReason::Forbidden)),
        row("404", status(404), NotAvailable(FailureReason::NotFound)),
        row("406", status(406), Fails(FailureReason::UnexpectedStatus)),
        row("410", status(410), NotAvailable(FailureReason::NotFound)),
        row("416", status(416), Fails(FailureReason::UnexpectedStatus)),
        row("422", status(422), Fails(FailureReason::UnexpectedStatus)),
        row("429", FaultSource::Injected(Fault::RateLimited { retry_after: None }), Fails(FailureReason::RateLimited)),
        row("429 with `Retry-After`", FaultSource::Injected(Fault::RateLimited { retry_after: Some(3) }), Fails(FailureReason::RateLimited)),
        row("500", status(500), Fails(FailureReason::ServerError)),
        row("502", status(502), Fails(FailureReason::ServerError)),
        row("503", status(503), Fails(FailureReason::ServerError)),
        row("403 with an HTML page", FaultSource::Injected(Fault::Html { status: 403 }), Fails(FailureReason::Forbidden)),
        row("404 with an HTML page", FaultSource::Injected(Fault::Html { status: 404 }), Fails(FailureReason::NotFound)),
        row("503 with an HTML page", FaultSource::Injected(Fault::Html { status: 503 }), Fails(FailureReason::ServerError)),
        row("redirect to another host", FaultSource::Injected(off_site), Fails(FailureReason::UnexpectedStatus)),
        row("connection refused", FaultSource::Url("http://127.0.0.1:1"), Fails(FailureReason::Network)),
        row("host name without address", FaultSource::Url(NO_HOST), Fails(FailureReason::Network)),
        row("failed TLS handshake", FaultSource::PlainHttp, Fails(FailureReason::Network)),
        row("reset in the headers", FaultSource::Injected(Fault::ResetInHeaders), Fails(FailureReason::Network)),
        row("reset in the body", FaultSource::Injected(Fault::ResetInBody { after: 20 }), Fails(FailureReason::Network)),
        row("truncated body", FaultSource::Injected(Fault::TruncateBody { after: 20 }), Fails(FailureReason::Network)),
        row("body of one byte a second", FaultSource::Injected(Fault::Drip { bytes_per_second: 1 }), Fails(FailureReason::Timeout)),
        row("no response", FaultSource::Injected(Fault::Hang), Fails(FailureReason::Timeout)),
        row("endless body", FaultSource::Injected(Fault::HugeBody { bytes: 1 << 30 }), Fails(FailureReason::TooLarge)),
        row("invalid gzip", FaultSource::Injected(Fault::NotGzip), Fails(FailureReason::Malformed)),
        row("HTML with status 200", FaultSource::Injected(Fault::Html { status: 200 }), Fails(FailureReason::Malformed)),
        row("random bytes", body("application/json", "\u{0}\u{1}]}\u{fffd}"), Fails(FailureReason::Malformed)),
        row("truncated JSON", json(r#"[{"month":"2026-11","period_start":"2026-"#), Fails(FailureReason::Malformed)),
        row("object instead of a list", json(r#"{"month":"2026-11","period_start":"2026-11-01"}"#), Fails(FailureReason::Malformed)),
        row("list of nulls", json("[null,null]"), Fails(FailureReason::Malformed)),
        row("rows of wrong types only", json(r#"[{"month":"2026-11","dynos":"1","period_start":7}]"#), Fails(FailureReason::Malformed)),
        row("endless pages", FaultSource::Injected(Fault::RangeLoop), Fails(FailureReason::Malformed)),
        row("empty list", FaultSource::Injected(Fault::EmptyList), NoData),
    ]
}

/// When a fault is injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    AtStart,
    AfterSuccess,
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_every_fault_and_recovers() {
    // Limited concurrency, so that a slow machine does not cause unexpected timeouts.
    let semaphore = Arc::new(Semaphore::new(48));
    let mut cases = JoinSet::new();
    for endpoint in [Endpoint::Invoices, Endpoint::Usage] {
        for when in [When::AtStart, When::AfterSuccess] {
            for row in table() {
                let semaphore = Arc::clone(&semaphore);
                cases.spawn(async move {
                    let _permit = semaphore.acquire().await;
                    test_fault(&row, endpoint, when).await;
                });
            }
        }
    }
    let mut failures = Vec::new();
    while let Some(case) = cases.join_next().await {
        failures.extend(case.err().map(|error| format!("{error}")));
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Tests one fault on one endpoint.
async fn test_fault(row: &Row, endpoint: Endpoint, when: When) {
    let case = format!("{} on {endpoint:?} {when:?}", row.fault);
    let (heroku, team) = one_team().await;
    let api_url = match &row.source {
        FaultSource::Injected(_) => heroku.url(),
        FaultSource::Url(url) => (*url).to_owned(),
        FaultSource::PlainHttp => heroku.url().replace("http:", "https:"),
    };
    let FaultSource::Injected(fault) = &row.source else {
        // There is no success before the fault and no recovery after it.
        let snapshot = poller(&api_url, heroku.token(), &team).once().await;
        assert_outcome(&case, &snapshot, endpoint, row.outcome, When::AtStart);
        return;
    };

    let (sender, mut published) = watch::channel(Arc::default());
    if when == When::AtStart {
        heroku.inject_fault(endpoint, fault.clone(), Times::Always);
    }
    let polling =
        tokio::spawn(poller(&api_url, heroku.token(), &team).run(sender, std::future::pending()));
    let mut snapshot =
        wait_for_snapshot(&case, &mut published, |snapshot| snapshot.all_attempted).await;
    if failure_reason(row.outcome, when) == Some(FailureReason::NotAvailable) {
        // One denial proves nothing.
        let first = EndpointState::of(&snapshot, endpoint);
        assert_ne!(first.failure, Some(FailureReason::NotAvailable), "{case}");
        let is_unavailable = |snapshot: &Snapshot| {
            let state = EndpointState::of(snapshot, endpoint);
            state.failure == Some(FailureReason::NotAvailable)
        };
        snapshot = wait_for_snapshot(&case, &mut published, is_unavailable).await;
        let polls = EndpointState::of(&snapshot, endpoint).polls;
        assert!(polls >= 3, "{case}: not available after {polls} polls");
    }
    if when == When::AfterSuccess {
        let before = EndpointState::of(&snapshot, endpoint);
        assert!(before.has_data, "{case}: no data before the fault");
        heroku.inject_fault(endpoint, fault.clone(), Times::Always);
        // Not the next poll, which may already be in progress. An empty list needs another one.
        let polls = before.polls + 3;
        snapshot = wait_for_snapshot(&case, &mut published, |s| {
            EndpointState::of(s, endpoint).polls >= polls
        })
        .await;
    }
    assert_outcome(&case, &snapshot, endpoint, row.outcome, when);
    let other = if endpoint == Endpoint::Usage {
        Endpoint::Invoices
    } else {
        Endpoint::Usage
    };
    let other = EndpointState::of(&snapshot, other);
    assert!(
        other.is_up && other.has_data,
        "{case}: the other endpoint is affected: {other:?}"
    );

    // The endpoint recovers.
    heroku.clear_faults();
    let is_recovered = |s: &Snapshot| {
        EndpointState::of(s, endpoint).has_data && EndpointState::of(s, endpoint).failure.is_none()
    };
    wait_for_snapshot(&case, &mut published, is_recovered).await;
    polling.abort();
}

/// Returns the expected failure reason.
fn failure_reason(outcome: Outcome, when: When) -> Option<FailureReason> {
    match (outcome, when) {
        (Outcome::Fails(reason), _) | (Outcome::NotAvailable(reason), When::AfterSuccess) => {
            Some(reason)
        }
        (Outcome::NotAvailable(_), When::AtStart) => Some(FailureReason::NotAvailable),
        (Outcome::NoData, _) => None,
    }
}

/// The state of an endpoint in a snapshot.
#[derive(Debug, PartialEq, Eq)]
struct EndpointState {
    has_data: bool,
    failure: Option<FailureReason>,
    is_up: bool,
    polls: u64,
}

impl EndpointState {
    fn of(snapshot: &Snapshot, endpoint: Endpoint) -> Self {
        fn state<T: PartialEq>(
            status: &EndpointStatus<T>,
            has_data: impl Fn(&T) -> bool,
        ) -> EndpointState {
            EndpointState {
                has_data: status.data().is_some_and(has_data),
                failure: status.failure.as_ref().map(|failure| failure.reason),
                is_up: status.is_up(),
                polls: status.stats.polls,
            }
        }
        let team = &snapshot.teams()[0];
        match endpoint {
            Endpoint::Usage => state(&team.usage, |usage| !usage.months.is_empty()),
            _ => state(&team.invoices, |invoices| !invoices.is_empty()),
        }
    }
}

/// Asserts that a snapshot has the expected outcome.
fn assert_outcome(
    case: &str,
    snapshot: &Snapshot,
    endpoint: Endpoint,
    outcome: Outcome,
    when: When,
) {
    let state = EndpointState::of(snapshot, endpoint);
    let failure = failure_reason(outcome, when);
    let keeps_data = when == When::AfterSuccess && failure.is_some();
    let expected = EndpointState {
        has_data: keeps_data,
        failure,
        is_up: failure.is_none(),
        polls: state.polls,
    };
    assert_eq!(state, expected, "{case}\n{snapshot:#?}");
}

/// Starts a simulated Heroku with one team, tidewell-product. Returns it with the team's id.
pub(crate) async fn one_team() -> (Simulator, String) {
    let (company, today) = one_team_company();
    let team = company.teams[0].id.clone();
    let heroku = Simulator::builder(company, today).start().await;
    (heroku.expect("loopback has a free port"), team)
}

/// The company of [`one_team`], and today.
fn one_team_company() -> (Company, Date) {
    let today = Offset::UTC.to_datetime(Clock::system().now()).date();
    let mut company = Company::synthetic(1, today);
    company.teams.truncate(1);
    (company, today)
}

#[tokio::test(flavor = "multi_thread")]
async fn believes_empty_list_only_twice_in_a_row() {
    for endpoint in [Endpoint::Invoices, Endpoint::Usage] {
        let case = format!("{endpoint:?}");
        let (heroku, team) = one_team().await;
        let (sender, mut published) = watch::channel(Arc::default());
        let poller = poller(&heroku.url(), heroku.token(), &team);
        let polling = tokio::spawn(poller.run(sender, std::future::pending()));
        let has_data = |s: &Snapshot| EndpointState::of(s, endpoint).has_data;
        let is_doubted = |s: &Snapshot| {
            let stats = match endpoint {
                Endpoint::Usage => &s.teams()[0].usage.stats,
                _ => &s.teams()[0].invoices.stats,
            };
            stats.is_empty_unconfirmed
        };
        wait_for_snapshot(&case, &mut published, has_data).await;
        heroku.inject_fault(endpoint, Fault::EmptyList, Times::Count(1));
        let doubted = wait_for_snapshot(&case, &mut published, is_doubted).await;
        assert!(has_data(&doubted), "{case}: {doubted:#?}");
        let after = wait_for_snapshot(&case, &mut published, |s| !is_doubted(s)).await;
        assert!(has_data(&after), "{case}: {after:#?}");

        heroku.inject_fault(endpoint, Fault::EmptyList, Times::Always);
        let doubted = wait_for_snapshot(&case, &mut published, is_doubted).await;
        assert!(has_data(&doubted), "{case}: {doubted:#?}");
        let believed = wait_for_snapshot(&case, &mut published, |s| !is_doubted(s)).await;
        assert!(!has_data(&believed), "{case}: {believed:#?}");
        polling.abort();
    }
}

/// A poller with an interval of an hour, whose clock differs from the system's by seconds that a test
/// sets.
fn hourly_poller(heroku: &Simulator, token: Token, team: &str, offset: &Arc<AtomicI64>) -> Poller {
    let offset = Arc::clone(offset);
    let clock = Clock::from_fn(move || {
        let offset = SignedDuration::from_secs(offset.load(Ordering::Relaxed));
        Clock::system().now() + offset
    });
    let options = poller_options(&heroku.url(), token, team);
    Poller::new(Options {
        clock,
        interval: Duration::from_secs(3600),
        ..options
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_after_suspend_and_after_clock_is_set_back() {
    let (heroku, team) = one_team().await;
    let offset = Arc::new(AtomicI64::new(0));
    let token = Token::Value(heroku.token().into());
    let poller = hourly_poller(&heroku, token, &team, &offset);
    let (sender, mut published) = watch::channel(Arc::default());
    let polling = tokio::spawn(poller.run(sender, std::future::pending()));
    let polls = |s: &Snapshot| {
        let states = [Endpoint::Invoices, Endpoint::Usage].map(|e| EndpointState::of(s, e).polls);
        states.into_iter().min().unwrap_or_default()
    };
    wait_for_snapshot("start", &mut published, |s| polls(s) == 1).await;
    // The monotonic clock stops during a suspend, and the wall clock does not.
    offset.store(3700, Ordering::Relaxed);
    wait_for_snapshot("suspend", &mut published, |s| polls(s) == 2).await;
    // The clock was wrong, by more than a month.
    offset.store(-40 * 86400, Ordering::Relaxed);
    let snapshot = wait_for_snapshot("another month", &mut published, |s| polls(s) == 3).await;
    let now = Clock::system().now() - SignedDuration::from_hours(40 * 24);
    for health in snapshot.endpoint_health() {
        for time in [
            health.last_success,
            health.changed_at,
            health.stats.last_attempt,
        ] {
            assert!(time.is_some_and(|time| time <= now), "{health:#?}");
        }
    }
    polling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_unavailable_endpoint_after_token_change() {
    let (mut company, _) = one_team_company();
    company.teams[0].usage_available = false;
    let (heroku, team) = one_team().await;
    heroku.set_company(company.clone());
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("api-key");
    std::fs::write(&path, heroku.token()).expect("the directory is writable");
    let token = Token::File(path.clone());
    let poller = hourly_poller(&heroku, token, &team, &Arc::default());
    let (sender, mut published) = watch::channel(Arc::default());
    let polling = tokio::spawn(poller.run(sender, std::future::pending()));
    let usage = |s: &Snapshot| EndpointState::of(s, Endpoint::Usage);
    wait_for_snapshot("start", &mut published, |s| {
        usage(s).failure == Some(FailureReason::NotAvailable)
    })
    .await;
    company.teams[0].usage_available = true;
    heroku.set_company(company);
    heroku.set_token("HRKU-with-more-permissions".to_owned());
    std::fs::write(&path, "HRKU-with-more-permissions").expect("the directory is writable");
    wait_for_snapshot("new token", &mut published, |s| usage(s).has_data).await;
    polling.abort();
}

pub(crate) fn poller(api_url: &str, token: &str, team: &str) -> Poller {
    Poller::new(poller_options(api_url, Token::Value(token.into()), team))
}

fn poller_options(api_url: &str, token: Token, team: &str) -> Options {
    // Fails if another test has already installed a provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let limits = Limits {
        body: 1 << 20,
        ..Limits::within(TIMEOUT)
    };
    let options = ClientOptions {
        user_agent: "test",
        limits,
        proxy: None,
        duration_buckets: &[],
    };
    let api_url: url::Url = api_url.parse().expect("a valid URL");
    let client = Client::new(api_url.clone(), options).expect("valid client options");
    Options {
        client,
        token,
        scope: Scope::named(vec![team.to_owned()]),
        interval: Duration::from_secs(1),
        timeout: TIMEOUT,
        // A 429 reports that no request remains. The resulting pause has tests of its own.
        rate_limit_floor: 0,
        clock: Clock::system(),
        resource_interval: None,
        store: Store::in_memory(None, &api_url),
    }
}

/// Waits for a snapshot that meets a condition.
async fn wait_for_snapshot(
    case: &str,
    published: &mut watch::Receiver<Arc<Snapshot>>,
    condition: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
    loop {
        let snapshot = Arc::clone(&published.borrow_and_update());
        if !snapshot.teams().is_empty() && condition(&snapshot) {
            return snapshot;
        }
        let changed = tokio::time::timeout_at(deadline, published.changed()).await;
        assert!(changed.is_ok(), "{case}: timed out\n{snapshot:#?}");
    }
}

/// The table in `docs/RELIABILITY.md`: the faults by failure reason.
pub(crate) fn markdown() -> String {
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    for Row { fault, outcome, .. } in table() {
        let reason = match outcome {
            Outcome::Fails(reason) => format!("`{}`", reason.as_str()),
            Outcome::NotAvailable(reason) => {
                format!("`not_available`, or `{}` after a success", reason.as_str())
            }
            Outcome::NoData => "none".to_owned(),
        };
        match rows.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, faults)) => faults.push(fault),
            None => rows.push((reason, vec![fault])),
        }
    }
    let mut text = "reason | faults\n---|---\n".to_owned();
    for (reason, faults) in rows {
        let _ = writeln!(text, "{reason} | {}", faults.join(", "));
    }
    text
}
