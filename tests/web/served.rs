//! The program's routes on a server in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use exporter_toolkit::server::{Limits, ServerConfig, serve};
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::metrics::RenderOptions;
use heroku_cost_exporter::metrics::cache::MetricsCache;
use heroku_cost_exporter::metrics::http_metrics::HttpMetrics;
use heroku_cost_exporter::snapshot::Snapshot;
use heroku_cost_exporter::web::report_cache::ReportCache;
use heroku_cost_exporter::web::{self, LandingPage};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    http_metrics: Arc<HttpMetrics>,
    _runtime: Runtime,
}

impl Served {
    /// Serves `snapshot` at the time of `clock`.
    pub(crate) fn new(snapshot: Snapshot, clock: Clock, limits: Limits) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let http_metrics = Arc::new(HttpMetrics::new(web::paths("/metrics")));
        let published = watch::channel(Arc::new(snapshot)).1;
        let options = RenderOptions::default();
        let reports = ReportCache::new(
            published.clone(),
            clock.clone(),
            options.clone(),
            "/metrics",
        );
        let metrics = MetricsCache::new(published, clock, options, Arc::clone(&http_metrics));
        let routes = web::router(metrics, reports, "/metrics", LandingPage::Report);
        let counted = Arc::clone(&http_metrics);
        let config = ServerConfig {
            limits,
            unlimited_paths: web::HEALTH_PATHS,
            on_response: Arc::new(move |path, status| counted.record(path, status)),
            ..ServerConfig::default()
        };
        runtime.spawn(serve(
            vec![listener],
            routes,
            config,
            std::future::pending(),
        ));
        Self {
            address,
            http_metrics,
            _runtime: runtime,
        }
    }

    pub(crate) fn counted(&self, path: &str, code: &str) -> u64 {
        let mut responses = self.http_metrics.responses();
        let found = responses.find(|(p, c, _)| (*p, c.as_str()) == (path, code));
        found.unwrap().2
    }
}
