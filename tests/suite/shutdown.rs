//! Being told to stop: the program ends at once and well, whatever it is in the middle of.

use std::time::{Duration, Instant};

use heroku_sim::{Endpoint, Fault, Times};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::exporter::{ExporterBuilder, wait_until};
use crate::scenario::{Scenario, TeamCounts};

#[tokio::test(flavor = "multi_thread")]
async fn either_signal_ends_it_with_status_0() {
    for signal in ["TERM", "INT"] {
        let scenario = Scenario::named("one_team");
        let heroku = scenario.start_simulator().await;
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
            return;
        };
        let mut exporter = builder.start().await;
        exporter
            .wait_for_scrape("figures", |scrape| {
                TeamCounts::from_scrape(scrape) == scenario.expected_counts
            })
            .await;
        exporter.signal(signal);
        assert_eq!(
            exporter.wait_for_exit().await.code(),
            Some(0),
            "{signal}: {}",
            exporter.full_log()
        );
    }
}

/// A poll in the middle is not waited for: it would take fifteen seconds at the least to time out.
#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_hangs_does_not_hold_it_up() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let mut exporter = builder.start().await;
    wait_until("both requests", || {
        (heroku.requests().len() == 2).then_some(())
    })
    .await;
    exporter.signal("TERM");
    assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
    let log = exporter.full_log();
    assert!(!log.contains("timeout"), "it waited for the poll:\n{log}");
}

/// Nor is a connection that is never made, which would take ten seconds to time out: the queue of those to be accepted is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_never_made_does_not_hold_it_up() {
    let scenario = Scenario::named("one_team");
    let socket = TcpSocket::new_v4().expect("a socket");
    let loopback = "127.0.0.1:0".parse().expect("an address");
    socket.bind(loopback).expect("loopback has a free port");
    let full = socket.listen(1).expect("it is bound");
    let address = full.local_addr().expect("it is bound");
    // More than the queue has room for; those beyond it stay in the middle of being made.
    let mut waiting = JoinSet::new();
    for _ in 0..8 {
        waiting.spawn(TcpStream::connect(address));
    }
    let made = waiting.join_next().await;
    assert!(made.is_some_and(|made| made.is_ok()));
    let heroku = scenario.start_simulator().await;
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
        return;
    };
    let builder = builder.env("HEROKU_API_URL", &format!("http://{address}"));
    let mut exporter = builder.start().await;
    exporter.metrics().await;
    exporter.signal("TERM");
    assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
    let log = exporter.full_log();
    assert!(
        !log.contains("level=warn"),
        "it waited for the poll:\n{log}"
    );
}

/// A client that holds its connection open, or says nothing on it, does not hold the program up for longer than two seconds or so.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_nothing_does_not_hold_it_up() {
    let mut exporter = ExporterBuilder::new(&["demo"]).start().await;
    let _silent = TcpStream::connect(exporter.addresses[0])
        .await
        .expect("it listens");
    exporter.metrics().await;
    let told = Instant::now();
    exporter.signal("TERM");
    assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
    // The header timeout is thirty seconds; anything far below it tells that it was not waited for.
    assert!(
        told.elapsed() < Duration::from_secs(25),
        "{}",
        exporter.full_log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_ends_too() {
    let mut exporter = ExporterBuilder::new(&["demo"]).start().await;
    // An answer tells that it has come as far as minding signals.
    exporter.get("/health").await;
    exporter.signal("INT");
    assert_eq!(
        exporter.wait_for_exit().await.code(),
        Some(0),
        "{}",
        exporter.full_log()
    );
}
