//! The costs of a company for people and programs: as a table, JSON, CSV and HTML.
//!
//! `figures` computes a [`Report`] from a snapshot, the rules and the time; the other modules are
//! formats of it. All of it is pure.

pub mod csv;
mod data_issues;
mod failure_text;
mod figures;
pub(crate) mod format;
mod freshness;
mod grid;
pub mod html;
mod invoices;
pub mod json;
mod percent;
mod sections;
pub mod table;
pub mod terminal;

pub use failure_text::{advice, title};
pub use figures::Report;

#[cfg(test)]
pub(crate) mod tests;
