//! What `deploy/` and the release say, held against the program and against the tools that will read
//! it: systemd, Kubernetes, Docker, Prometheus, GitHub, Debian.
//!
//! `tools` is the suite's, and `program` and `certificates` are the web tests'.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails here fails the test, also outside of a function that is marked as one"
)]

#[expect(dead_code, reason = "the web tests use the rest")]
#[path = "../web/certificates.rs"]
mod certificates;
#[expect(dead_code, reason = "the web tests use the rest")]
#[path = "../web/program.rs"]
mod program;
#[expect(dead_code, reason = "the suite uses the rest")]
#[path = "../suite/tools.rs"]
mod tools;

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
