//! The limit of concurrent requests.

use std::io::{Read, Write};
use std::sync::Arc;

use billing::month::Month;
use billing::usage::{MonthlyUsage, Spaces, Usage, UsageAmounts};
use exporter_toolkit::server::{Limits, ServerConfig, serve};
use heroku_api::stats::ClientStats;
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::metrics::RenderOptions;
use heroku_cost_exporter::metrics::cache::MetricsCache;
use heroku_cost_exporter::metrics::http_metrics::HttpMetrics;
use heroku_cost_exporter::snapshot::{EndpointStatus, LastSuccess, Snapshot, Team};
use heroku_cost_exporter::web::report_cache::ReportCache;
use heroku_cost_exporter::web::{self, LandingPage};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::http_client::{connect, get, status};

const NOW: Timestamp = Timestamp::constant(1_795_435_200, 0);

/// Enough apps for an exposition that exceeds the system's socket buffers.
const APPS: usize = 40_000;

fn snapshot() -> Snapshot {
    let amounts = UsageAmounts {
        dynos: Some(1.0),
        data: Some(1.0),
        partner: Some(1.0),
        addons: Some(1.0),
        connect: Some(1.0),
    };
    let month = MonthlyUsage {
        team_name: None,
        team: amounts,
        spaces: Spaces::default(),
        apps: Some(
            (0..APPS)
                .map(|app| (format!("app-{app:05}"), amounts))
                .collect(),
        ),
    };
    let usage = Usage {
        months: [(Month::at(NOW), month)].into(),
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

/// A scrape whose response is not read remains in flight.
#[tokio::test(flavor = "multi_thread")]
async fn health_checks_are_exempt_from_request_limit() {
    let published = watch::channel(Arc::new(snapshot())).1;
    let clock = Clock::from_fn(|| NOW);
    let options = RenderOptions::default();
    let reports = ReportCache::new(
        published.clone(),
        clock.clone(),
        options.clone(),
        "/metrics",
    );
    let http_metrics = Arc::new(HttpMetrics::new(web::paths("/metrics")));
    let metrics = MetricsCache::new(published, clock, options, http_metrics);
    let routes = web::router(metrics, reports, "/metrics", LandingPage::Report);
    let config = ServerConfig {
        limits: Limits {
            requests: Some(1),
            ..Limits::default()
        },
        unlimited_paths: web::HEALTH_PATHS,
        ..ServerConfig::default()
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(
        vec![listener],
        routes,
        config,
        std::future::pending(),
    ));

    let mut unread = connect(address);
    unread
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    unread.read_exact(&mut [0]).unwrap();
    assert_eq!(status(&get(address, "/metrics")), "503");
    assert_eq!(status(&get(address, "/health")), "200");
    assert_eq!(status(&get(address, "/-/healthy")), "200");
}
