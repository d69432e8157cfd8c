//! What the program tells of itself.

use std::borrow::Cow;

use jiff::Timestamp;
use smallvec::smallvec;

use super::unix_time;
use crate::build;
use crate::metrics::descriptors::exporter;
use crate::snapshot::{EndpointHealth, Snapshot};
use billing::month::Month;
use expfmt::family::{Family, LabelValues, Sample};
use heroku_api::stats::Endpoint;

/// How many requests for a path this program answered with a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The path.
    pub path: &'a str,
    /// The status.
    pub code: &'static str,
    /// How many.
    pub count: u64,
}

/// What this program answered since it began.
#[derive(Clone, Debug)]
pub struct AnsweredSoFar<'a, I> {
    /// How many answers were no scrapes: while it stays, so do the others.
    pub changes: u64,
    /// All but the scrapes.
    pub others: I,
    /// The scrapes.
    pub scrapes: Answered<'a>,
}

fn labels<'a>(asked: &EndpointHealth<'a>) -> LabelValues<'a> {
    smallvec![asked.name.clone(), asked.endpoint.as_str().into()]
}

/// The families of the polls, in the catalogue's order.
pub(super) fn families(snapshot: &Snapshot) -> Vec<Family<'_>> {
    let polled = snapshot.endpoint_health();
    let requested = || snapshot.endpoints.iter().copied();
    let per_endpoint = |metric, value: fn(&EndpointHealth<'_>) -> f64| {
        let samples = polled
            .iter()
            .map(|polled| Sample::new(labels(polled), value(polled)));
        Family::new(metric, samples.collect::<Vec<_>>())
    };
    let failures = polled.iter().flat_map(|polled| {
        polled.stats.failures().map(|(reason, count)| {
            let mut labels = labels(polled);
            labels.push(reason.as_str().into());
            Sample::new(labels, count as f64)
        })
    });
    let requests = requested().flat_map(|endpoint| {
        let codes = snapshot.client_stats.of(endpoint).codes();
        codes.map(move |(code, count)| {
            Sample::new(
                smallvec![endpoint.as_str().into(), code.into()],
                count as f64,
            )
        })
    });
    let remaining = snapshot
        .client_stats
        .rate_limit_remaining
        .map_or(f64::NAN, |remaining| remaining as f64);
    let build = smallvec![
        build::VERSION.into(),
        build::REVISION.into(),
        build::RUSTC.into(),
    ];
    vec![
        per_endpoint(&exporter::UP, |p| p.is_up.into()),
        per_endpoint(&exporter::ENDPOINT_AVAILABLE, |p| p.is_available.into()),
        per_endpoint(&exporter::LAST_SUCCESS, |p| time_or_never(p.last_success)),
        per_endpoint(&exporter::LAST_ATTEMPT, |p| {
            time_or_never(p.stats.last_attempt)
        }),
        per_endpoint(&exporter::DATA_CHANGED, |p| time_or_never(p.changed_at)),
        per_endpoint(&exporter::POLL_DURATION, |p| {
            p.stats.last_duration.unwrap_or_default().as_secs_f64()
        }),
        per_endpoint(&exporter::ROWS_LEFT_OUT, |p| p.stats.skipped_rows as f64),
        per_endpoint(&exporter::POLLS, |p| p.stats.polls as f64),
        Family::new(&exporter::POLL_FAILURES, failures.collect::<Vec<_>>()),
        Family::new(&exporter::API_REQUESTS, requests),
        Family::new(
            &exporter::API_REQUEST_DURATION,
            requested().flat_map(|endpoint| histogram(snapshot, endpoint)),
        ),
        Family::new(
            &exporter::API_RATE_LIMIT_REMAINING,
            [Sample::new(LabelValues::new(), remaining)],
        ),
        Family::new(&exporter::BUILD_INFO, [Sample::new(build, 1.0)]),
    ]
}

/// How much of the month has passed.
pub(super) fn month_elapsed<'a>(now: Timestamp) -> Family<'a> {
    let ratio = Month::at(now).elapsed_ratio(now);
    Family::new(
        &exporter::BILLING_MONTH_ELAPSED,
        [Sample::new(LabelValues::new(), ratio)],
    )
}

/// What was answered.
pub(super) fn answered<'a>(answered: impl Iterator<Item = Answered<'a>> + 'a) -> Family<'a> {
    let samples = answered.map(|answered| {
        Sample::new(
            smallvec![answered.path.into(), answered.code.into()],
            answered.count as f64,
        )
    });
    Family::new(&exporter::HTTP_REQUESTS, samples)
}

fn histogram(snapshot: &Snapshot, endpoint: Endpoint) -> Vec<Sample<'_>> {
    let traffic = snapshot.client_stats.of(endpoint);
    let sample = |suffix, bound: Option<String>, value| {
        let mut label_values = LabelValues::from_iter([endpoint.as_str().into()]);
        label_values.extend(bound.map(Cow::from));
        Sample {
            suffix,
            label_values,
            value,
        }
    };
    // `{:?}` writes 1.0 as "1.0", the form that OpenMetrics asks for.
    let bucket =
        |(bound, count): (f64, u64)| sample("_bucket", Some(format!("{bound:?}")), count as f64);
    let mut samples: Vec<_> = traffic.cumulative().map(bucket).collect();
    samples.push(sample(
        "_bucket",
        Some("+Inf".to_owned()),
        traffic.count as f64,
    ));
    samples.push(sample("_sum", None, traffic.seconds));
    samples.push(sample("_count", None, traffic.count as f64));
    samples
}

/// Seconds since 1970, or 0 for never: a series that is always there can be alerted on.
fn time_or_never(at: Option<Timestamp>) -> f64 {
    at.map_or(0.0, unix_time)
}
