//! The HTTP server: from bound listeners to routes, with bounds on everything that a client can have.
//!
//! Nothing here knows where a Snapshot comes from, or where the web configuration is.

mod activity;
mod connection;
mod content;
mod gate;
mod limits;
mod page;
mod routes;
mod scrapes;
mod threads;
mod traffic;
mod wanted;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::web_config::WebConfig;
use connection::{Hall, stopped};
use gate::Gate;
pub use limits::{HEAD_LINES, Limits};
pub use page::Front;
pub use routes::Routes;
use threads::Threads;
pub use threads::threads;
pub use traffic::Traffic;

/// How long to wait when a connection could not be accepted, as when descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// On what terms to serve.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How much a client can have.
    pub limits: Limits,
    /// Who may come in and how, as it is at any moment.
    pub web: watch::Receiver<Arc<WebConfig>>,
    /// Where answers are counted.
    pub traffic: Arc<Traffic>,
    /// How many threads to serve on, the one that calls among them.
    pub threads: usize,
}

/// Serves `routes` on `listeners` until `shutdown`; then accepts no more, finishes what is in
/// flight and returns, within two seconds.
pub async fn serve(
    listeners: Vec<TcpListener>,
    routes: impl Into<Routes>,
    terms: Terms,
    shutdown: impl Future<Output = ()>,
) {
    let Terms {
        limits,
        web,
        traffic,
        threads,
    } = terms;
    let threads = Arc::new(Threads::start(threads));
    let hall = Arc::new(Hall {
        gate: Gate::new(web.clone(), Arc::clone(&traffic), &limits),
        routes: routes.into(),
        limits,
        traffic,
    });
    let connections = limits.connections.clamp(1, Semaphore::MAX_PERMITS);
    let room = Arc::new(Semaphore::new(connections));
    let (stop, stopping) = watch::channel(false);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(
            listener,
            Arc::clone(&hall),
            Arc::clone(&threads),
            web.clone(),
            Arc::clone(&room),
            stopping.clone(),
        ));
    }
    shutdown.await;
    stop.send_replace(true);
    while accepting.join_next().await.is_some() {}
}

/// Accepts connections until told to stop, and then sees them out.
async fn accept(
    listener: TcpListener,
    hall: Arc<Hall>,
    threads: Arc<Threads>,
    web: watch::Receiver<Arc<WebConfig>>,
    room: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        // A connection that there is no room for waits where the system keeps it.
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            let accepted = listener.accept().await;
            // Taken from this thread's runtime, because another's may serve it.
            (accepted.and_then(|(stream, _)| stream.into_std()), permit)
        };
        tokio::select! {
            () = stopped(stop.clone()) => break,
            Some(_) = connections.join_next() => {}
            (accepted, permit) = next => match accepted {
                Ok(stream) => {
                    let hall = Arc::clone(&hall);
                    let tls = web.borrow().tls.clone();
                    let stop = stop.clone();
                    threads.serve(stream, &mut connections, move |stream, seat| {
                        // It is this function's, which lasts as long as the connection.
                        let _ = &permit;
                        let (hall, tls, stop) = (Arc::clone(&hall), tls.clone(), stop.clone());
                        async move { hall.host(stream, seat, tls, stop).await }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(hall.limits.shutdown, finished)
        .await
        .is_err()
    {
        tracing::warn!("connections were still open at the end and are cut");
    }
}
