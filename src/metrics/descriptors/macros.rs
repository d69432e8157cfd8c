//! The macro that declares descriptors.

/// Declares descriptors as statics, and a function `all` that returns them in this order.
macro_rules! descriptors {
    ($($id:ident: $type:ident {
        name: $name:literal, labels: $labels:expr, source: $source:literal,
        help: $help:literal,
    })*) => {
        $(pub(in crate::metrics) static $id: expfmt::MetricDescriptor = expfmt::MetricDescriptor {
            name: $name,
            metric_type: expfmt::MetricType::$type,
            labels: $labels,
            help: $help,
            source: $source,
        };)*

        /// Returns the descriptors of this module in the order of exposition.
        pub fn all() -> impl Iterator<Item = &'static expfmt::MetricDescriptor> {
            [$(&$id),*].into_iter()
        }
    };
}

pub(super) use descriptors;
