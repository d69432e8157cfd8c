//! Client of the billing endpoints of the Heroku Platform API:
//! <https://devcenter.heroku.com/articles/platform-api-reference>.
//!
//! [`client::Client`] has one method per endpoint. It sends requests, follows the pages of lists,
//! decodes responses tolerantly, removes the token from them, and collects request statistics. It
//! never retries: when to send a request is up to the caller.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use heroku_api::client::{Client, ClientOptions, Conditional, Limits};
//!
//! let options = ClientOptions {
//!     user_agent: "example/1.0",
//!     limits: Limits::within(std::time::Duration::from_secs(30)),
//!     proxy: None,
//!     duration_buckets: &[],
//! };
//! let client = Client::new("https://api.heroku.com".parse()?, options)?;
//! if let Conditional::Modified(invoices) = client.invoices(&"HRKU-…".into(), "acme", None).await? {
//!     println!("{:?}", invoices.data.current());
//! }
//! # Ok(())
//! # }
//! ```

mod body;
pub mod client;
mod decode;
pub mod enterprise;
pub mod error;
mod pagination;
mod redaction;
pub mod skipped;
pub mod stats;
pub mod team;
mod transport;

/// The version of the decoder, raised when the same response decodes to other data. A validator of a
/// response that an earlier version decoded must not be used.
pub const DECODER_VERSION: u32 = 1;
