//! A server in this process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use exporter_toolkit::server::{Limits, ServerConfig, serve};
use exporter_toolkit::web_config::{Loaded, WebConfig};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinHandle;

/// Routes that answer at once.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/", get(async || "OK"))
        .route("/health", get(async || "OK"))
}

/// Counts the requests for `/wait` that have arrived, and releases them.
pub(crate) struct Gate {
    pub(crate) arrived: Arc<Semaphore>,
    pub(crate) release: Arc<Semaphore>,
}

/// [`routes`] and `/wait`, which answers `done` when the gate releases it.
pub(crate) fn gated_routes() -> (Router, Gate) {
    let gate = Gate {
        arrived: Arc::new(Semaphore::new(0)),
        release: Arc::new(Semaphore::new(0)),
    };
    let (arrived, release) = (Arc::clone(&gate.arrived), Arc::clone(&gate.release));
    let wait = get(async move || {
        arrived.add_permits(1);
        let _permit = release.acquire().await;
        "done"
    });
    (routes().route("/wait", wait), gate)
}

/// The path and the status of an observed response.
type Observed = (Option<String>, u16);

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) web: watch::Sender<Arc<WebConfig>>,
    responses: Arc<Mutex<Vec<Observed>>>,
    pub(crate) runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl TestServer {
    pub(crate) fn new(routes: Router, limits: Limits) -> Self {
        Self::start(routes, limits, Arc::default())
    }

    pub(crate) fn with_web_config(path: &str) -> Self {
        Self::with_limits_and_web_config(Limits::default(), path)
    }

    pub(crate) fn with_limits_and_web_config(limits: Limits, path: &str) -> Self {
        let web = Loaded::read(Path::new(path)).unwrap().config();
        Self::start(routes(), limits, web)
    }

    fn start(routes: Router, limits: Limits, web: Arc<WebConfig>) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (web_sender, web) = watch::channel(web);
        let responses = Arc::new(Mutex::new(Vec::new()));
        let observed = Arc::clone(&responses);
        let config = ServerConfig {
            limits,
            web,
            realm: "test-exporter",
            unlimited_paths: &["/health"],
            on_response: Arc::new(move |path, status| {
                let response = (path.map(str::to_owned), status.as_u16());
                observed.lock().unwrap().push(response);
            }),
        };
        let (stop, stopped) = oneshot::channel();
        let serving = runtime.spawn(serve(vec![listener], routes, config, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            web: web_sender,
            responses,
            runtime,
            stop: Some(stop),
            serving,
        }
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) fn wait(&mut self) {
        self.runtime.block_on(&mut self.serving).unwrap();
    }

    /// How many responses with this path and status were observed.
    pub(crate) fn observed(&self, path: Option<&str>, status: u16) -> usize {
        let responses = self.responses.lock().unwrap();
        let matching = responses
            .iter()
            .filter(|(observed, code)| observed.as_deref() == path && *code == status);
        matching.count()
    }
}
