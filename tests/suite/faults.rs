//! The fault table: what goes wrong with Heroku, and what the exporter makes of it.
//!
//! Each row is driven over real HTTP on each endpoint, once at the start and once after a success, and
//! `docs/RELIABILITY.md` lists them by reason. The poller is the real one; only the process around
//! it is the test's.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use heroku_api::client::{Client, ClientOptions, Limits};
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::collector::{Options, Poller};
use heroku_cost_exporter::config::scope::Scope;
use heroku_cost_exporter::config::token::Token;
use heroku_cost_exporter::snapshot::FailureReason;
use heroku_cost_exporter::snapshot::{EndpointStatus, Snapshot};
use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};
use jiff::tz::Offset;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How long one poll may take here; in the program it is a minute unless set otherwise.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What the exporter makes of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The poll fails, for this reason; what is known stays.
    Fails(FailureReason),
    /// At the start it is not available; after a success the poll fails, for this reason.
    Absent(FailureReason),
    /// It is an answer, and it says that there is nothing.
    Nothing,
}

/// A fault and what comes of it.
struct Row {
    fault: &'static str,
    what: What,
    verdict: Verdict,
}

/// What goes wrong.
#[derive(Clone, Debug)]
enum What {
    /// The simulated Heroku does this.
    Answer(Fault),
    /// Heroku is not there, but this is.
    Instead(&'static str),
    /// The simulated Heroku speaks no TLS, and is asked by `https`.
    NoTls,
}

fn body(content_type: &str, body: &str) -> What {
    let (content_type, body) = (content_type.to_owned(), body.as_bytes().to_vec());
    What::Answer(Fault::Body {
        status: 200,
        content_type,
        body,
    })
}

fn json(text: &str) -> What {
    body("application/json", text)
}

/// A label of 64 letters is no host name, which the resolver knows without asking anybody.
const NO_HOST: &str =
    "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.localhost:1";

#[rustfmt::skip]
fn table() -> Vec<Row> {
    use Verdict::{Absent, Fails, Nothing};
    let status = |status| What::Answer(Fault::Status(status));
    let row = |fault, what, verdict| Row { fault, what, verdict };
    let off_site = Fault::Redirect { location: "https://heroku.example/".into(), status: 302 };
    vec![
        row("400", status(400), Fails(FailureReason::UnexpectedStatus)),
        row("401", status(401), Fails(FailureReason::Unauthorized)),
        row("402", status(402), Fails(FailureReason::PaymentRequired)),
        row("403", status(403), Absent(FailureReason::Forbidden)),
        row("404", status(404), Absent(FailureReason::NotFound)),
        row("406", status(406), Fails(FailureReason::UnexpectedStatus)),
        row("410", status(410), Absent(FailureReason::NotFound)),
        row("416", status(416), Fails(FailureReason::UnexpectedStatus)),
        row("422", status(422), Fails(FailureReason::UnexpectedStatus)),
        row("429", What::Answer(Fault::RateLimited { retry_after: None }), Fails(FailureReason::RateLimited)),
        row("429 with `Retry-After`", What::Answer(Fault::RateLimited { retry_after: Some(3) }), Fails(FailureReason::RateLimited)),
        row("500", status(500), Fails(FailureReason::ServerError)),
        row("502", status(502), Fails(FailureReason::ServerError)),
        row("503", status(503), Fails(FailureReason::ServerError)),
        row("503 with an HTML page", What::Answer(Fault::Html { status: 503 }), Fails(FailureReason::ServerError)),
        row("redirect to another host", What::Answer(off_site), Fails(FailureReason::UnexpectedStatus)),
        row("connection refused", What::Instead("http://127.0.0.1:1"), Fails(FailureReason::Network)),
        row("host name without address", What::Instead(NO_HOST), Fails(FailureReason::Network)),
        row("failed TLS handshake", What::NoTls, Fails(FailureReason::Network)),
        row("reset in the headers", What::Answer(Fault::ResetInHeaders), Fails(FailureReason::Network)),
        row("reset in the body", What::Answer(Fault::ResetInBody { after: 20 }), Fails(FailureReason::Network)),
        row("truncated body", What::Answer(Fault::TruncateBody { after: 20 }), Fails(FailureReason::Network)),
        row("body of one byte a second", What::Answer(Fault::Drip { bytes_per_second: 1 }), Fails(FailureReason::Timeout)),
        row("no response", What::Answer(Fault::Hang), Fails(FailureReason::Timeout)),
        row("endless body", What::Answer(Fault::HugeBody { bytes: 1 << 30 }), Fails(FailureReason::TooLarge)),
        row("invalid gzip", What::Answer(Fault::NotGzip), Fails(FailureReason::Malformed)),
        row("HTML with status 200", What::Answer(Fault::Html { status: 200 }), Fails(FailureReason::Malformed)),
        row("random bytes", body("application/json", "\u{0}\u{1}]}\u{fffd}"), Fails(FailureReason::Malformed)),
        row("truncated JSON", json(r#"[{"month":"2026-11","period_start":"2026-"#), Fails(FailureReason::Malformed)),
        row("object instead of a list", json(r#"{"month":"2026-11","period_start":"2026-11-01"}"#), Fails(FailureReason::Malformed)),
        row("list of nulls", json("[null,null]"), Fails(FailureReason::Malformed)),
        row("rows of wrong types only", json(r#"[{"month":"2026-11","dynos":"1","period_start":7}]"#), Fails(FailureReason::Malformed)),
        row("endless pages", What::Answer(Fault::RangeLoop), Fails(FailureReason::Malformed)),
        row("empty list", What::Answer(Fault::EmptyList), Nothing),
    ]
}

/// Whether a fault strikes when nothing is known yet, or when figures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    AtStart,
    AfterSuccess,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_named_costs_no_figures_and_passes() {
    // Not all at once: a machine that is short of time would show timeouts where none were meant.
    let at_once = Arc::new(Semaphore::new(48));
    let mut cases = JoinSet::new();
    for endpoint in [Endpoint::Invoices, Endpoint::Usage] {
        for when in [When::AtStart, When::AfterSuccess] {
            for row in table() {
                let at_once = Arc::clone(&at_once);
                cases.spawn(async move {
                    let _turn = at_once.acquire().await;
                    drive(&row, endpoint, when).await;
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

/// Drives one row on one endpoint.
async fn drive(row: &Row, endpoint: Endpoint, when: When) {
    let case = format!("{} on {endpoint:?} {when:?}", row.fault);
    let today = Offset::UTC.to_datetime(Clock::system().now()).date();
    let mut company = Company::synthetic(1, today);
    company.teams.truncate(1);
    let team = company.teams[0].id.clone();
    let heroku = Simulator::builder(company, today)
        .start()
        .await
        .expect("a simulator starts");

    let api_url = match &row.what {
        What::Answer(_) => heroku.url(),
        What::Instead(url) => (*url).to_owned(),
        What::NoTls => heroku.url().replace("http:", "https:"),
    };
    let What::Answer(fault) = &row.what else {
        // Where Heroku is not there at all, nothing comes before or after it.
        let snapshot = poller(&api_url, heroku.token(), &team).once().await;
        assert_verdict(&case, &snapshot, endpoint, row.verdict, When::AtStart);
        return;
    };

    let (sender, mut published) = watch::channel(Arc::default());
    if when == When::AtStart {
        heroku.inject_fault(endpoint, fault.clone(), Times::Always);
    }
    let polling =
        tokio::spawn(poller(&api_url, heroku.token(), &team).run(sender, std::future::pending()));
    let mut snapshot = wait(&case, &mut published, |snapshot| snapshot.all_attempted).await;
    if when == When::AfterSuccess {
        let before = Seen::of(&snapshot, endpoint);
        assert!(before.has_figures, "{case}: no figures to begin with");
        heroku.inject_fault(endpoint, fault.clone(), Times::Always);
        // Two polls on, because one may be under way.
        let polls = before.polls + 2;
        snapshot = wait(&case, &mut published, |s| {
            Seen::of(s, endpoint).polls >= polls
        })
        .await;
    }
    assert_verdict(&case, &snapshot, endpoint, row.verdict, when);
    let other = if endpoint == Endpoint::Usage {
        Endpoint::Invoices
    } else {
        Endpoint::Usage
    };
    let other = Seen::of(&snapshot, other);
    assert!(
        other.is_up && other.has_figures,
        "{case}: the other endpoint has suffered: {other:?}"
    );

    // It passes by itself, but for what is not available, which is asked for again the next day.
    heroku.clear_faults();
    let available = reason(row.verdict, when) != Some(FailureReason::NotAvailable);
    if available {
        let back = |s: &Snapshot| {
            Seen::of(s, endpoint).has_figures && Seen::of(s, endpoint).failure.is_none()
        };
        wait(&case, &mut published, back).await;
    }
    polling.abort();
}

/// The reason that a verdict means.
fn reason(verdict: Verdict, when: When) -> Option<FailureReason> {
    match (verdict, when) {
        (Verdict::Fails(reason), _) | (Verdict::Absent(reason), When::AfterSuccess) => Some(reason),
        (Verdict::Absent(_), When::AtStart) => Some(FailureReason::NotAvailable),
        (Verdict::Nothing, _) => None,
    }
}

/// What is seen of an endpoint, whatever it answers with.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    has_figures: bool,
    failure: Option<FailureReason>,
    is_up: bool,
    polls: u64,
}

impl Seen {
    fn of(snapshot: &Snapshot, endpoint: Endpoint) -> Self {
        fn seen<T: PartialEq>(
            outcome: &EndpointStatus<T>,
            has_figures: impl Fn(&T) -> bool,
        ) -> Seen {
            Seen {
                has_figures: outcome.data().is_some_and(has_figures),
                failure: outcome.failure.as_ref().map(|failure| failure.reason),
                is_up: outcome.is_up(),
                polls: outcome.stats.polls,
            }
        }
        let team = &snapshot.teams()[0];
        match endpoint {
            Endpoint::Usage => seen(&team.usage, |usage| !usage.months.is_empty()),
            _ => seen(&team.invoices, |invoices| !invoices.is_empty()),
        }
    }
}

/// That a snapshot shows what the table says, and that the other endpoint has not suffered.
fn assert_verdict(
    case: &str,
    snapshot: &Snapshot,
    endpoint: Endpoint,
    verdict: Verdict,
    when: When,
) {
    let seen = Seen::of(snapshot, endpoint);
    let failure = reason(verdict, when);
    let stay = when == When::AfterSuccess && failure.is_some();
    let expected = Seen {
        has_figures: stay,
        failure,
        is_up: failure.is_none(),
        polls: seen.polls,
    };
    assert_eq!(seen, expected, "{case}\n{snapshot:#?}");
}

pub(crate) fn poller(api_url: &str, token: &str, team: &str) -> Poller {
    // Fails only where another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let limits = Limits {
        body: 1 << 20,
        ..Limits::within(TIMEOUT)
    };
    let options = ClientOptions {
        user_agent: "test",
        limits,
        use_proxy: false,
        duration_buckets: &[],
    };
    let client = Client::new(api_url.parse().expect("a URL"), options).expect("a client");
    Poller::new(Options {
        client,
        token: Token::Given(token.into()),
        scope: Scope::named(vec![team.to_owned()]),
        interval: Duration::from_secs(1),
        timeout: TIMEOUT,
        // A 429 leaves nothing of the limit; waiting for it to refill is another test's.
        rate_limit_floor: 0,
        clock: Clock::system(),
        state: None,
    })
}

/// Waits for a snapshot; for long, because it is reached only where the test fails.
async fn wait(
    case: &str,
    published: &mut watch::Receiver<Arc<Snapshot>>,
    found: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
    loop {
        let snapshot = Arc::clone(&published.borrow_and_update());
        if !snapshot.teams().is_empty() && found(&snapshot) {
            return snapshot;
        }
        let changed = tokio::time::timeout_at(deadline, published.changed()).await;
        assert!(changed.is_ok(), "{case}: it did not come\n{snapshot:#?}");
    }
}

/// The table in `docs/RELIABILITY.md`: the faults by failure reason.
pub(crate) fn markdown() -> String {
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    for Row { fault, verdict, .. } in table() {
        let reason = match verdict {
            Verdict::Fails(reason) => format!("`{}`", reason.as_str()),
            Verdict::Absent(reason) => {
                format!("`not_available`, or `{}` after a success", reason.as_str())
            }
            Verdict::Nothing => "none".to_owned(),
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
