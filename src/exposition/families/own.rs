//! What the program tells of itself.

use std::borrow::Cow;

use jiff::Timestamp;

use super::cost::Costs;
use super::{Family, Sample, unix_time};
use crate::build;
use crate::catalogue::own;
use crate::domain::month::Month;
use crate::domain::snapshot::{Outcome, Record, Snapshot};
use crate::domain::traffic::Endpoint;

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

/// One endpoint of one team, whatever it answers with.
struct Polled<'a> {
    team: &'a str,
    endpoint: Endpoint,
    record: &'a Record,
    is_up: bool,
    is_available: bool,
    last_success: Option<Timestamp>,
    changed: Option<Timestamp>,
}

impl<'a> Polled<'a> {
    fn new<T: PartialEq>(team: &'a str, endpoint: Endpoint, outcome: &'a Outcome<T>) -> Self {
        let good = outcome.last_good.as_ref();
        Self {
            team,
            endpoint,
            record: &outcome.record,
            is_up: outcome.is_up(),
            is_available: outcome.is_available(),
            last_success: good.map(|good| good.at),
            changed: good.map(|good| good.changed_at),
        }
    }

    fn labels(&self) -> Vec<Cow<'a, str>> {
        vec![self.team.into(), self.endpoint.word().into()]
    }
}

/// The families that follow from a Snapshot, in the catalogue's order.
pub(super) fn families<'a>(snapshot: &'a Snapshot, costs: &Costs<'a>) -> Vec<Family<'a>> {
    let polled: Vec<_> = snapshot
        .teams()
        .iter()
        .flat_map(|team| {
            [
                Polled::new(&team.name, Endpoint::Invoices, &team.invoices),
                Polled::new(&team.name, Endpoint::Usage, &team.usage),
            ]
        })
        .collect();
    let per_endpoint = |metric, value: fn(&Polled<'_>) -> f64| {
        Family::new(
            metric,
            polled
                .iter()
                .map(|polled| Sample::new(polled.labels(), value(polled))),
        )
    };
    let failures = polled.iter().flat_map(|polled| {
        polled.record.failures().map(|(reason, count)| {
            let mut labels = polled.labels();
            labels.push(reason.word().into());
            Sample::new(labels, count as f64)
        })
    });
    let rolled_up = costs
        .iter()
        .map(|(team, cost)| Sample::new(vec![team.name.as_str().into()], cost.rolled_up as f64));
    let requests = Endpoint::ALL.into_iter().flat_map(|endpoint| {
        let codes = snapshot.traffic.of(endpoint).codes();
        codes.map(move |(code, count)| {
            Sample::new(vec![endpoint.word().into(), code.into()], count as f64)
        })
    });
    let remaining = snapshot
        .traffic
        .rate_limit_remaining
        .map_or(f64::NAN, |remaining| remaining as f64);
    let build = vec![
        build::VERSION.into(),
        build::REVISION.into(),
        build::RUSTC.into(),
    ];
    vec![
        per_endpoint(&own::UP, |p| p.is_up.into()),
        per_endpoint(&own::ENDPOINT_AVAILABLE, |p| p.is_available.into()),
        per_endpoint(&own::LAST_SUCCESS, |p| time_or_never(p.last_success)),
        per_endpoint(&own::LAST_ATTEMPT, |p| time_or_never(p.record.last_attempt)),
        per_endpoint(&own::DATA_CHANGED, |p| time_or_never(p.changed)),
        per_endpoint(&own::POLL_DURATION, |p| {
            p.record.last_duration.unwrap_or_default().as_secs_f64()
        }),
        per_endpoint(&own::ROWS_LEFT_OUT, |p| p.record.rows_left_out as f64),
        per_endpoint(&own::POLLS, |p| p.record.polls as f64),
        Family::new(&own::POLL_FAILURES, failures),
        Family::new(&own::APPS_ROLLED_UP, rolled_up),
        Family::new(&own::API_REQUESTS, requests),
        Family::new(
            &own::API_REQUEST_DURATION,
            Endpoint::ALL
                .into_iter()
                .flat_map(|e| histogram(snapshot, e)),
        ),
        Family::new(
            &own::API_RATE_LIMIT_REMAINING,
            [Sample::new(Vec::new(), remaining)],
        ),
        Family::new(&own::BUILD_INFO, [Sample::new(build, 1.0)]),
    ]
}

/// How much of the month has passed.
pub(super) fn month_elapsed(now: Timestamp) -> Family<'static> {
    let ratio = Month::at(now).elapsed_ratio(now);
    Family::new(
        &own::BILLING_MONTH_ELAPSED,
        [Sample::new(Vec::new(), ratio)],
    )
}

/// What was answered.
pub(super) fn answered<'a>(answered: impl Iterator<Item = Answered<'a>>) -> Family<'a> {
    let samples = answered.map(|answered| {
        Sample::new(
            vec![answered.path.into(), answered.code.into()],
            answered.count as f64,
        )
    });
    Family::new(&own::HTTP_REQUESTS, samples)
}

fn histogram(snapshot: &Snapshot, endpoint: Endpoint) -> Vec<Sample<'static>> {
    let traffic = snapshot.traffic.of(endpoint);
    let sample = |suffix, bound: Option<String>, value| {
        let mut label_values = vec![Cow::from(endpoint.word())];
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
