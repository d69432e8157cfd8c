//! Tests of `deploy/`, the container image, the workflows, the completions and the man pages.
//!
//! The tools that read these files validate them, and the exporter is started with them.
//!
//! `certificates`, `external_tools`, `http_client` and `process` are shared with other tests.
//! `dns_server`, `repository`, `simulator`, `systemd_service`, `tls_proxy` and `unit_file` are
//! helpers; every other module contains tests.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic in a helper fails the test, as in a #[test] function"
)]

#[expect(dead_code, reason = "the toolkit's tests use the rest")]
#[path = "../../crates/exporter-toolkit/tests/server/certificates.rs"]
mod certificates;
#[expect(dead_code, reason = "tests/suite uses the rest")]
#[path = "../suite/external_tools.rs"]
mod external_tools;
#[expect(dead_code, reason = "the toolkit's tests use the rest")]
#[path = "../../crates/exporter-toolkit/tests/server/http_client.rs"]
mod http_client;
#[expect(dead_code, reason = "tests/web uses the rest")]
#[path = "../web/process.rs"]
mod process;

mod dns_server;
mod repository;
mod simulator;
mod systemd_service;
mod tls_proxy;
mod unit_file;

mod compose;
mod debian;
mod generate;
mod healthcheck;
mod heroku;
mod image;
mod kubernetes;
mod migration;
mod systemd;
mod workflows;
