//! Converts a Snapshot to metric families, and caches their encoded form.

pub mod cache;
mod cost;
pub mod descriptors;
mod exporter;
pub mod families;
mod figures;
pub mod http_metrics;
mod invoice;
mod legacy;
mod options;
pub mod process;
pub mod render;
mod team;
mod time;

pub use figures::Figures;
pub use options::RenderOptions;

#[cfg(test)]
mod tests;
