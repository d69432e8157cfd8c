//! Injected faults.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

mod client;

use std::io::ErrorKind;
use std::time::Duration;

use client::{get, request_to};
use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};
use jiff::civil::date;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PATH: &str = "/teams/ops/invoices";

async fn start_simulator() -> Simulator {
    let invoices: Vec<_> = (0..40)
        .map(|number| json!({ "id": format!("{number:03}"), "number": number }))
        .collect();
    let company = json!({ "teams": [{ "id": "1", "name": "ops", "invoices": invoices }, { "id": "2", "name": "web" }] });
    Simulator::builder(
        Company::from_json(&company.to_string()).unwrap(),
        date(2026, 8, 14),
    )
    .start()
    .await
    .unwrap()
}

/// Starts a simulator with one fault of the invoices endpoint.
async fn start_with_fault(fault: Fault) -> Simulator {
    let heroku = start_simulator().await;
    heroku.inject_fault(Endpoint::Invoices, fault, Times::Once);
    heroku
}

#[tokio::test]
async fn status_sends_documented_error_body() {
    for (status, id) in [
        (400, "bad_request"),
        (401, "unauthorized"),
        (402, "delinquent"),
        (403, "forbidden"),
        (404, "not_found"),
        (406, "not_acceptable"),
        (410, "gone"),
        (416, "requested_range_not_satisfiable"),
        (422, "invalid_params"),
        (429, "rate_limit"),
        (500, "internal_server_error"),
        (503, "service_unavailable"),
    ] {
        let heroku = start_with_fault(Fault::Status(status)).await;
        let response = get(&heroku, PATH).await;
        assert_eq!(
            (response.status, response.error_id()),
            (Some(status), id.to_owned())
        );
        assert!(response.json()["message"].is_string() && response.json()["url"].is_string());
        assert!(
            response.header("Request-Id").is_some()
                && response.header("RateLimit-Remaining").is_some()
        );
        assert_eq!(heroku.requests()[0].status, Some(status));
        assert_eq!(get(&heroku, PATH).await.status, Some(200));
    }
}

#[tokio::test]
async fn selects_faults_by_team_and_endpoint() {
    let heroku = start_simulator().await;
    heroku.inject_fault_for("1", Endpoint::Invoices, Fault::Status(500), Times::Count(2));
    heroku.inject_fault(Endpoint::Any, Fault::Status(503), Times::Always);
    heroku.inject_fault(Endpoint::Invoices, Fault::Status(402), Times::Always);
    assert_eq!(get(&heroku, PATH).await.status, Some(500));
    assert_eq!(get(&heroku, "/teams/web/invoices").await.status, Some(503));
    assert_eq!(get(&heroku, "/nowhere").await.status, Some(503));
    assert_eq!(get(&heroku, "/teams/1/invoices").await.status, Some(500));
    assert_eq!(get(&heroku, PATH).await.status, Some(503));
    heroku.clear_faults();
    assert_eq!(get(&heroku, PATH).await.status, Some(200));
}

#[tokio::test]
async fn rate_limited_sends_optional_retry_after() {
    let heroku = start_with_fault(Fault::RateLimited {
        retry_after: Some(7),
    })
    .await;
    let response = get(&heroku, PATH).await;
    assert_eq!(
        (response.status, response.error_id()),
        (Some(429), "rate_limit".to_owned())
    );
    assert_eq!(
        (
            response.header("Retry-After"),
            response.header("RateLimit-Remaining")
        ),
        (Some("7"), Some("0"))
    );
    heroku.inject_fault(
        Endpoint::Invoices,
        Fault::RateLimited { retry_after: None },
        Times::Once,
    );
    assert_eq!(get(&heroku, PATH).await.header("Retry-After"), None);
}

#[tokio::test]
async fn serves_html_and_arbitrary_responses() {
    let heroku = start_with_fault(Fault::Html { status: 503 }).await;
    let response = request_to(&heroku, PATH)
        .with_header("Accept-Encoding", "gzip")
        .send(&heroku)
        .await;
    assert_eq!(
        (response.status, response.header("Content-Type")),
        (Some(503), Some("text/html; charset=utf-8"))
    );
    assert!(response.body.starts_with(b"<!DOCTYPE html>"));

    let fault = Fault::Response {
        status: 200,
        content_type: "text/plain".to_owned(),
        body: b"\xff\x00[".to_vec(),
    };
    heroku.inject_fault(Endpoint::Invoices, fault, Times::Once);
    let response = request_to(&heroku, PATH)
        .with_header("Accept-Encoding", "gzip")
        .send(&heroku)
        .await;
    assert_eq!(
        (
            response.status,
            response.header("Content-Type"),
            response.body.as_slice()
        ),
        (Some(200), Some("text/plain"), b"\xff\x00[".as_slice())
    );
}

#[tokio::test]
async fn delay_precedes_normal_response() {
    let heroku = start_with_fault(Fault::Delay(Duration::from_millis(150))).await;
    let response = get(&heroku, PATH).await;
    assert_eq!(response.ids().len(), 40);
    assert!(response.duration >= Duration::from_millis(150));
}

#[tokio::test]
async fn hang_sends_no_response() {
    let heroku = start_with_fault(Fault::Hang).await;
    let request = request_to(&heroku, PATH);
    assert!(
        tokio::time::timeout(Duration::from_millis(150), request.send(&heroku))
            .await
            .is_err()
    );
    assert_eq!(heroku.requests()[0].status, None);
    assert_eq!(get(&heroku, PATH).await.status, Some(200));
}

#[tokio::test]
async fn shutdown_closes_hanging_connection() {
    let heroku = start_with_fault(Fault::Hang).await;
    let mut tcp = tokio::net::TcpStream::connect(heroku.addr()).await.unwrap();
    tcp.write_all(b"GET /teams/ops/invoices HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    while heroku.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    heroku.shutdown().await;
    let mut byte = [0; 1];
    let read = tcp.read(&mut byte);
    let result = tokio::time::timeout(Duration::from_secs(5), read)
        .await
        .unwrap();
    assert!(matches!(result, Ok(0) | Err(_)));
}

#[tokio::test]
async fn drip_limits_rate() {
    let normal = get(&start_simulator().await, PATH).await;
    let rate = u32::try_from(normal.body.len()).unwrap() * 5;
    let heroku = start_with_fault(Fault::Drip {
        bytes_per_second: rate,
    })
    .await;
    let response = get(&heroku, PATH).await;
    assert_eq!(response.body, normal.body);
    assert_eq!(
        response.header("Content-Length"),
        Some(normal.body.len().to_string().as_str())
    );
    assert!(
        response.duration >= Duration::from_millis(190),
        "{:?}",
        response.duration
    );
}

#[tokio::test]
async fn truncated_body_ends_with_fin() {
    let length = get(&start_simulator().await, PATH).await.body.len();
    for (after, sent) in [(100, 100), (0, 0), (1_000_000, length - 1)] {
        let heroku = start_with_fault(Fault::TruncateBody { after }).await;
        let response = get(&heroku, PATH).await;
        assert_eq!((response.status, response.body.len()), (Some(200), sent));
        assert_eq!(
            response.header("Content-Length"),
            Some(length.to_string().as_str())
        );
        assert!(response.close_result.is_ok(), "{:?}", response.close_result);
    }
}

#[tokio::test]
async fn resets_connection_in_head_or_body() {
    let heroku = start_with_fault(Fault::ResetInBody { after: 100 }).await;
    let response = get(&heroku, PATH).await;
    assert_eq!((response.status, response.body.len()), (Some(200), 100));
    assert_eq!(
        response.close_result.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(heroku.requests()[0].status, Some(200));

    heroku.inject_fault(Endpoint::Invoices, Fault::ResetInHeaders, Times::Once);
    let response = get(&heroku, PATH).await;
    assert_eq!(response.status, None);
    assert!(response.body.starts_with(b"HTTP/1.1 "));
    assert_eq!(
        response.close_result.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(heroku.requests()[1].status, None);
    assert_eq!(get(&heroku, PATH).await.ids().len(), 40);
}

#[tokio::test]
async fn not_gzip_sends_uncompressed_body() {
    let heroku = start_with_fault(Fault::NotGzip).await;
    let response = request_to(&heroku, PATH)
        .with_header("Accept-Encoding", "gzip")
        .send(&heroku)
        .await;
    assert_eq!(response.header("Content-Encoding"), Some("gzip"));
    assert!(response.gunzipped().is_err());
    assert_eq!(response.ids().len(), 40);
}

#[tokio::test]
async fn redirect_has_location() {
    let heroku = start_with_fault(Fault::Redirect {
        location: "http://127.0.0.1:9/teams".to_owned(),
        status: 307,
    })
    .await;
    let response = get(&heroku, PATH).await;
    assert_eq!(
        (response.status, response.header("Location")),
        (Some(307), Some("http://127.0.0.1:9/teams"))
    );
}

#[tokio::test]
async fn range_loop_repeats_next_range() {
    let heroku = start_simulator().await;
    heroku.inject_fault(Endpoint::Invoices, Fault::RangeLoop, Times::Always);
    let first = get(&heroku, PATH).await;
    let next = first.header("Next-Range").unwrap();
    let second = request_to(&heroku, PATH)
        .with_header("Range", next)
        .with_header("If-None-Match", "*")
        .send(&heroku)
        .await;
    assert_eq!((first.status, second.status), (Some(206), Some(206)));
    assert_eq!(second.header("Next-Range"), Some(next));
    assert_eq!(second.body, first.body);
}

#[tokio::test]
async fn huge_body_has_given_length() {
    let heroku = start_with_fault(Fault::HugeBody { bytes: 3_000_000 }).await;
    let response = get(&heroku, PATH).await;
    assert_eq!(
        (response.status, response.header("Content-Length")),
        (Some(200), None)
    );
    assert_eq!(response.header("Transfer-Encoding"), Some("chunked"));
    // The client does not decode chunks, so the body includes their lengths.
    assert!(
        (3_000_000..3_010_000).contains(&response.body.len()),
        "{}",
        response.body.len()
    );
}

#[tokio::test]
async fn empty_list_has_no_rows() {
    let heroku = start_with_fault(Fault::EmptyList).await;
    assert_eq!(get(&heroku, PATH).await.json(), json!([]));
}

#[tokio::test]
async fn fault_precedes_authentication() {
    let heroku = start_with_fault(Fault::Status(503)).await;
    let response = request_to(&heroku, PATH)
        .without_header("Authorization")
        .send(&heroku)
        .await;
    assert_eq!(response.status, Some(503));
}

#[tokio::test]
async fn cuts_one_response_of_persistent_connection() {
    let heroku = start_simulator().await;
    heroku.inject_fault(Endpoint::Team, Fault::ResetInBody { after: 5 }, Times::Once);
    let mut tcp = tokio::net::TcpStream::connect(heroku.addr()).await.unwrap();
    let mut received = Vec::new();
    for (path, is_complete) in [
        ("/teams", true),
        ("/account/rate-limits", true),
        ("/teams/ops", false),
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: t\r\nAuthorization: Bearer {}\r\n\
             Accept: application/vnd.heroku+json; version=3\r\n\r\n",
            heroku.token()
        );
        tcp.write_all(request.as_bytes()).await.unwrap();
        received.clear();
        while !(is_complete && (received.ends_with(b"]") || received.ends_with(b"}"))) {
            match tcp.read_buf(&mut received).await {
                Ok(0) => panic!("unexpected end of stream"),
                Ok(_) => assert!(received.starts_with(b"HTTP/1.1 200 OK\r\n")),
                Err(error) => {
                    assert!(
                        !is_complete && error.kind() == ErrorKind::ConnectionReset,
                        "{error}"
                    );
                    break;
                }
            }
        }
    }
    let body = received
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    assert_eq!(received.len() - body, 5);
}
