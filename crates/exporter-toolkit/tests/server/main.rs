//! The server in this process, over routes and web configurations that each test makes up.
//!
//! `certificates`, `http_client`, `test_server` and `tls_client` are helpers, some of which the
//! tests of programs share; every other module contains tests.

#![expect(
    clippy::unwrap_used,
    reason = "a failure fails the test, also outside of a #[test] function"
)]

mod certificates;
mod http_client;
mod test_server;
#[expect(dead_code, reason = "the tests of programs use the rest")]
mod tls_client;

mod keep_alive;
mod limits;
mod requests;
mod shutdown;
mod tls;
