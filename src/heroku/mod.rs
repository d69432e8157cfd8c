//! The client of the Heroku Platform API: <https://devcenter.heroku.com/articles/platform-api-reference>.
//!
//! It sends a request, follows a list through its pages, decodes what comes and turns it into the
//! domain's nouns. It must not know settings, metrics, or when to ask again.

pub mod client;
pub mod error;
mod list;
mod redaction;
mod transport;
mod wire;
