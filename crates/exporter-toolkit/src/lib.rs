//! What a Prometheus exporter needs around its metrics.

pub mod bounded;
pub mod config_file;
pub mod server;
pub mod systemd;
pub mod web_config;
