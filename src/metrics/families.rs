//! All families in the order of exposition, that of [`descriptors::all`].
//!
//! [`descriptors::all`]: super::descriptors::all

use jiff::Timestamp;

use super::billing_data::BillingData;
use super::http_metrics::HttpMetrics;
use super::process::ProcessStats;
use super::{cost, exporter, invoice, legacy, resources, team};
use crate::snapshot::Snapshot;
use expfmt::Family;

/// Returns the families of costs and invoices. They are gauges, which both formats encode the same
/// way.
pub fn billing<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Family<'a>> {
    let legacy = data.options.legacy.then(|| legacy::families(data));
    let legacy = legacy.into_iter().flatten();
    legacy
        .chain(cost::families(data))
        .chain(resources::families(data))
        .chain(invoice::families(data))
}

/// Returns the other families of a Snapshot: team metadata, polls and requests to Heroku.
pub fn polls(snapshot: &Snapshot) -> impl Iterator<Item = Family<'_>> {
    let team = team::families(snapshot).into_iter();
    team.chain(exporter::families(snapshot))
}

/// Returns the families whose values change between polls.
pub fn trailer<'a>(
    now: Timestamp,
    process: Option<&ProcessStats>,
    http_metrics: &'a HttpMetrics,
) -> impl Iterator<Item = Family<'a>> {
    let process = process.map(ProcessStats::families);
    std::iter::once(exporter::month_elapsed(now))
        .chain(process.into_iter().flatten())
        .chain([http_metrics.family()])
}
