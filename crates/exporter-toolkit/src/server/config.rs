//! The settings of the server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::watch;

use crate::web_config::WebConfig;

/// The maximum number of header lines of a request; further ones are answered with 431. This is
/// hyper's default, because hyper allocates for each request if another value is set.
pub const MAX_HEADERS: usize = 100;

/// Receives the path and the status of each response. The path is `None` where the request could
/// not be parsed.
pub type ResponseObserver = Arc<dyn Fn(Option<&str>, StatusCode) + Send + Sync>;

/// The settings of the server.
#[derive(Clone)]
pub struct ServerConfig {
    /// Limits and timeouts.
    pub limits: Limits,
    /// The web configuration in force, as [`LoadedConfig::watch`](crate::web_config::LoadedConfig::watch)
    /// returns it. By default plain HTTP for everyone.
    pub web: watch::Receiver<Arc<WebConfig>>,
    /// The realm of basic authentication, usually the program's name: printable ASCII without
    /// quotes and backslashes.
    pub realm: &'static str,
    /// Paths that are exempt from [`Limits::requests`] and the rate limit, such as health checks.
    pub unlimited_paths: &'static [&'static str],
    /// Called with each response.
    pub on_response: ResponseObserver,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            web: watch::channel(Arc::default()).1,
            realm: "exporter",
            unlimited_paths: &[],
            on_response: Arc::new(|_, _| {}),
        }
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// How much of the server one client, or all of them, can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The time for a TLS handshake.
    pub handshake: Duration,
    /// The time for the head of an HTTP/1 request, from its first byte.
    pub header_read_timeout: Duration,
    /// The time after which a connection without requests is closed.
    pub idle: Duration,
    /// The time from a request to the end of its response, which the client must read; also the
    /// time without progress after which writing to a client fails.
    pub write_timeout: Duration,
    /// The time that requests in flight have once the server stops.
    pub shutdown: Duration,
    /// The maximum number of bytes of a request's head.
    pub head_bytes: usize,
    /// The maximum number of connections. A further one closes the connection that has been idle for
    /// the longest time, or waits while requests are in progress on all of them.
    pub connections: usize,
    /// The maximum number of requests in flight on one HTTP/2 connection.
    pub streams: u32,
    /// The maximum number of requests in flight; further ones are answered with 503. `None` means no
    /// limit.
    pub requests: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header_read_timeout: Duration::from_secs(10),
            // Longer than the common scrape interval of 30 seconds, so that connections are reused.
            idle: Duration::from_secs(35),
            write_timeout: Duration::from_secs(25),
            // Leaves time for the rest of the shutdown within two seconds.
            shutdown: Duration::from_millis(1500),
            head_bytes: 16 << 10,
            // Half of the usual limit of 1024 file descriptors.
            connections: 512,
            streams: 32,
            // The default of node_exporter.
            requests: Some(40),
        }
    }
}
