//! The server in this process, over routes that a test makes up.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use heroku_cost_exporter::clock::Clock;
use heroku_cost_exporter::domain::snapshot::Snapshot;
use heroku_cost_exporter::exposition::families::Shown;
use heroku_cost_exporter::scrape::Scrape;
use heroku_cost_exporter::server::{Front, Limits, Routes, Terms, Traffic, serve};
use heroku_cost_exporter::visit::Visit;
use heroku_cost_exporter::web_config::{Loaded, WebConfig};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) traffic: Arc<Traffic>,
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
        Self::start(|_| routes.into(), limits, web)
    }

    /// Over the program's own routes, with scrapes of `snapshot` at the time of `clock`.
    pub(crate) fn of(snapshot: Snapshot, clock: Clock, limits: Limits) -> Self {
        let published = watch::channel(Arc::new(snapshot)).1;
        let routes = |traffic| {
            let shown = Shown::default();
            let visit = Visit::new(published.clone(), clock.clone(), shown.clone(), "/metrics");
            let scrape = Scrape::new(published, clock, shown, || None);
            Routes::new(scrape, traffic, "/metrics", visit, Front::Page)
        };
        Self::start(routes, limits, Arc::default())
    }

    fn start(
        routes: impl FnOnce(Arc<Traffic>) -> Routes,
        limits: Limits,
        web: Arc<WebConfig>,
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let traffic = Arc::new(Traffic::new("/metrics"));
        let (web, in_force) = watch::channel(web);
        let routes = routes(Arc::clone(&traffic));
        let terms = Terms {
            limits,
            web: in_force,
            traffic: Arc::clone(&traffic),
            threads: 2,
        };
        let (stop, stopped) = oneshot::channel();
        let served = runtime.spawn(serve(vec![listener], routes, terms, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            traffic,
            web,
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
        let answered = self.traffic.answered();
        let mut answered = answered.others.chain([answered.scrapes]);
        let found = answered.find(|answered| (answered.path, answered.code) == (path, code));
        found.unwrap().count
    }
}
