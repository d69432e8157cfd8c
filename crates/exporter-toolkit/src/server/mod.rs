//! The HTTP server: serves an [`axum::Router`] on bound listeners, with limits on everything that a
//! client can use.

mod body;
mod config;
mod connection;
mod connection_state;
mod middleware;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use connection::ServerContext;
use middleware::RequestGuard;

pub use config::{Limits, MAX_HEADERS, ResponseObserver, ServerConfig};
pub use middleware::error_response;

/// The pause after a failed accept, for example when file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
        stop: CancellationToken::new(),
    });
    let mut accepting = JoinSet::new();
    for listener in listeners {
        let connection_limit = Arc::clone(&connection_limit);
        accepting.spawn(accept(listener, Arc::clone(&context), connection_limit));
    }
    shutdown.await;
    context.stop.cancel();
    while accepting.join_next().await.is_some() {}
}

/// Accepts connections until the server stops, then waits for those that are open.
async fn accept(
    listener: TcpListener,
    context: Arc<ServerContext>,
    connection_limit: Arc<Semaphore>,
) {
    let mut connections = JoinSet::new();
    loop {
        // Beyond the limit connections wait in the listener's backlog.
        let next = async {
            let permit = Arc::clone(&connection_limit).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            () = context.stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (accepted, permit) = next => match accepted {
                Ok((stream, _)) => {
                    let context = Arc::clone(&context);
                    connections.spawn(async move {
                        let _permit = permit;
                        context.serve_connection(stream).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(context.config.limits.shutdown, finished)
        .await
        .is_err()
    {
        tracing::warn!("open connections aborted at shutdown");
    }
}
