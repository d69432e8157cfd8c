//! Tests of the exporter's HTTP server: web configuration, reload, systemd, shutdown.
//!
//! Most tests start the binary. `certificates`, `http_client` and `tls_client` are shared with the tests
//! of the toolkit, which cover the server itself.

#![expect(
    clippy::unwrap_used,
    reason = "a panic in a helper fails the test, as in a #[test] function"
)]

#[path = "../../crates/exporter-toolkit/tests/server/certificates.rs"]
mod certificates;
#[expect(dead_code, reason = "the toolkit's tests use the rest")]
#[path = "../../crates/exporter-toolkit/tests/server/http_client.rs"]
mod http_client;
#[expect(dead_code, reason = "the toolkit's tests use the rest")]
#[path = "../../crates/exporter-toolkit/tests/server/tls_client.rs"]
mod tls_client;

mod middleware;
mod process;
mod reload;
mod request_limit;
mod shutdown;
mod systemd;
mod web_config;
