//! The suite: the real binary, started as a user starts it, against a simulated Heroku over HTTP.
//!
//! `exporter`, `scenario`, `scrape`, `tools` and `judges` are what the tests are made with; every other module is tests of one concern.

#![expect(
    clippy::expect_used,
    reason = "what has to be there for a test to go on ends it where it is not"
)]

mod exporter;
mod judges;
mod scenario;
mod scrape;
mod tools;

mod command_line;
mod contract;
mod demo;
mod dialects;
mod documents;
mod failures;
mod faults;
mod golden;
mod http_surface;
mod months;
mod paging;
mod prometheus;
mod requests;
mod secrecy;
mod shutdown;
