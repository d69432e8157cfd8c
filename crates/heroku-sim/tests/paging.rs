//! Ranges, tags and compression: what a client has to walk through to see a whole list.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod client;

use client::{ask, get};
use heroku_sim::{Company, Simulator, Team};
use jiff::civil::date;
use serde_json::{Value, json};

/// A team with so many invoices, the newest first.
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

async fn heroku(invoices: usize, page_size: Option<usize>) -> Simulator {
    let builder = Simulator::builder(company(invoices), date(2026, 8, 14));
    let builder = if let Some(size) = page_size {
        builder.page_size(size)
    } else {
        builder
    };
    builder.start().await.unwrap()
}

/// Every id of the invoices, and the status of each page.
async fn walk(heroku: &Simulator, first: Option<&str>) -> (Vec<String>, Vec<u16>) {
    let (mut ids, mut statuses, mut range) = (Vec::new(), Vec::new(), first.map(str::to_owned));
    loop {
        let mut request = ask(heroku, "/teams/ops/invoices");
        if let Some(range) = &range {
            request = request.with("Range", range);
        }
        let reply = request.send(heroku).await;
        assert!(reply.header("Accept-Ranges").unwrap().starts_with("id"));
        assert!(reply.header("Content-Range").unwrap().starts_with("id "));
        statuses.push(reply.status.unwrap());
        ids.extend(reply.ids());
        assert_eq!(
            reply.header("Next-Range").is_some(),
            reply.status == Some(206)
        );
        let Some(next) = reply.header("Next-Range") else {
            break;
        };
        range = Some(next.to_owned());
    }
    (ids, statuses)
}

#[tokio::test]
async fn a_page_holds_200_unless_asked_for_more() {
    let heroku = heroku(450, None).await;
    let (ids, statuses) = walk(&heroku, None).await;
    assert_eq!(statuses, [206, 206, 200]);
    assert_eq!(ids.len(), 450);
    assert!(ids.is_sorted(), "the order is by id and not by date");
    let (same, statuses) = walk(&heroku, Some("id ..; max=1000")).await;
    assert_eq!(statuses, [200]);
    assert_eq!(same, ids);
    let (same, statuses) = walk(&heroku, Some("id ..; max=100")).await;
    assert_eq!(statuses.len(), 5);
    assert_eq!(same, ids);
}

#[tokio::test]
async fn a_test_can_make_pages_small() {
    let heroku = heroku(5, Some(2)).await;
    for range in [None, Some("id ..; max=1000")] {
        let (ids, statuses) = walk(&heroku, range).await;
        assert_eq!((ids.len(), statuses), (5, vec![206, 206, 200]));
    }
    let reply = get(&heroku, "/teams/ops/invoices").await;
    let last = reply.ids()[1].clone();
    assert_eq!(
        reply.header("Next-Range"),
        Some(format!("]{last}..; max=2").as_str())
    );
}

#[tokio::test]
async fn a_malformed_range_is_416() {
    let heroku = heroku(5, None).await;
    for range in [
        "bytes=0-10",
        "id ..; max=0",
        "id ..; max=5000",
        "date ..",
        "",
    ] {
        let reply = ask(&heroku, "/teams/ops/invoices")
            .with("Range", range)
            .send(&heroku)
            .await;
        assert_eq!(
            (reply.status, reply.error_id()),
            (Some(416), "requested_range_not_satisfiable".to_owned()),
            "{range}"
        );
    }
    assert_eq!(
        ask(&heroku, "/teams")
            .with("Range", "id ..; max=1000")
            .send(&heroku)
            .await
            .status,
        Some(200)
    );
}

#[tokio::test]
async fn a_tag_that_matches_gives_an_empty_304() {
    let heroku = heroku(5, Some(2)).await;
    for path in [
        "/teams",
        "/teams/ops",
        "/teams/ops/invoices",
        "/teams/1/usage/monthly?start=2026-08",
        "/account/rate-limits",
    ] {
        let first = get(&heroku, path).await;
        let tag = first.header("ETag").unwrap();
        for known in [
            tag,
            &format!("\"other\", {}", tag.trim_start_matches("W/")),
            "*",
        ] {
            let again = ask(&heroku, path)
                .with("If-None-Match", known)
                .send(&heroku)
                .await;
            assert_eq!((again.status, again.body.len()), (Some(304), 0), "{path}");
            assert_eq!(again.header("ETag"), Some(tag));
            assert!(again.header("Request-Id").is_some());
            assert_eq!(again.header("Next-Range"), first.header("Next-Range"));
        }
        let other = ask(&heroku, path)
            .with("If-None-Match", "W/\"0\"")
            .send(&heroku)
            .await;
        assert_eq!(other.status, first.status);
        assert_eq!(other.body, first.body);
    }
    assert_eq!(get(&heroku, "/nowhere").await.header("ETag"), None);
    let tag = get(&heroku, "/teams/ops/invoices")
        .await
        .header("ETag")
        .unwrap()
        .to_owned();
    heroku.set_company(company(50));
    let changed = ask(&heroku, "/teams/ops/invoices")
        .with("If-None-Match", &tag)
        .send(&heroku)
        .await;
    assert_eq!(changed.status, Some(206));
}

#[tokio::test]
async fn an_answer_is_compressed_for_those_who_can_read_it() {
    let heroku = heroku(100, None).await;
    let plain = get(&heroku, "/teams/ops/invoices").await;
    assert_eq!(plain.header("Content-Encoding"), None);
    let gzip = ask(&heroku, "/teams/ops/invoices")
        .with("Accept-Encoding", "br, gzip;q=0.8")
        .send(&heroku)
        .await;
    assert_eq!(gzip.header("Content-Encoding"), Some("gzip"));
    assert_eq!(gzip.gunzipped().unwrap(), plain.body);
    assert_eq!(gzip.header("ETag"), plain.header("ETag"));
    let refused = ask(&heroku, "/teams/ops/invoices")
        .with("Accept-Encoding", "gzip; q=0")
        .send(&heroku)
        .await;
    assert_eq!(refused.header("Content-Encoding"), None);
    assert!(matches!(plain.json(), Value::Array(rows) if rows.len() == 100));
}
