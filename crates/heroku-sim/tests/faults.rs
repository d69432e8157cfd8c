//! Every fault does to a connection what its name says.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod client;

use std::io::ErrorKind;
use std::time::Duration;

use client::{ask, get};
use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};
use jiff::civil::date;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PATH: &str = "/teams/ops/invoices";

async fn heroku() -> Simulator {
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

/// A simulator whose invoices suffer from a fault once.
async fn suffering(fault: Fault) -> Simulator {
    let heroku = heroku().await;
    heroku.script(Endpoint::Invoices, fault, Times::Once);
    heroku
}

#[tokio::test]
async fn statuses_come_with_herokus_bodies() {
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
        let heroku = suffering(Fault::Status(status)).await;
        let reply = get(&heroku, PATH).await;
        assert_eq!(
            (reply.status, reply.error_id()),
            (Some(status), id.to_owned())
        );
        assert!(reply.json()["message"].is_string() && reply.json()["url"].is_string());
        assert!(
            reply.header("Request-Id").is_some() && reply.header("RateLimit-Remaining").is_some()
        );
        assert_eq!(heroku.requests()[0].status, Some(status));
        assert_eq!(get(&heroku, PATH).await.status, Some(200));
    }
}

#[tokio::test]
async fn faults_wait_for_their_team_and_endpoint() {
    let heroku = heroku().await;
    heroku.script_team("1", Endpoint::Invoices, Fault::Status(500), Times::Count(2));
    heroku.script(Endpoint::Any, Fault::Status(503), Times::Always);
    heroku.script(Endpoint::Invoices, Fault::Status(402), Times::Always);
    assert_eq!(get(&heroku, PATH).await.status, Some(500));
    assert_eq!(get(&heroku, "/teams/web/invoices").await.status, Some(503));
    assert_eq!(get(&heroku, "/nowhere").await.status, Some(503));
    assert_eq!(get(&heroku, "/teams/1/invoices").await.status, Some(500));
    assert_eq!(get(&heroku, PATH).await.status, Some(503));
    heroku.clear_faults();
    assert_eq!(get(&heroku, PATH).await.status, Some(200));
}

#[tokio::test]
async fn rate_limited() {
    let heroku = suffering(Fault::RateLimited {
        retry_after: Some(7),
    })
    .await;
    let reply = get(&heroku, PATH).await;
    assert_eq!(
        (reply.status, reply.error_id()),
        (Some(429), "rate_limit".to_owned())
    );
    assert_eq!(
        (
            reply.header("Retry-After"),
            reply.header("RateLimit-Remaining")
        ),
        (Some("7"), Some("0"))
    );
    heroku.script(
        Endpoint::Invoices,
        Fault::RateLimited { retry_after: None },
        Times::Once,
    );
    assert_eq!(get(&heroku, PATH).await.header("Retry-After"), None);
}

#[tokio::test]
async fn html_and_arbitrary_bodies() {
    let heroku = suffering(Fault::Html { status: 503 }).await;
    let reply = ask(&heroku, PATH)
        .with("Accept-Encoding", "gzip")
        .send(&heroku)
        .await;
    assert_eq!(
        (reply.status, reply.header("Content-Type")),
        (Some(503), Some("text/html; charset=utf-8"))
    );
    assert!(reply.body.starts_with(b"<!DOCTYPE html>"));

    let fault = Fault::Body {
        status: 200,
        content_type: "text/plain".to_owned(),
        body: b"\xff\x00[".to_vec(),
    };
    heroku.script(Endpoint::Invoices, fault, Times::Once);
    let reply = ask(&heroku, PATH)
        .with("Accept-Encoding", "gzip")
        .send(&heroku)
        .await;
    assert_eq!(
        (
            reply.status,
            reply.header("Content-Type"),
            reply.body.as_slice()
        ),
        (Some(200), Some("text/plain"), b"\xff\x00[".as_slice())
    );
}

#[tokio::test]
async fn a_delay_ends_in_the_normal_answer() {
    let heroku = suffering(Fault::Delay(Duration::from_millis(150))).await;
    let reply = get(&heroku, PATH).await;
    assert_eq!(reply.ids().len(), 40);
    assert!(reply.took >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_hang_never_ends() {
    let heroku = suffering(Fault::Hang).await;
    let request = ask(&heroku, PATH);
    assert!(
        tokio::time::timeout(Duration::from_millis(150), request.send(&heroku))
            .await
            .is_err()
    );
    assert_eq!(heroku.requests()[0].status, None);
    assert_eq!(get(&heroku, PATH).await.status, Some(200));
}

#[tokio::test]
async fn a_hang_ends_with_the_simulator() {
    let heroku = suffering(Fault::Hang).await;
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
    let ended = tokio::time::timeout(Duration::from_secs(5), read)
        .await
        .unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_drip_takes_its_time() {
    let whole = get(&heroku().await, PATH).await;
    let rate = u32::try_from(whole.body.len()).unwrap() * 5;
    let heroku = suffering(Fault::Drip {
        bytes_per_second: rate,
    })
    .await;
    let reply = get(&heroku, PATH).await;
    assert_eq!(reply.body, whole.body);
    assert_eq!(
        reply.header("Content-Length"),
        Some(whole.body.len().to_string().as_str())
    );
    assert!(reply.took >= Duration::from_millis(190), "{:?}", reply.took);
}

#[tokio::test]
async fn a_truncated_body_ends_in_good_order() {
    let length = get(&heroku().await, PATH).await.body.len();
    for (after, sent) in [(100, 100), (0, 0), (1_000_000, length - 1)] {
        let heroku = suffering(Fault::TruncateBody { after }).await;
        let reply = get(&heroku, PATH).await;
        assert_eq!((reply.status, reply.body.len()), (Some(200), sent));
        assert_eq!(
            reply.header("Content-Length"),
            Some(length.to_string().as_str())
        );
        assert!(reply.end.is_ok(), "{:?}", reply.end);
    }
}

#[tokio::test]
async fn resets_reset() {
    let heroku = suffering(Fault::ResetInBody { after: 100 }).await;
    let reply = get(&heroku, PATH).await;
    assert_eq!((reply.status, reply.body.len()), (Some(200), 100));
    assert_eq!(reply.end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(heroku.requests()[0].status, Some(200));

    heroku.script(Endpoint::Invoices, Fault::ResetInHeaders, Times::Once);
    let reply = get(&heroku, PATH).await;
    assert_eq!(reply.status, None);
    assert!(reply.body.starts_with(b"HTTP/1.1 "));
    assert_eq!(reply.end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(heroku.requests()[1].status, None);
    assert_eq!(get(&heroku, PATH).await.ids().len(), 40);
}

#[tokio::test]
async fn a_false_gzip_is_plain() {
    let heroku = suffering(Fault::NotGzip).await;
    let reply = ask(&heroku, PATH)
        .with("Accept-Encoding", "gzip")
        .send(&heroku)
        .await;
    assert_eq!(reply.header("Content-Encoding"), Some("gzip"));
    assert!(reply.gunzipped().is_err());
    assert_eq!(reply.ids().len(), 40);
}

#[tokio::test]
async fn a_redirect_points_elsewhere() {
    let heroku = suffering(Fault::Redirect {
        location: "http://127.0.0.1:9/teams".to_owned(),
        status: 307,
    })
    .await;
    let reply = get(&heroku, PATH).await;
    assert_eq!(
        (reply.status, reply.header("Location")),
        (Some(307), Some("http://127.0.0.1:9/teams"))
    );
}

#[tokio::test]
async fn a_range_loop_never_moves_on() {
    let heroku = heroku().await;
    heroku.script(Endpoint::Invoices, Fault::RangeLoop, Times::Always);
    let first = get(&heroku, PATH).await;
    let next = first.header("Next-Range").unwrap();
    let second = ask(&heroku, PATH)
        .with("Range", next)
        .with("If-None-Match", "*")
        .send(&heroku)
        .await;
    assert_eq!((first.status, second.status), (Some(206), Some(206)));
    assert_eq!(second.header("Next-Range"), Some(next));
    assert_eq!(second.body, first.body);
}

#[tokio::test]
async fn a_huge_body_is_as_long_as_scripted() {
    let heroku = suffering(Fault::HugeBody { bytes: 3_000_000 }).await;
    let reply = get(&heroku, PATH).await;
    assert_eq!(
        (reply.status, reply.header("Content-Length")),
        (Some(200), None)
    );
    assert_eq!(reply.header("Transfer-Encoding"), Some("chunked"));
    // The lines that say how long a chunk is come on top.
    assert!(
        (3_000_000..3_010_000).contains(&reply.body.len()),
        "{}",
        reply.body.len()
    );
}

#[tokio::test]
async fn an_empty_list_is_empty() {
    let heroku = suffering(Fault::EmptyList).await;
    assert_eq!(get(&heroku, PATH).await.json(), json!([]));
}

#[tokio::test]
async fn a_fault_comes_before_the_door() {
    let heroku = suffering(Fault::Status(503)).await;
    let reply = ask(&heroku, PATH)
        .without("Authorization")
        .send(&heroku)
        .await;
    assert_eq!(reply.status, Some(503));
}

#[tokio::test]
async fn a_cut_strikes_its_own_answer_on_a_kept_connection() {
    let heroku = heroku().await;
    heroku.script(Endpoint::Team, Fault::ResetInBody { after: 5 }, Times::Once);
    let mut tcp = tokio::net::TcpStream::connect(heroku.addr()).await.unwrap();
    let mut said = Vec::new();
    for (path, ends) in [
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
        said.clear();
        while !(ends && (said.ends_with(b"]") || said.ends_with(b"}"))) {
            match tcp.read_buf(&mut said).await {
                Ok(0) => panic!("closed in good order"),
                Ok(_) => assert!(said.starts_with(b"HTTP/1.1 200 OK\r\n")),
                Err(error) => {
                    assert!(
                        !ends && error.kind() == ErrorKind::ConnectionReset,
                        "{error}"
                    );
                    break;
                }
            }
        }
    }
    let body = said
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    assert_eq!(said.len() - body, 5);
}
