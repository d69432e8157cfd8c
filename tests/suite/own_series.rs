//! The program's own series of a scrape, as a test asks for them.

use std::collections::BTreeSet;

use crate::scrape::{Scrape, Series};

/// The endpoints that are polled, as labels and the log call them.
pub(crate) const ENDPOINTS: [&str; 2] = ["invoices", "usage"];

pub(crate) const UP: &str = "heroku_up";
pub(crate) const AVAILABLE: &str = "heroku_cost_exporter_endpoint_available";
pub(crate) const LAST_POLL_SUCCESS: &str =
    "heroku_cost_exporter_last_poll_success_timestamp_seconds";
pub(crate) const LAST_POLL: &str = "heroku_cost_exporter_last_poll_timestamp_seconds";
pub(crate) const DATA_CHANGED: &str = "heroku_cost_exporter_data_changed_timestamp_seconds";
pub(crate) const LAST_POLL_DURATION: &str = "heroku_cost_exporter_last_poll_duration_seconds";
pub(crate) const SKIPPED_ROWS: &str = "heroku_cost_exporter_skipped_rows";
pub(crate) const POLLS: &str = "heroku_cost_exporter_polls_total";
pub(crate) const FAILURES: &str = "heroku_cost_exporter_poll_failures_total";
pub(crate) const API_REQUESTS: &str = "heroku_api_requests_total";
pub(crate) const RATE_LIMIT: &str = "heroku_api_rate_limit_remaining";

/// The value of the one series of a metric that has these labels, whatever others it has.
pub(crate) fn value(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> f64 {
    let fits = |series: &Series| {
        let has = |(label, value): &(&str, &str)| series.label(label) == Some(*value);
        labels.iter().all(has)
    };
    let found: Vec<_> = scrape
        .of(name)
        .filter(|(series, _)| fits(series))
        .map(|(_, value)| value)
        .collect();
    let [found] = found[..] else {
        panic!("{name} has {} series with {labels:?}", found.len());
    };
    found.parse().expect("a float")
}

/// The value of the one series of a metric for an endpoint, of the one team that there is.
pub(crate) fn of_endpoint(scrape: &Scrape, name: &str, endpoint: &str) -> f64 {
    value(scrape, name, &[("endpoint", endpoint)])
}

/// Polls of an endpoint that failed for a reason.
pub(crate) fn failures(scrape: &Scrape, endpoint: &str, reason: &str) -> f64 {
    value(
        scrape,
        FAILURES,
        &[("endpoint", endpoint), ("reason", reason)],
    )
}

/// Polls of an endpoint that failed, for whatever reason.
pub(crate) fn all_failures(scrape: &Scrape, endpoint: &str) -> f64 {
    let of_endpoint = scrape
        .of(FAILURES)
        .filter(|(series, _)| series.label("endpoint") == Some(endpoint));
    of_endpoint
        .map(|(_, value)| value.parse::<f64>().expect("a float"))
        .sum()
}

/// Whether the last poll of every endpoint of every team succeeded.
pub(crate) fn all_up(scrape: &Scrape) -> bool {
    scrape.of(UP).count() > 0 && scrape.of(UP).all(|(_, value)| value == "1")
}

/// Every series that is not one of Heroku's figures.
pub(crate) fn own_series(scrape: &Scrape) -> BTreeSet<Series> {
    let figures = scrape.figures().samples;
    let all = scrape.samples.keys();
    all.filter(|series| !figures.contains_key(series))
        .cloned()
        .collect()
}
