//! Tests of the HTML page in a real browser.
//!
//! `exporter`, `external_tools`, `scenario` and `scrape` are shared with tests/suite. `browser` and
//! `fixtures` are helpers; every other module contains tests.

#![expect(
    clippy::expect_used,
    reason = "a panic in a helper fails the test, as in a #[test] function"
)]

#[path = "../suite/exporter.rs"]
#[expect(dead_code, reason = "tests/suite uses the rest")]
mod exporter;
#[path = "../suite/external_tools.rs"]
#[expect(dead_code, reason = "tests/suite uses the rest")]
mod external_tools;
#[path = "../suite/scenario.rs"]
#[expect(dead_code, reason = "tests/suite uses the rest")]
mod scenario;
#[path = "../suite/scrape.rs"]
#[expect(dead_code, reason = "tests/suite uses the rest")]
mod scrape;

mod browser;
mod fixtures;

mod accessibility;
mod consistency;
mod escaping;
mod screenshot;
