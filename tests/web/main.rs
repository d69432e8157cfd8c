//! The web configuration and the server's bounds, from the outside: the real program wherever that
//! is natural, the server in this process where a bound has to be a short one.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, also outside of a function that is marked as one"
)]

mod access;
mod activation;
mod bounds;
mod certificates;
mod files;
mod program;
mod reload;
mod scrapes;
mod served;
mod stopping;
mod tls;
mod tls_client;
