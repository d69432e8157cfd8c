//! Client of the billing endpoints of the Heroku Platform API:
//! <https://devcenter.heroku.com/articles/platform-api-reference>.
//!
//! The crate sends requests, follows pages, decodes answers and redacts the token. When to send a
//! request is up to the caller.

pub mod client;
pub mod enterprise;
pub mod error;
mod list;
mod redaction;
pub mod stats;
pub mod team;
mod transport;
mod wire;
