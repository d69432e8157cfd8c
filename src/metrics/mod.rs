//! Converts a Snapshot to metric families and caches their encoded form.

mod billing_data;
pub mod cache;
mod cost;
pub mod descriptors;
mod exporter;
pub mod families;
pub mod http_metrics;
mod invoice;
mod legacy;
mod options;
pub mod process;
pub mod render;
mod resources;
mod team;
mod time;

pub use billing_data::BillingData;
pub use options::RenderOptions;

#[cfg(test)]
mod tests;
