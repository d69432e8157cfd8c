//! The request log and the shutdown of a simulator.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

mod client;

use client::get;
use heroku_sim::{Company, Endpoint, Simulator};
use jiff::civil::date;

async fn start_simulator() -> Simulator {
    let company = Company::from_json(r#"{"teams": [{"id": "1", "name": "ops"}]}"#).unwrap();
    Simulator::builder(company, date(2026, 8, 14))
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn logs_requests_in_order() {
    let heroku = start_simulator().await;
    get(&heroku, "/teams/o%70s/invoices?x=1").await;
    get(&heroku, "/nowhere").await;
    let requests = heroku.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str()),
        ("GET", "/teams/o%70s/invoices?x=1")
    );
    assert_eq!(
        (
            requests[0].endpoint,
            requests[0].team.as_deref(),
            requests[0].status
        ),
        (Some(Endpoint::Invoices), Some("ops"), Some(200))
    );
    assert_eq!(
        requests[0].header("AUTHORIZATION"),
        Some(format!("Bearer {}", heroku.token()).as_str())
    );
    assert_eq!(
        (requests[1].endpoint, requests[1].status),
        (None, Some(404))
    );
    assert!(requests[0].received_at <= requests[1].received_at);
    heroku.clear_requests();
    assert!(heroku.requests().is_empty());
}

#[tokio::test]
async fn stops_listening_on_shutdown_and_drop() {
    let first = start_simulator().await;
    let addr = first.addr();
    assert_eq!(first.url(), format!("http://{addr}"));
    assert!(addr.ip().is_loopback());
    first.shutdown().await;
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());

    let second = start_simulator().await;
    let addr = second.addr();
    drop(second);
    let mut is_closed = false;
    for _ in 0..100 {
        is_closed |= tokio::net::TcpStream::connect(addr).await.is_err();
        tokio::task::yield_now().await;
    }
    assert!(is_closed);
}
