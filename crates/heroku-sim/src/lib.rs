//! A strict simulator of the billing and resource endpoints of the Heroku Platform API, with fault injection.
//!
//! A [`Simulator`] serves the data of a [`Company`] over HTTP on loopback. Tests and demos use
//! [`Simulator::url`] as the base URL of their client in place of `https://api.heroku.com`.
//!
//! Like Heroku, the simulator rejects requests without a valid `Accept` header and token, limits
//! the rate of requests, orders lists by id, paginates them with `Next-Range`, and supports gzip
//! and conditional requests. It also requires a `User-Agent`. An injected [`Fault`] replaces or
//! modifies a response, and [`Simulator::requests`] returns what the client sent.
//!
//! # Example
//!
//! ```
//! use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let today = jiff::civil::date(2026, 8, 14);
//! let heroku = Simulator::builder(Company::synthetic(1, today), today).start().await?;
//! heroku.inject_fault(Endpoint::Usage, Fault::Status(503), Times::Count(2));
//! // … run a client with heroku.url() and heroku.token() …
//! assert!(heroku.requests().is_empty());
//! heroku.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Fidelity
//!
//! The simulator follows Heroku's [Platform API
//! reference](https://devcenter.heroku.com/articles/platform-api-reference) and its published
//! hyper-schema (`GET https://api.heroku.com/schema`). Behaviour that Heroku does not document is
//! listed in the README.
//!
//! The simulator shares no types with any client, so a misspelled field name in a client fails that
//! client's tests.

mod body;
mod company;
mod cut_stream;
mod dyno_sizes;
mod endpoint;
mod fault;
mod handlers;
mod hash;
mod headers;
mod middleware;
mod pagination;
mod rate_limit;
mod request_log;
mod response;
mod route;
mod server;
mod simulator;
mod state;
mod synthetic;

pub use company::{Company, EnterpriseAccount, Resources, Team};
pub use endpoint::Endpoint;
pub use fault::{Fault, Times};
pub use request_log::LoggedRequest;
pub use simulator::{Builder, DEFAULT_TOKEN, Simulator};
pub use synthetic::CompanySize;
