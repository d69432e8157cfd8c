//! Tests of the HTML page in a real browser.
//!
//! `exporter`, `scenario`, `scrape` and `tools` are shared with tests/suite. `browser` and
//! `fixtures` are helpers; every other module contains tests.

#![expect(
    clippy::expect_used,
    reason = "a panic in a helper fails the test, as in a #[test] function"
)]

#[path = "../suite/exporter.rs"]
#[expect(dead_code, reason = "tests/suite uses the rest")]
mod exporter;
#[path = "../suite/scenario.rs"]
#[expect(dead_code, reason = "tests/suite uses the rest")]
mod scenario;
#[path = "../suite/scrape.rs"]
#[expect(dead_code, reason = "tests/suite uses the rest")]
mod scrape;
#[path = "../suite/tools.rs"]
#[expect(dead_code, reason = "tests/suite uses the rest")]
mod tools;

mod browser;
mod fixtures;

mod accessibility;
mod consistency;
mod escaping;
mod screenshot;
