//! The nouns of a Heroku bill and their arithmetic, as plain data.
//!
//! Nothing here knows HTTP, JSON, Prometheus or what time it is. An `Option` that is `None` means
//! "Heroku did not say"; it never means zero.

pub mod enterprise;
pub mod invoice;
pub mod money;
pub mod month;
pub mod particulars;
pub mod pattern;
pub mod reason;
pub mod rules;
pub mod scope;
pub mod snapshot;
pub mod traffic;
pub mod usage;
