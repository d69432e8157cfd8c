//! The cost report, as a terminal table, JSON, CSV and an HTML page.
//!
//! `costs` computes a [`Report`] from a snapshot, the rules and the time, and the other modules
//! format it. The module is pure.

mod costs;
pub mod csv;
mod data_issues;
mod failure_text;
pub(crate) mod format;
mod freshness;
mod grid;
pub mod html;
mod invoices;
pub mod json;
mod past;
pub mod past_table;
mod percent;
mod run_rate;
mod running_now;
mod sections;
pub mod table;
pub mod terminal;
mod unmatched;

pub use costs::Report;
pub use failure_text::{advice, title};
pub use past::PastMonths;
pub use unmatched::Unmatched;

#[cfg(test)]
pub(crate) mod tests;
