//! The suite: the real binary, started as a user starts it, against a simulated Heroku over HTTP.
//!
//! `exporter`, `logged`, `scenario`, `asked`, `scrape`, `own_series`, `promql`, `running_prometheus`, `troubled`, `kept`, `echo`, `tools` and `judges` are what the tests are made with, `dashboard` makes the one for Grafana; every other module is tests of one
//! concern.

#![expect(
    clippy::expect_used,
    reason = "what has to be there for a test to go on ends it where it is not"
)]

mod asked;
mod dashboard;
mod echo;
mod exporter;
mod judges;
mod kept;
mod logged;
mod own_series;
mod promql;
mod running_prometheus;
mod scenario;
mod scrape;
mod tools;
mod troubled;

mod api;
mod availability;
mod backtest;
mod command_line;
mod contract;
mod costs_document;
mod crowd;
mod damage;
mod demo;
mod dialects;
mod documents;
mod failures;
mod faults;
mod golden;
mod grafana;
mod half_understood;
mod http_surface;
mod max_age;
mod metadata;
mod months;
mod paging;
mod prometheus;
mod rate_limit;
mod readiness;
mod report;
mod requests;
mod restart;
mod rules;
mod scopes;
mod secrecy;
mod self_metrics;
mod shutdown;
mod successors;
mod token_file;
