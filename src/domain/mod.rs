//! The nouns of a Heroku bill and their arithmetic, as plain data.
//!
//! Nothing here knows HTTP, JSON, Prometheus or what time it is. An `Option` that is `None` means
//! "Heroku did not say"; it never means zero.

pub mod category;
pub mod cost;
pub mod forecast;
pub mod invoice;
pub mod money;
pub mod month;
pub mod pattern;
pub mod price;
pub mod reason;
pub mod rows;
pub mod rules;
pub mod scope;
pub mod snapshot;
pub mod traffic;
pub mod usage;
