//! A Prometheus exporter of what Heroku costs. A poll makes a Snapshot; a Snapshot becomes families
//! of samples; families become text; nothing else is shared:
//!
//! ```text
//! config ──> heroku client ──> domain::Snapshot ──> exposition::families ──> encode ──> server
//!              │ HTTP                │ plain data        │ driven by the catalogue
//!        crates/heroku-sim           ├── poll publishes it
//!                                    └──> report ──> table, JSON, CSV, page
//! ```
//!
//! `ARCHITECTURE.md` walks through the house.

mod beside;
mod bounded;
pub mod build;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod exposition;
pub mod heroku;
mod loopback;
pub mod page;
pub mod poll;
pub mod process;
pub mod report;
pub mod scrape;
pub mod server;
pub mod service_manager;
pub mod state;
pub mod token;
pub mod visit;
pub mod web_config;
mod yaml;
