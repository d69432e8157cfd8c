//! See what you spend on Heroku and where the month will end, by team, app and resource type.
//!
//! The exporter polls Heroku's Platform API on a schedule, keeps the latest data in an immutable
//! [`Snapshot`](snapshot::Snapshot), and serves it as Prometheus metrics and as a web page:
//!
//! ```text
//! config ─> collector ─(heroku-api)─> Snapshot ─┬─> metrics ─(expfmt)────┐
//!                                               └─> report ─────────────┴─> web ─(exporter-toolkit)─> client
//! ```
//!
//! [`cli::run`] is the entry point. `ARCHITECTURE.md` describes the modules and crates in detail.
//! This library is not a stable interface: it exists for the binary and the tests.

pub mod build;
pub mod cli;
pub mod clock;
pub mod collector;
pub mod config;
pub mod metrics;
pub mod report;
mod run_blocking;
pub mod snapshot;
pub mod store;
pub mod web;
