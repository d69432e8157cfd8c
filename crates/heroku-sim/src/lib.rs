//! A strict, scripted simulator of the billing part of the Heroku Platform API, over real HTTP on
//! loopback.
//!
//! A client is pointed at [`Simulator::url`] and cannot tell it from Heroku: it has to send the
//! right `Accept`, the right token and a `User-Agent`, follow `Next-Range`, survive lists that are
//! ordered by id, and live with whatever [`Fault`] was scripted. The simulator writes its own JSON
//! and shares no type with any client, so a field that a client misspells stays misspelt.
//!
//! What is simulated follows Heroku's [Platform API
//! reference](https://devcenter.heroku.com/articles/platform-api-reference) and its published
//! hyper-schema (`GET https://api.heroku.com/schema`). Where Heroku documents nothing, the choice
//! is written beside the code that makes it.
//!
//! ```
//! use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let today = jiff::civil::date(2026, 8, 14);
//! let heroku = Simulator::builder(Company::believable(1, today), today).start().await?;
//! heroku.script(Endpoint::Usage, Fault::Status(503), Times::Count(2));
//! // … point a client at heroku.url() with heroku.token() …
//! assert!(heroku.requests().is_empty());
//! heroku.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod believable;
mod bodies;
mod company;
mod door;
mod endpoint;
mod endpoints;
mod fault;
mod headers;
mod identifier;
mod log;
mod ranges;
mod rate;
mod route;
mod server;
mod simulator;
mod sized;
mod state;
mod stream;

pub use company::{Company, EnterpriseAccount, Team};
pub use endpoint::Endpoint;
pub use fault::{Fault, Times};
pub use log::LoggedRequest;
pub use simulator::{Builder, DEFAULT_TOKEN, Simulator};
