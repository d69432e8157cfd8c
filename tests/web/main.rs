//! The program from the outside: access, TLS, reload, sockets, signals.
//!
//! `certificates`, `http_client` and `tls_client` are those of the toolkit's tests, which exercise
//! the server itself.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, also outside of a function that is marked as one"
)]

#[path = "../../crates/exporter-toolkit/tests/server/certificates.rs"]
mod certificates;
#[path = "../../crates/exporter-toolkit/tests/server/http_client.rs"]
mod http_client;
#[expect(dead_code, reason = "the toolkit's tests use the rest")]
#[path = "../../crates/exporter-toolkit/tests/server/tls_client.rs"]
mod tls_client;

mod access;
mod activation;
mod files;
mod program;
mod reload;
mod scrapes;
mod served;
mod stopping;
mod tls;
