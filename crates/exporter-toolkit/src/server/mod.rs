//! The HTTP server: from bound listeners to an [`axum::Router`], with limits on everything that a
//! client can use.

mod body;
mod connection;
mod connection_state;
mod limits;
mod middleware;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::web_config::WebConfig;
use connection::{ServerContext, stopped};
use middleware::RequestGuard;

pub use limits::{Limits, MAX_HEADERS};
pub use middleware::error_response;

/// The pause after a connection could not be accepted, as when file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Receives the path and the status of each response. The path is `None` where the request could
/// not be parsed.
pub type ResponseObserver = Arc<dyn Fn(Option<&str>, StatusCode) + Send + Sync>;

/// How to serve.
#[derive(Clone)]
pub struct ServerConfig {
    /// Limits and timeouts.
    pub limits: Limits,
    /// The web configuration in force.
    pub web: watch::Receiver<Arc<WebConfig>>,
    /// Paths that are exempt from the limit of requests in flight, such as health checks.
    pub unlimited_paths: &'static [&'static str],
    /// Called with each response.
    pub on_response: ResponseObserver,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Serves `router` on `listeners` until `shutdown` resolves; then closes the listeners, completes
/// the requests in flight and returns, within [`Limits::shutdown`].
pub async fn serve(
    listeners: Vec<TcpListener>,
    router: Router,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
) {
    let connections = config.limits.connections.clamp(1, Semaphore::MAX_PERMITS);
    let connection_limit = Arc::new(Semaphore::new(connections));
    let context = Arc::new(ServerContext {
        guard: RequestGuard::new(&config),
        router: TowerToHyperService::new(router),
        config,
    });
    let (stop, stopping) = watch::channel(false);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(
            listener,
            Arc::clone(&context),
            Arc::clone(&connection_limit),
            stopping.clone(),
        ));
    }
    shutdown.await;
    stop.send_replace(true);
    while accepting.join_next().await.is_some() {}
}

/// Accepts connections until the server stops, then waits for those that are open.
async fn accept(
    listener: TcpListener,
    context: Arc<ServerContext>,
    connection_limit: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        // Beyond the limit connections wait in the listener's backlog.
        let next = async {
            let permit = Arc::clone(&connection_limit).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            () = stopped(stop.clone()) => break,
            Some(_) = connections.join_next() => {}
            (accepted, permit) = next => match accepted {
                Ok((stream, _)) => {
                    let context = Arc::clone(&context);
                    let stop = stop.clone();
                    connections.spawn(async move {
                        let _permit = permit;
                        context.serve_connection(stream, stop).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(context.config.limits.shutdown, finished)
        .await
        .is_err()
    {
        tracing::warn!("open connections aborted at shutdown");
    }
}
