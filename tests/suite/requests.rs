//! What the program asks of Heroku: which requests, with which headers, over how many connections, and never because of a scrape.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use heroku_sim::{DEFAULT_TOKEN, Endpoint, Fault, Simulator, Times};
use tokio::net::{TcpListener, TcpStream};

use crate::exporter::wait_until;
use crate::recorded_requests::requests;
use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::all_up;

#[tokio::test(flavor = "multi_thread")]
async fn every_request_says_who_asks_and_what_it_reads() {
    let scenario = Scenario::named("paged_invoices");
    let heroku = scenario.start_simulator().await;
    let Some(builder) = scenario.exporter_builder(&heroku, "ops") else {
        return;
    };
    let exporter = builder.start().await;
    exporter
        .wait_for_scrape("figures", |scrape| {
            TeamCounts::from_scrape(scrape) == scenario.expected_counts
        })
        .await;
    wait_until("what is asked beside the figures", || {
        let asked = requests(&heroku, Endpoint::Licenses).len();
        (asked > 0 && heroku.requests().len() >= 10).then_some(())
    })
    .await;
    let requests = heroku.requests();
    assert_eq!(
        requests.len(),
        10,
        "the team, four pages of invoices, and usage; what is scheduled, licences, and two pages of the token's"
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
async fn a_team_s_name_is_resolved_once_and_usage_is_asked_by_id() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    // The name is asked for until it is answered.
    heroku.inject_fault(Endpoint::Team, Fault::Status(503), Times::Once);
    let Some(builder) = scenario.exporter_builder(&heroku, "ops") else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    exporter
        .wait_for_scrape("figures", |scrape| {
            TeamCounts::from_scrape(scrape) == scenario.expected_counts
        })
        .await;
    let asked = requests(&heroku, Endpoint::Team).len();
    wait_until("three more polls", || {
        (requests(&heroku, Endpoint::Usage).len() >= 4).then_some(())
    })
    .await;
    assert_eq!(requests(&heroku, Endpoint::Team).len(), asked);
    let id = scenario.team_ids();
    for request in requests(&heroku, Endpoint::Usage) {
        assert_eq!(request.team.as_deref(), Some(id.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_team_given_by_its_id_needs_no_resolving() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Team, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    // Who it is, is asked once all figures are there.
    exporter.wait_for_scrape("figures", all_up).await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert_eq!(TeamCounts::from_scrape(&scrape), scenario.expected_counts);
    let asked = heroku.requests();
    let first: Vec<_> = asked
        .iter()
        .take(2)
        .map(|request| request.endpoint)
        .collect();
    assert!(!first.contains(&Some(Endpoint::Team)), "{first:?}");
}

/// A team that is named twice, once by its name and once by its id, stands once in a scrape: twice, Prometheus would throw the scrape away.
#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_is_named_twice_stands_once() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let teams = format!("ops,{},ops", scenario.team_ids());
    let Some(builder) = scenario.exporter_builder(&heroku, &teams) else {
        return;
    };
    let exporter = builder.arg("--poll.interval=1s").start().await;
    exporter
        .wait_for_scrape("figures", |scrape| {
            TeamCounts::from_scrape(scrape) == scenario.expected_counts
        })
        .await;
    wait_until("a second poll of each", || {
        (requests(&heroku, Endpoint::Usage).len() >= 4).then_some(())
    })
    .await;
    let scrape = Scrape::parse(&exporter.metrics().await);
    assert_eq!(TeamCounts::from_scrape(&scrape), scenario.expected_counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_never_asks_heroku() {
    let scenario = Scenario::named("several_teams");
    let heroku = scenario.start_simulator().await;
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    exporter
        .wait_for_scrape("figures", |scrape| {
            TeamCounts::from_scrape(scrape) == scenario.expected_counts
        })
        .await;
    let of_figures = || {
        let asked = [Endpoint::Invoices, Endpoint::Usage].map(|e| requests(&heroku, e).len());
        asked.into_iter().sum::<usize>()
    };
    let before = of_figures();
    for _ in 0..50 {
        exporter.metrics().await;
        exporter.get("/health").await;
        exporter.get("/").await;
    }
    assert_eq!(of_figures(), before);
}

/// A relay in front of `heroku` that counts the connections made to it, and where it listens.
async fn counted(heroku: &Simulator) -> (Arc<AtomicUsize>, String) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
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
                // It ends when either side has had enough, whichever way.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (connections, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_used_again() {
    let scenario = Scenario::named("paged_invoices");
    let heroku = scenario.start_simulator().await;
    let (connections, url) = counted(&heroku).await;
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let builder = builder.env("HEROKU_API_URL", &url);
    let _exporter = builder.arg("--poll.interval=1s").start().await;
    wait_until("a score of requests", || {
        (heroku.requests().len() >= 20).then_some(())
    })
    .await;
    // Where Heroku is slow the two endpoints are under way at once, and four of what is asked beside.
    let connections = connections.load(Ordering::SeqCst);
    assert!(connections <= 6, "{connections} connections");
}

/// Proxies of the environment stay out of loopback.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_on_loopback_is_asked_through_no_proxy() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    let nobody = "http://127.0.0.1:1";
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let builder = builder.env("HTTP_PROXY", nobody).env("http_proxy", nobody);
    let builder = builder.env("HTTPS_PROXY", nobody).env("ALL_PROXY", nobody);
    let exporter = builder.start().await;
    exporter
        .wait_for_scrape("figures", |scrape| {
            TeamCounts::from_scrape(scrape) == scenario.expected_counts
        })
        .await;
}
