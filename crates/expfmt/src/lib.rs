//! Prometheus text formats.

pub mod descriptor;
pub mod encode;
pub mod family;
pub mod gzip;
pub mod negotiate;
