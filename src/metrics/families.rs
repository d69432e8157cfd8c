//! All families in the order of exposition, which is that of [`descriptors::all`].
//!
//! [`descriptors::all`]: super::descriptors::all

use jiff::Timestamp;

use super::figures::Figures;
use super::http_metrics::HttpMetrics;
use super::process::ProcessStats;
use super::{cost, exporter, invoice, legacy, team};
use crate::snapshot::Snapshot;
use expfmt::Family;

/// Returns the families of Heroku's figures. They are gauges, which both formats write alike.
pub fn figures<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Family<'a>> {
    let legacy = figures.options.legacy.then(|| legacy::families(figures));
    let legacy = legacy.into_iter().flatten();
    legacy
        .chain(cost::families(figures))
        .chain(invoice::families(figures))
}

/// Returns the other families of a Snapshot: the teams and the polls.
pub fn polls(snapshot: &Snapshot) -> impl Iterator<Item = Family<'_>> {
    let team = team::families(snapshot).into_iter();
    team.chain(exporter::families(snapshot))
}

/// Returns the families that change between polls.
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
