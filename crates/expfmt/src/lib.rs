#![doc = include_str!("../README.md")]

mod descriptor;
mod encode;
mod family;
mod gzip;
mod negotiate;

pub use descriptor::{Label, MetricDescriptor, MetricType};
pub use encode::{Format, encode};
pub use family::{Family, LabelValues, Sample};
pub use gzip::{EncodedBodies, GzipSegment, SegmentWriter};
pub use negotiate::{NegotiatedFormat, accepts_gzip, preferred_format};
