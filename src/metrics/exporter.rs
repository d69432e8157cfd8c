//! The exporter's own metrics: polls, requests to Heroku, the build and the billing month.

use std::borrow::Cow;

use jiff::Timestamp;

use super::descriptors::exporter::{self, API_CODES, NO_RESPONSE, OTHER};
use super::time::unix_time;
use crate::build;
use crate::snapshot::{EndpointHealth, Snapshot};
use billing::month::Month;
use expfmt::{Family, Sample};
use heroku_api::stats::{Endpoint, EndpointStats};

/// Returns the families of polls, requests and the build. All their series always exist.
pub(super) fn families(snapshot: &Snapshot) -> Vec<Family<'_>> {
    let endpoint_health = snapshot.endpoint_health();
    let per_endpoint = |metric, value: fn(&EndpointHealth<'_>) -> f64| {
        let samples = endpoint_health.iter().map(|health| {
            let labels = [health.name.clone(), health.endpoint.as_str().into()];
            Sample::new(labels, value(health))
        });
        Family::new(metric, samples.collect::<Vec<_>>())
    };
    let failures = endpoint_health.iter().flat_map(|health| {
        health.stats.failures().map(|(reason, count)| {
            let labels = [
                health.name.clone(),
                health.endpoint.as_str().into(),
                reason.as_str().into(),
            ];
            Sample::new(labels, count as f64)
        })
    });
    let stats = || {
        let endpoints = snapshot.endpoints.iter().copied();
        endpoints.map(|endpoint| (endpoint, snapshot.client_stats.endpoint(endpoint)))
    };
    let remaining = snapshot.client_stats.rate_limit_remaining;
    let remaining = remaining.map_or(f64::NAN, |remaining| remaining as f64);
    let build = Sample::new([build::VERSION, build::REVISION, build::RUSTC], 1.0);
    let storage_up = f64::from(u8::from(snapshot.storage_up));
    vec![
        per_endpoint(&exporter::UP, |p| p.is_up.into()),
        per_endpoint(&exporter::ENDPOINT_AVAILABLE, |p| p.is_available.into()),
        per_endpoint(&exporter::LAST_POLL_SUCCESS, |p| {
            time_or_zero(p.last_success)
        }),
        per_endpoint(&exporter::LAST_POLL, |p| time_or_zero(p.stats.last_attempt)),
        per_endpoint(&exporter::DATA_CHANGED, |p| time_or_zero(p.changed_at)),
        per_endpoint(&exporter::LAST_POLL_DURATION, |p| {
            p.stats.last_duration.unwrap_or_default().as_secs_f64()
        }),
        per_endpoint(&exporter::SKIPPED_ROWS, |p| {
            p.stats.skipped.rows.count as f64
        }),
        per_endpoint(&exporter::SKIPPED_FIELDS, |p| {
            p.stats.skipped.fields.count as f64
        }),
        per_endpoint(&exporter::POLLS, |p| p.stats.polls as f64),
        Family::new(&exporter::POLL_FAILURES, failures.collect::<Vec<_>>()),
        Family::new(&exporter::STORAGE_UP, [Sample::unlabelled(storage_up)]),
        Family::new(&exporter::API_REQUESTS, stats().flat_map(requests)),
        Family::new(&exporter::API_REQUEST_DURATION, stats().flat_map(durations)),
        Family::new(
            &exporter::API_RATE_LIMIT_REMAINING,
            [Sample::unlabelled(remaining)],
        ),
        Family::new(&exporter::BUILD_INFO, [build]),
    ]
}

/// Returns the family of the elapsed fraction of the current month.
pub(super) fn month_elapsed<'a>(now: Timestamp) -> Family<'a> {
    let ratio = Month::at(now).elapsed_ratio(now);
    Family::new(
        &exporter::BILLING_MONTH_ELAPSED,
        [Sample::unlabelled(ratio)],
    )
}

/// Returns the numbers of requests to an endpoint by status code.
fn requests<'a>((endpoint, stats): (Endpoint, &EndpointStats)) -> Vec<Sample<'a>> {
    let mut counts = API_CODES.map(|code| (code, 0));
    let mut other = 0;
    for (&status, &count) in &stats.by_status {
        match counts.iter_mut().find(|(code, _)| *code == status) {
            Some((_, known)) => *known = count,
            None => other += count,
        }
    }
    let known = counts.map(|(code, count)| (Cow::from(code.to_string()), count));
    let rest = [
        (OTHER.into(), other),
        (NO_RESPONSE.into(), stats.no_response),
    ];
    let sample = |(code, count)| Sample::new([endpoint.as_str().into(), code], count as f64);
    known.into_iter().chain(rest).map(sample).collect()
}

fn durations<'a>((endpoint, stats): (Endpoint, &EndpointStats)) -> Vec<Sample<'a>> {
    let buckets = stats.duration_buckets.iter().copied();
    let sum = stats.duration_seconds;
    Sample::histogram(&[endpoint.as_str()], buckets, sum, stats.requests)
}

/// Returns a Unix timestamp in seconds, or 0 for `None`.
fn time_or_zero(at: Option<Timestamp>) -> f64 {
    at.map_or(0.0, unix_time)
}
