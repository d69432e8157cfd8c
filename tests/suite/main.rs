//! Integration tests that run the real binary against a simulated Heroku over HTTP.
//!
//! `exporter`, `exporter_log`, `external_parsers`, `external_tools`, `scenario`, `failing_company`,
//! `recorded_requests`, `echo_server`, `scrape`, `self_series`, `storage_directory`, `promql` and
//! `prometheus_server` are the harness. `dashboard` generates the Grafana dashboard. Every other
//! module tests one feature.

#![expect(
    clippy::expect_used,
    reason = "a failed expectation in a helper fails the test"
)]

mod dashboard;
mod echo_server;
mod exporter;
mod exporter_log;
mod external_parsers;
mod external_tools;
mod failing_company;
mod prometheus_server;
mod promql;
mod recorded_requests;
mod scenario;
mod scrape;
mod self_series;
mod storage_directory;

mod api;
mod availability;
mod backtest;
mod command_line;
#[cfg(unix)]
mod commands;
mod costs_document;
mod demo;
mod documents;
mod failures;
mod faults;
mod formats;
mod golden;
mod grafana;
mod http_server;
mod hundred_nights;
mod inventory;
mod legacy_metrics;
mod live_rows;
mod many_teams;
mod max_age;
mod metadata;
mod metric_successors;
mod months;
mod pagination;
mod prometheus;
mod rate_limit;
mod readiness;
mod report;
mod requests;
mod restart;
mod rules;
mod self_metrics;
mod shutdown;
mod storage;
mod targets;
mod token_file;
mod token_redaction;
mod undecodable_rows;
mod unmatched_settings;
#[cfg(unix)]
mod unusable_storage;
