//! How much of the server one client, or all of them, can have.

use std::time::Duration;

/// The lines of a request's head: hyper's own limit. To set it, even to what it is, costs an
/// allocation for each request.
pub const MAX_HEADERS: usize = 100;

/// How long to wait for a client and how much to take from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a TLS handshake.
    pub handshake: Duration,
    /// For the head of a request in HTTP/1, from its first byte.
    pub header_read_timeout: Duration,
    /// For a connection on which nothing is asked.
    pub idle: Duration,
    /// For an answer to be taken, once the connection has been idle.
    pub write_timeout: Duration,
    /// For what is in flight once the program is told to stop.
    pub shutdown: Duration,
    /// The bytes of a request's head.
    pub head_bytes: usize,
    /// Connections; further ones wait until one of these ends.
    pub connections: usize,
    /// Requests in flight on one connection of HTTP/2.
    pub streams: u32,
    /// Requests in flight; further ones are told to come back. `None` means no limit.
    pub requests: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header_read_timeout: Duration::from_secs(10),
            // A scrape every 30 seconds, which is common, finds its connection open.
            idle: Duration::from_secs(35),
            write_timeout: Duration::from_secs(25),
            // With what else stopping takes it stays below two seconds.
            shutdown: Duration::from_millis(1500),
            head_bytes: 16 << 10,
            // Half of the descriptors that a process usually has.
            connections: 512,
            streams: 32,
            // As node_exporter has it.
            requests: Some(40),
        }
    }
}
