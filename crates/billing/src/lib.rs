//! What Heroku usage and invoices cost, as plain data and pure functions.
//!
//! The crate knows nothing of HTTP, JSON, Prometheus or the clock. `None` means that Heroku did not
//! report a value; it never means zero.

pub mod category;
pub mod cost;
pub mod forecast;
pub mod invoice;
pub mod money;
pub mod month;
pub mod pattern;
pub mod price;
pub mod rows;
pub mod rules;
pub mod usage;
