//! Pagination, conditional requests and compression.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

mod client;

use client::{get, request_to};
use heroku_sim::{Company, Simulator, Team};
use jiff::civil::date;
use serde_json::{Value, json};

/// Returns a company with one team and a number of its invoices, newest first.
fn company(invoices: usize) -> Company {
    let invoices = (0..invoices)
        .rev()
        .map(|number| json!({ "id": format!("{:04}", number * 7919 % 9973), "number": number }))
        .collect();
    let team = Team {
        id: "1".to_owned(),
        name: "ops".to_owned(),
        invoices,
        usage: vec![json!({ "month": "2026-08" })],
        ..Team::default()
    };
    Company {
        teams: vec![team],
        ..Company::default()
    }
}

async fn start_simulator(invoices: usize, page_size: Option<usize>) -> Simulator {
    let builder = Simulator::builder(company(invoices), date(2026, 8, 14));
    let builder = if let Some(size) = page_size {
        builder.page_size(size)
    } else {
        builder
    };
    builder.start().await.unwrap()
}

/// Returns the ids of all invoices and the status of each page.
async fn fetch_all(heroku: &Simulator, first: Option<&str>) -> (Vec<String>, Vec<u16>) {
    let (mut ids, mut statuses, mut range) = (Vec::new(), Vec::new(), first.map(str::to_owned));
    loop {
        let mut request = request_to(heroku, "/teams/ops/invoices");
        if let Some(range) = &range {
            request = request.with_header("Range", range);
        }
        let response = request.send(heroku).await;
        assert!(response.header("Accept-Ranges").unwrap().starts_with("id"));
        assert!(response.header("Content-Range").unwrap().starts_with("id "));
        statuses.push(response.status.unwrap());
        ids.extend(response.ids());
        assert_eq!(
            response.header("Next-Range").is_some(),
            response.status == Some(206)
        );
        let Some(next) = response.header("Next-Range") else {
            break;
        };
        range = Some(next.to_owned());
    }
    (ids, statuses)
}

#[tokio::test]
async fn page_has_200_elements_by_default() {
    let heroku = start_simulator(450, None).await;
    let (ids, statuses) = fetch_all(&heroku, None).await;
    assert_eq!(statuses, [206, 206, 200]);
    assert_eq!(ids.len(), 450);
    assert!(ids.is_sorted(), "not ordered by id");
    let (same, statuses) = fetch_all(&heroku, Some("id ..; max=1000")).await;
    assert_eq!(statuses, [200]);
    assert_eq!(same, ids);
    let (same, statuses) = fetch_all(&heroku, Some("id ..; max=100")).await;
    assert_eq!(statuses.len(), 5);
    assert_eq!(same, ids);
}

#[tokio::test]
async fn builder_limits_page_size() {
    let heroku = start_simulator(5, Some(2)).await;
    for range in [None, Some("id ..; max=1000")] {
        let (ids, statuses) = fetch_all(&heroku, range).await;
        assert_eq!((ids.len(), statuses), (5, vec![206, 206, 200]));
    }
    let response = get(&heroku, "/teams/ops/invoices").await;
    let last = response.ids()[1].clone();
    assert_eq!(
        response.header("Next-Range"),
        Some(format!("]{last}..; max=2").as_str())
    );
}

#[tokio::test]
async fn rejects_malformed_range_with_416() {
    let heroku = start_simulator(5, None).await;
    for range in [
        "bytes=0-10",
        "id ..; max=0",
        "id ..; max=5000",
        "date ..",
        "",
    ] {
        let response = request_to(&heroku, "/teams/ops/invoices")
            .with_header("Range", range)
            .send(&heroku)
            .await;
        assert_eq!(
            (response.status, response.error_id()),
            (Some(416), "requested_range_not_satisfiable".to_owned()),
            "{range}"
        );
    }
    assert_eq!(
        request_to(&heroku, "/teams")
            .with_header("Range", "id ..; max=1000")
            .send(&heroku)
            .await
            .status,
        Some(200)
    );
}

#[tokio::test]
async fn responds_with_304_to_matching_etag() {
    let heroku = start_simulator(5, Some(2)).await;
    for path in [
        "/teams",
        "/teams/ops",
        "/teams/ops/invoices",
        "/teams/1/usage/monthly?start=2026-08",
        "/account/rate-limits",
    ] {
        let first = get(&heroku, path).await;
        let etag = first.header("ETag").unwrap();
        for if_none_match in [
            etag,
            &format!("\"other\", {}", etag.trim_start_matches("W/")),
            "*",
        ] {
            let again = request_to(&heroku, path)
                .with_header("If-None-Match", if_none_match)
                .send(&heroku)
                .await;
            assert_eq!((again.status, again.body.len()), (Some(304), 0), "{path}");
            assert_eq!(again.header("ETag"), Some(etag));
            assert!(again.header("Request-Id").is_some());
            assert_eq!(again.header("Next-Range"), first.header("Next-Range"));
        }
        let other = request_to(&heroku, path)
            .with_header("If-None-Match", "W/\"0\"")
            .send(&heroku)
            .await;
        assert_eq!(other.status, first.status);
        assert_eq!(other.body, first.body);
    }
    assert_eq!(get(&heroku, "/nowhere").await.header("ETag"), None);
    let etag = get(&heroku, "/teams/ops/invoices")
        .await
        .header("ETag")
        .unwrap()
        .to_owned();
    heroku.set_company(company(50));
    let changed = request_to(&heroku, "/teams/ops/invoices")
        .with_header("If-None-Match", &etag)
        .send(&heroku)
        .await;
    assert_eq!(changed.status, Some(206));
}

#[tokio::test]
async fn compresses_responses_if_accepted() {
    let heroku = start_simulator(100, None).await;
    let plain = get(&heroku, "/teams/ops/invoices").await;
    assert_eq!(plain.header("Content-Encoding"), None);
    let gzip = request_to(&heroku, "/teams/ops/invoices")
        .with_header("Accept-Encoding", "br, gzip;q=0.8")
        .send(&heroku)
        .await;
    assert_eq!(gzip.header("Content-Encoding"), Some("gzip"));
    assert_eq!(gzip.gunzipped().unwrap(), plain.body);
    assert_eq!(gzip.header("ETag"), plain.header("ETag"));
    let identity = request_to(&heroku, "/teams/ops/invoices")
        .with_header("Accept-Encoding", "gzip; q=0")
        .send(&heroku)
        .await;
    assert_eq!(identity.header("Content-Encoding"), None);
    assert!(matches!(plain.json(), Value::Array(rows) if rows.len() == 100));
}
