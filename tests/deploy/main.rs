//! What `deploy/` and the release say, held against the program and against the tools that will read
//! it: systemd, Kubernetes, Docker, Prometheus, GitHub, Debian.
//!
//! `tools` is the suite's, `program` the web tests', and `certificates` and `http_client` are those
//! of the toolkit's tests.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails here fails the test, also outside of a function that is marked as one"
)]

#[expect(dead_code, reason = "the toolkit's tests use the rest")]
#[path = "../../crates/exporter-toolkit/tests/server/certificates.rs"]
mod certificates;
#[expect(dead_code, reason = "the suite uses the rest")]
#[path = "../suite/external_tools.rs"]
mod external_tools;
#[expect(dead_code, reason = "the toolkit's tests use the rest")]
#[path = "../../crates/exporter-toolkit/tests/server/http_client.rs"]
mod http_client;
#[expect(dead_code, reason = "the web tests use the rest")]
#[path = "../web/program.rs"]
mod program;

mod compose;
mod debian;
mod files;
mod front;
mod generated;
mod healthcheck;
mod heroku;
mod image;
mod kubernetes;
mod migration;
mod name_server;
mod service;
mod systemd;
mod unit;
mod workflows;
