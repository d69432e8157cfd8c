//! Lookup of the exporter's own series in a scrape.

use std::collections::BTreeSet;

use crate::scrape::{Scrape, Series};

/// The `endpoint` label values of a team.
pub(crate) const ENDPOINTS: [&str; 2] = ["invoices", "usage"];

pub(crate) const UP: &str = "heroku_up";
pub(crate) const AVAILABLE: &str = "heroku_cost_exporter_endpoint_available";
pub(crate) const LAST_POLL_SUCCESS: &str =
    "heroku_cost_exporter_last_poll_success_timestamp_seconds";
pub(crate) const LAST_POLL: &str = "heroku_cost_exporter_last_poll_timestamp_seconds";
pub(crate) const DATA_CHANGED: &str = "heroku_cost_exporter_data_changed_timestamp_seconds";
pub(crate) const LAST_POLL_DURATION: &str = "heroku_cost_exporter_last_poll_duration_seconds";
pub(crate) const SKIPPED_ROWS: &str = "heroku_cost_exporter_skipped_rows";
pub(crate) const SKIPPED_FIELDS: &str = "heroku_cost_exporter_skipped_fields";
pub(crate) const POLLS: &str = "heroku_cost_exporter_polls_total";
pub(crate) const FAILURES: &str = "heroku_cost_exporter_poll_failures_total";
pub(crate) const API_REQUESTS: &str = "heroku_api_requests_total";
pub(crate) const RATE_LIMIT: &str = "heroku_api_rate_limit_remaining";

/// Returns the value of the only series of a metric that has these labels, and possibly others.
pub(crate) fn value(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> f64 {
    let matches = |series: &Series| {
        let has = |(label, value): &(&str, &str)| series.label(label) == Some(*value);
        labels.iter().all(has)
    };
    let found: Vec<_> = scrape
        .series(name)
        .filter(|(series, _)| matches(series))
        .map(|(_, value)| value)
        .collect();
    let [found] = found[..] else {
        panic!("{name} has {} series with {labels:?}", found.len());
    };
    found.parse().expect("the value is a float")
}

/// Returns the value of the only series of a metric for an endpoint. There must be only one team.
pub(crate) fn endpoint_value(scrape: &Scrape, name: &str, endpoint: &str) -> f64 {
    value(scrape, name, &[("endpoint", endpoint)])
}

/// Returns the number of failed polls of an endpoint for a reason.
pub(crate) fn failures(scrape: &Scrape, endpoint: &str, reason: &str) -> f64 {
    value(
        scrape,
        FAILURES,
        &[("endpoint", endpoint), ("reason", reason)],
    )
}

/// Returns the number of failed polls of an endpoint for all reasons.
pub(crate) fn total_failures(scrape: &Scrape, endpoint: &str) -> f64 {
    let failures = scrape
        .series(FAILURES)
        .filter(|(series, _)| series.label("endpoint") == Some(endpoint));
    failures
        .map(|(_, value)| value.parse::<f64>().expect("the value is a float"))
        .sum()
}

/// Returns whether the last poll of every endpoint succeeded.
pub(crate) fn all_up(scrape: &Scrape) -> bool {
    scrape.series(UP).count() > 0 && scrape.series(UP).all(|(_, value)| value == "1")
}

/// Returns all series except those of billing metrics.
pub(crate) fn self_series(scrape: &Scrape) -> BTreeSet<Series> {
    let billing = scrape.billing_metrics().samples;
    // What later requests find.
    let later = ["heroku_team_", "heroku_app_", "heroku_api_token_"];
    let all = scrape.samples.keys();
    let own = all.filter(|series| !billing.contains_key(series));
    own.filter(|series| !later.iter().any(|prefix| series.name.starts_with(prefix)))
        .cloned()
        .collect()
}
