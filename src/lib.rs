//! See what you spend on Heroku and where the month will end, by team, app and resource type.
//!
//! ```text
//! config ─> collector ─(heroku-api)─> Snapshot ─┬─> metrics ─(expfmt)────┐
//!                                               └─> report ─────────────┴─> web ─(exporter-toolkit)─> client
//! ```
//!
//! `ARCHITECTURE.md` is the map.

pub mod build;
pub mod cli;
pub mod clock;
pub mod collector;
pub mod config;
pub mod metrics;
pub mod report;
mod run_blocking;
pub mod snapshot;
pub mod web;
