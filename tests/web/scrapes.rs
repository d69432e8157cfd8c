//! Scrapes over keep-alive connections.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use exporter_toolkit::server::Limits;
use exporter_toolkit::web_config::Loaded;
use heroku_api::stats::ClientStats;
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::snapshot::{EndpointStatus, LastSuccess, Snapshot, Team};
use jiff::Timestamp;

use crate::certificates::Directory;
use crate::program::{connect, eventually, get, header, status};
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
            last_good: Some(LastSuccess {
                data: Arc::new(usage),
                at: NOW,
                changed_at: NOW,
            }),
            ..EndpointStatus::default()
        },
        asked: Team::ENDPOINTS,
        ..Team::default()
    };
    Snapshot::new(vec![team], true, ClientStats::default())
}

fn served(apps: usize, limits: Limits) -> Served {
    Served::of(snapshot(apps), Clock::from_fn(|| NOW), limits)
}

/// Sends a request and reads the one answer to it, the connection being kept. Where the connection
/// ends the answer is what came.
fn answer(stream: &mut TcpStream, request: &str) -> (String, Vec<u8>) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1..) => head.extend(byte),
            _ => break,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut body = Vec::new();
    if let Some(length) = header(&head, "content-length")
        && !request.starts_with("HEAD")
    {
        let length = length.parse().unwrap();
        stream.take(length).read_to_end(&mut body).unwrap();
        assert_eq!(body.len() as u64, length);
    }
    (head, body)
}

#[test]
fn a_connection_is_asked_one_thing_and_another() {
    let served = served(2, Limits::default());
    let mut stream = connect(served.address);
    for _ in 0..3 {
        for (request, compressed) in [(SCRAPE, true), (PLAIN, false), (PLAIN, false)] {
            let (head, body) = answer(&mut stream, request);
            assert_eq!(head.contains("content-encoding: gzip"), compressed);
            assert_eq!(body.starts_with(b"# HELP"), !compressed);
        }
    }
    let (head, body) = answer(&mut stream, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && body == b"OK");
    // The counts in a body can be a second old.
    std::thread::sleep(Duration::from_millis(1_100));
    let (_, body) = answer(&mut stream, PLAIN);
    let body = String::from_utf8(body).unwrap();
    let counted = "http_requests_total{path=\"/metrics\",code=\"200\"} 9\n";
    assert!(body.contains(counted), "{body}");
    assert_eq!(served.counted("/metrics", "200"), 10);
    assert_eq!(served.counted("/health", "200"), 1);
}

#[test]
fn a_request_comes_in_parts_or_with_the_next_one() {
    let served = served(2, Limits::default());
    let mut stream = connect(served.address);
    answer(&mut stream, SCRAPE);
    let (first, second) = SCRAPE.split_at(30);
    stream.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let (head, _) = answer(&mut stream, second);
    assert_eq!(status(&head), "200");

    let mut stream = connect(served.address);
    answer(&mut stream, SCRAPE);
    stream.write_all(SCRAPE.repeat(3).as_bytes()).unwrap();
    for _ in 0..3 {
        assert_eq!(status(&answer(&mut stream, "").0), "200");
    }
    assert_eq!(served.counted("/metrics", "200"), 6);
}

#[test]
fn what_is_configured_holds_for_the_next_scrape() {
    let served = served(2, Limits::default());
    let configurations = [
        (
            "basic_auth_users: {ada: $2y$04$9HL4TGOr/t6HyM2kWUoCCe5XxMSnnHYzVWKO7OPeYtXHDb2D6pLD6}",
            "401",
        ),
        ("rate_limit: {interval: 1h, burst: 0}", "429"),
    ];
    for (configuration, refused) in configurations {
        let mut stream = connect(served.address);
        assert_eq!(status(&answer(&mut stream, SCRAPE).0), "200");
        let directory = Directory::new();
        let loaded = Loaded::read(directory.web(configuration).as_ref()).unwrap();
        served.web.send_replace(loaded.config());
        assert_eq!(status(&answer(&mut stream, SCRAPE).0), refused);
        served.web.send_replace(Arc::default());
    }
}

#[test]
fn a_connection_that_scrapes_is_kept_and_one_that_does_not_is_closed() {
    let idle = Duration::from_millis(400);
    let limits = Limits {
        idle,
        ..Limits::default()
    };
    let served = served(2, limits);
    let mut stream = connect(served.address);
    let begun = Instant::now();
    while begun.elapsed() < 3 * idle {
        assert_eq!(status(&answer(&mut stream, SCRAPE).0), "200");
        std::thread::sleep(idle / 8);
    }
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
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
    assert_eq!(status(&answer(&mut other, SCRAPE).0), "503");
    // Whether it lives is known all the same.
    assert_eq!(status(&get(served.address, "/health")), "200");
    eventually("the connection is cut", || {
        status(&answer(&mut connect(served.address), SCRAPE).0) == "200"
    });
    assert!(served.counted("/metrics", "503") > 0);
}

#[test]
fn a_connection_that_waits_for_nothing_ends_with_the_server() {
    let mut served = served(2, Limits::default());
    let mut stream = connect(served.address);
    answer(&mut stream, SCRAPE);
    served.ask_to_stop();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    served.wait();
}
