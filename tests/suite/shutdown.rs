//! Graceful shutdown while a connection to Heroku is being established.
//!
//! `tests/web/shutdown.rs` covers signals, polls and clients.

use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::scenario::Scenario;

/// The connection attempt would time out after ten seconds and log a warning.
#[tokio::test(flavor = "multi_thread")]
async fn stops_while_connecting_to_heroku() {
    let scenario = Scenario::named("one_team");
    let socket = TcpSocket::new_v4().expect("a socket");
    let loopback = "127.0.0.1:0".parse().expect("an address");
    socket.bind(loopback).expect("loopback has a free port");
    let listener = socket.listen(1).expect("the socket is bound");
    let address = listener.local_addr().expect("the listener is bound");
    // Connections that are never accepted fill the backlog, so further ones hang.
    let mut connections = JoinSet::new();
    for _ in 0..8 {
        connections.spawn(TcpStream::connect(address));
    }
    let first = connections.join_next().await;
    assert!(first.is_some_and(|first| first.is_ok()));
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
    assert!(!log.contains("level=warn"), "the poll timed out:\n{log}");
}
