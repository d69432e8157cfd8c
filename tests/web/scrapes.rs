//! Scrapes over keep-alive connections.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use exporter_toolkit::server::Limits;
use heroku_api::stats::ClientStats;
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::snapshot::{EndpointStatus, LastSuccess, Snapshot, Team};
use jiff::Timestamp;

use crate::program::{connect, eventually, exchange, get, status};
use crate::served::Served;

const NOW: Timestamp = Timestamp::constant(1_795_435_200, 0);

/// A scrape as Prometheus sends it.
const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: x\r\nUser-Agent: Prometheus/3\r\n\
    Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1\r\n\
    Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n";

/// A scrape of whom text will do.
const PLAIN: &str = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

/// A team with so many apps.
fn snapshot(apps: usize) -> Snapshot {
    let figures = UsageAmounts {
        dynos: Some(1.0),
        data: Some(2.0),
        partner: Some(3.0),
        addons: Some(4.0),
        connect: Some(5.0),
    };
    let usage = MonthlyUsage {
        team_name: None,
        team: figures,
        spaces: Spaces::default(),
        apps: (0..apps)
            .map(|app| (format!("app-{app:05}"), figures))
            .collect(),
    };
    let usage = Usage {
        months: [(Month::at(NOW), usage)].into(),
    };
    let team = Team {
        name: "acme".to_owned(),
        usage: EndpointStatus {
            last_success: Some(LastSuccess {
                data: Arc::new(usage),
                at: NOW,
                changed_at: NOW,
            }),
            ..EndpointStatus::default()
        },
        polled_endpoints: Team::ENDPOINTS,
        ..Team::default()
    };
    Snapshot::new(vec![team], true, ClientStats::default())
}

fn served(apps: usize, limits: Limits) -> Served {
    Served::new(snapshot(apps), Clock::from_fn(|| NOW), limits)
}

#[test]
fn a_connection_is_asked_one_thing_and_another() {
    let served = served(2, Limits::default());
    let mut stream = connect(served.address);
    for _ in 0..3 {
        for (request, compressed) in [(SCRAPE, true), (PLAIN, false), (PLAIN, false)] {
            let (head, body) = exchange(&mut stream, request);
            assert_eq!(head.contains("content-encoding: gzip"), compressed);
            assert_eq!(body.starts_with(b"# HELP"), !compressed);
        }
    }
    let (head, body) = exchange(&mut stream, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && body == b"OK");
    // The counts in a body can be a second old.
    std::thread::sleep(Duration::from_millis(1_100));
    let (_, body) = exchange(&mut stream, PLAIN);
    let body = String::from_utf8(body).unwrap();
    let counted = "http_requests_total{path=\"/metrics\",code=\"200\"} 9\n";
    assert!(body.contains(counted), "{body}");
    assert_eq!(served.counted("/metrics", "200"), 10);
    assert_eq!(served.counted("/health", "200"), 1);
}

#[test]
fn a_scrape_that_is_not_taken_is_in_flight_until_the_connection_is_cut() {
    let short = Duration::from_millis(300);
    let limits = Limits {
        requests: Some(1),
        idle: short,
        write_timeout: short,
        ..Limits::default()
    };
    // More than the system keeps for a connection.
    let served = served(40_000, limits);
    let mut taker = connect(served.address);
    taker.write_all(PLAIN.as_bytes()).unwrap();
    taker.read_exact(&mut [0]).unwrap();
    let mut other = connect(served.address);
    assert_eq!(status(&exchange(&mut other, SCRAPE).0), "503");
    // Whether it lives is known all the same.
    assert_eq!(status(&get(served.address, "/health")), "200");
    eventually("the connection is cut", || {
        status(&exchange(&mut connect(served.address), SCRAPE).0) == "200"
    });
    assert!(served.counted("/metrics", "503") > 0);
}
