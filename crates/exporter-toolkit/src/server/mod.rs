//! The HTTP server: serves an [`axum::Router`] on bound listeners, with limits on everything that a
//! client can use.

mod body;
mod config;
mod connection;
mod connection_state;
mod log_limiter;
mod middleware;
mod open_connections;
mod token_bucket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use connection::ServerContext;
use log_limiter::LogLimiter;
use middleware::RequestGuard;
use open_connections::OpenConnections;

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
    let context = Arc::new(ServerContext {
        guard: RequestGuard::new(&config),
        router: TowerToHyperService::new(router),
        open: Arc::new(OpenConnections::new(config.limits.connections)),
        config,
        stop: CancellationToken::new(),
        failed_handshakes: LogLimiter::new(),
    });
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, Arc::clone(&context)));
    }
    shutdown.await;
    context.stop.cancel();
    while accepting.join_next().await.is_some() {}
}

/// Accepts connections until the server stops, then waits for those that are open.
async fn accept(listener: TcpListener, context: Arc<ServerContext>) {
    let mut connections = JoinSet::new();
    let failures = LogLimiter::new();
    loop {
        tokio::select! {
            () = context.stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let registered = Arc::clone(&context.open).register();
                    let Some(connection) = context.stop.run_until_cancelled(registered).await
                    else {
                        break;
                    };
                    let context = Arc::clone(&context);
                    connections.spawn(context.serve_connection(stream, peer, connection));
                }
                Err(error) => {
                    failures.log(|suppressed| tracing::warn!(%error, suppressed, "accept failed"));
                    context.open.close_longest_idle();
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
