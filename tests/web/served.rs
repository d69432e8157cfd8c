//! The server in this process, over routes that a test makes up.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use exporter_toolkit::server::{Limits, ServerConfig, serve};
use exporter_toolkit::web_config::{Loaded, WebConfig};
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::metrics::RenderOptions;
use heroku_cost_exporter::metrics::cache::MetricsCache;
use heroku_cost_exporter::metrics::http_metrics::HttpMetrics;
use heroku_cost_exporter::snapshot::Snapshot;
use heroku_cost_exporter::web::report_cache::ReportCache;
use heroku_cost_exporter::web::{self, LandingPage};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    http_metrics: Arc<HttpMetrics>,
    pub(crate) web: watch::Sender<Arc<WebConfig>>,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Served {
    pub(crate) fn new(routes: Router, limits: Limits) -> Self {
        Self::with_web_config(routes, limits, None)
    }

    pub(crate) fn with_web_config(routes: Router, limits: Limits, path: Option<&str>) -> Self {
        let web = match path {
            Some(path) => Loaded::read(Path::new(path)).unwrap().config(),
            None => Arc::default(),
        };
        Self::start(|_| routes, limits, web)
    }

    /// Over the program's own routes, with scrapes of `snapshot` at the time of `clock`.
    pub(crate) fn of(snapshot: Snapshot, clock: Clock, limits: Limits) -> Self {
        let published = watch::channel(Arc::new(snapshot)).1;
        let routes = |http_metrics| {
            let shown = RenderOptions::default();
            let reports =
                ReportCache::new(published.clone(), clock.clone(), shown.clone(), "/metrics");
            let metrics = MetricsCache::new(published, clock, shown, http_metrics);
            web::router(metrics, reports, "/metrics", LandingPage::Page)
        };
        Self::start(routes, limits, Arc::default())
    }

    fn start(
        routes: impl FnOnce(Arc<HttpMetrics>) -> Router,
        limits: Limits,
        web: Arc<WebConfig>,
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let http_metrics = Arc::new(HttpMetrics::new(web::paths("/metrics")));
        let counted = Arc::clone(&http_metrics);
        let (web_sender, in_force) = watch::channel(web);
        let routes = routes(Arc::clone(&http_metrics));
        let config = ServerConfig {
            limits,
            web: in_force,
            unlimited_paths: web::HEALTH_PATHS,
            on_response: Arc::new(move |path, status| counted.record(path, status)),
        };
        let (stop, stopped) = oneshot::channel();
        let served = runtime.spawn(serve(vec![listener], routes, config, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            http_metrics,
            web: web_sender,
            runtime,
            stop: Some(stop),
            served,
        }
    }

    pub(crate) fn ask_to_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    pub(crate) fn wait(&mut self) {
        self.runtime.block_on(&mut self.served).unwrap();
    }

    pub(crate) fn counted(&self, path: &str, code: &str) -> u64 {
        let mut responses = self.http_metrics.responses();
        let found = responses.find(|(p, c, _)| (*p, c.as_str()) == (path, code));
        found.unwrap().2
    }
}
