//! The HTTP server: routes, and the published state as a client asks for it.
//!
//! A scrape is answered from memory. Nothing here knows where a Snapshot comes from.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, VARY,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::exposition::negotiate;
use crate::scrape::Scrape;

/// How long a client may take over the head of a request; an idle connection is closed after it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long answers in flight may take once the program is told to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(1500);

/// How long to wait when a connection could not be accepted, as when descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the routes read.
#[derive(Debug)]
struct Site {
    scrape: Scrape,
    landing_page: String,
}

/// The routes over what is published.
pub fn routes(scrape: Scrape, telemetry_path: &str) -> Router {
    let landing_page = landing_page(telemetry_path);
    Router::new()
        .route("/", get(landing))
        .route("/health", get(async || "OK"))
        .route(telemetry_path, get(metrics))
        .with_state(Arc::new(Site {
            scrape,
            landing_page,
        }))
}

async fn metrics(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let dialect = negotiate::dialect(&listed(&headers, &ACCEPT));
    let gzip = negotiate::gzip(&listed(&headers, &ACCEPT_ENCODING));
    let pieces = site.scrape.body(dialect, gzip, std::iter::empty());
    let mut response = Body::from(pieces.concat()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(dialect.content_type()),
    );
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// A list header's values as one, which is what several of them mean (RFC 9110, section 5.3).
fn listed(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

async fn landing(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let headers = [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ];
    (headers, Html(site.landing_page.clone()))
}

/// The page at `/`. The path needs no escaping: settings admit only letters, digits and `/-_.~`.
fn landing_page(telemetry_path: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Heroku Cost Exporter</title>
<style>body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }}</style>
</head>
<body>
<main>
<h1>Heroku Cost Exporter</h1>
<p>What Heroku costs, by team, by app and by kind, for Prometheus. Version {version}.</p>
<ul>
<li><a href="{telemetry_path}">Metrics</a></li>
<li><a href="/health">Health</a></li>
</ul>
</main>
</body>
</html>
"#,
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// Serves `routes` on `listeners` until `shutdown`; then accepts no more, finishes what is in
/// flight and returns, within two seconds.
pub async fn serve(
    listeners: Vec<TcpListener>,
    routes: Router,
    shutdown: impl Future<Output = ()>,
) {
    let connections = Arc::new(GracefulShutdown::new());
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, routes.clone(), Arc::clone(&connections)));
    }
    shutdown.await;
    accepting.shutdown().await;
    let Some(connections) = Arc::into_inner(connections) else {
        return;
    };
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("connections were still open at the end and are cut");
    }
}

async fn accept(listener: TcpListener, routes: Router, connections: Arc<GracefulShutdown>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => connect(stream, &routes, &connections),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn connect(stream: TcpStream, routes: &Router, connections: &GracefulShutdown) {
    // Without it a scrape can wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(routes.clone()),
        );
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
    });
}
