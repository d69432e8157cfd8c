//! The page in a real browser: its figures against those of the metrics, hostile names, both colour
//! schemes, widths, the keyboard, and what a screen reader needs.
//!
//! `browser`, `companies`, and what is taken from the suite, are what the tests are made with.

#![expect(
    clippy::expect_used,
    reason = "what has to be there for a test to go on ends it where it is not"
)]

#[path = "../suite/exporter.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
mod exporter;
#[path = "../suite/external_tools.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
mod external_tools;
#[path = "../suite/scenario.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
mod scenario;
#[path = "../suite/scrape.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
mod scrape;

mod browser;
mod companies;

mod figures;
mod hostile;
mod picture;
mod reading;
