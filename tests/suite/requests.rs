//! Requests to Heroku: paths, headers, connections and proxies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use heroku_sim::{DEFAULT_TOKEN, Endpoint, Fault, Simulator, Times};
use tokio::net::{TcpListener, TcpStream};

use crate::exporter::{BINARY, wait_until};
use crate::recorded_requests::requests;
use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::all_up;

#[tokio::test(flavor = "multi_thread")]
async fn requests_have_the_documented_headers() {
    let scenario = Scenario::named("paged_invoices");
    let heroku = scenario.start_simulator().await;
    let Some(builder) = scenario.exporter_builder(&heroku, "ops") else {
        return;
    };
    let exporter = builder.arg("--heroku.resources=false").start().await;
    scenario.wait_for_data(&exporter).await;
    wait_until("the metadata", || {
        let has_licenses = !requests(&heroku, Endpoint::Licenses).is_empty();
        (has_licenses && heroku.requests().len() >= 10).then_some(())
    })
    .await;
    let requests = heroku.requests();
    assert_eq!(
        requests.len(),
        10,
        "the team, four pages of invoices, usage, delinquency, licenses, two of authorizations"
    );
    for request in requests {
        let path = &request.path;
        assert_eq!(request.method, "GET", "{path}");
        assert_eq!(
            request.header("accept"),
            Some("application/vnd.heroku+json; version=3"),
            "{path}"
        );
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {DEFAULT_TOKEN}").as_str()),
            "{path}"
        );
        let agent = concat!("heroku-cost-exporter/", env!("CARGO_PKG_VERSION"));
        assert_eq!(request.header("user-agent"), Some(agent), "{path}");
        assert!(
            request
                .header("accept-encoding")
                .is_some_and(|codings| codings.contains("gzip")),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resolves_team_name_once() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    // A failed resolution is retried.
    heroku.inject_fault(Endpoint::Team, Fault::Status(503), Times::Once);
    let Some(builder) = scenario.exporter_builder(&heroku, "ops") else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    scenario.wait_for_data(&exporter).await;
    let resolutions = requests(&heroku, Endpoint::Team).len();
    wait_until("three more polls", || {
        (requests(&heroku, Endpoint::Usage).len() >= 4).then_some(())
    })
    .await;
    assert_eq!(requests(&heroku, Endpoint::Team).len(), resolutions);
    let id = scenario.team_ids();
    for request in requests(&heroku, Endpoint::Usage) {
        assert_eq!(request.team.as_deref(), Some(id.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn does_not_resolve_team_id() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Team, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    // The team is requested only later, as metadata.
    exporter.wait_for_scrape("successful polls", all_up).await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert_eq!(TeamCounts::from_scrape(&scrape), scenario.expected_counts);
    let requests = heroku.requests();
    let first: Vec<_> = requests
        .iter()
        .take(2)
        .map(|request| request.endpoint)
        .collect();
    assert!(!first.contains(&Some(Endpoint::Team)), "{first:?}");
}

/// Prometheus rejects a scrape with duplicate series.
#[tokio::test(flavor = "multi_thread")]
async fn team_set_twice_is_exposed_once() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let teams = format!("ops,{},ops", scenario.team_ids());
    let Some(builder) = scenario.exporter_builder(&heroku, &teams) else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    scenario.wait_for_data(&exporter).await;
    wait_until("more polls", || {
        (requests(&heroku, Endpoint::Usage).len() >= 4).then_some(())
    })
    .await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert_eq!(TeamCounts::from_scrape(&scrape), scenario.expected_counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn scrapes_send_no_requests() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.start_simulator().await;
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    scenario.wait_for_data(&exporter).await;
    let polls = || {
        let counts = [Endpoint::Invoices, Endpoint::Usage].map(|e| requests(&heroku, e).len());
        counts.into_iter().sum::<usize>()
    };
    let before = polls();
    for _ in 0..50 {
        exporter.metrics().await;
        exporter.get("/health").await;
        exporter.get("/").await;
    }
    assert_eq!(polls(), before);
}

/// Starts a TCP proxy that counts its connections, and returns the counter and the proxy's URL.
async fn start_counting_proxy(heroku: &Simulator) -> (Arc<AtomicUsize>, String) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let url = format!(
        "http://{}",
        listener.local_addr().expect("the listener is bound")
    );
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let heroku = heroku.addr();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut server = TcpStream::connect(heroku)
                    .await
                    .expect("the simulator listens");
                // Either side may reset the connection.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (connections, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn reuses_connections() {
    let scenario = Scenario::named("paged_invoices");
    let heroku = scenario.start_simulator().await;
    let (connections, url) = start_counting_proxy(&heroku).await;
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let builder = builder.env("HEROKU_API_URL", &url);
    let _exporter = builder.arg("--poll.interval=1s").start().await;
    wait_until("twenty requests", || {
        (heroku.requests().len() >= 20).then_some(())
    })
    .await;
    // Two polls and four metadata requests can be in flight at once.
    let connections = connections.load(Ordering::SeqCst);
    assert!(connections <= 6, "{connections} connections");
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_no_proxy_for_loopback() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let unreachable = "http://127.0.0.1:1";
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let builder = builder
        .env("HTTP_PROXY", unreachable)
        .env("http_proxy", unreachable);
    let builder = builder
        .env("HTTPS_PROXY", unreachable)
        .env("ALL_PROXY", unreachable);
    let exporter = builder.start().await;
    scenario.wait_for_data(&exporter).await;
}

/// Returns the request that `check` sends to its proxy, if it sends one.
async fn request_to_proxy(environment: &[(&str, &str)]) -> Option<String> {
    let proxy = TcpListener::bind("127.0.0.1:0").await;
    let proxy = proxy.expect("loopback has a free port");
    let address = proxy.local_addr().expect("the listener is bound");
    let mut check = tokio::process::Command::new(BINARY);
    check
        .arg("check")
        .env_clear()
        // A label of 64 letters is not a valid host name, so the resolver fails without a query.
        .env("HEROKU_API_URL", format!("https://{}.example", "a".repeat(64)))
        .env("HEROKU_API_KEY", "HRKU-secret")
        .env("HEROKU_TEAM_ID", "ops")
        .env("HTTPS_PROXY", format!("http://user:hunter2@{address}"))
        .envs(environment.iter().copied())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut check = check.spawn().expect("the exporter starts");
    tokio::select! {
        accepted = proxy.accept() => {
            let (mut client, _) = accepted.expect("a connection");
            let mut request = vec![0; 4096];
            let length = tokio::io::AsyncReadExt::read(&mut client, &mut request).await;
            request.truncate(length.expect("a request"));
            check.kill().await.expect("the exporter is running");
            Some(String::from_utf8(request).expect("the request is UTF-8"))
        }
        _ = check.wait() => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_proxy_except_for_no_proxy_hosts() {
    let request = request_to_proxy(&[]).await.expect("a request");
    assert!(request.starts_with("CONNECT aaaa"), "{request}");
    assert!(!request.contains("HRKU-"), "{request}");
    let authorization = "proxy-authorization: basic dxnlcjpodw50zxiy";
    assert!(request.to_lowercase().contains(authorization), "{request}");
    for no_proxy in ["*", "*.example", ".example", "x.test,*.example:443"] {
        let request = request_to_proxy(&[("NO_PROXY", no_proxy)]).await;
        assert_eq!(request, None, "{no_proxy}");
    }
    for no_proxy in ["", "*.test", "*.example:80"] {
        let request = request_to_proxy(&[("NO_PROXY", no_proxy)]).await;
        assert!(request.is_some(), "{no_proxy}");
    }
}
