//! Invoices, by the month that they bill.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use smallvec::smallvec;

use super::cost::Costs;
use super::unix_time;
use crate::metrics::descriptors::invoice;
use billing::cost::{Billed, Period};
use billing::invoice::{Invoice, Invoices, STATES};
use billing::money::Money;
use billing::month::Month;
use expfmt::descriptor::Metric;
use expfmt::family::{Family, LabelValues, Sample};

/// A team's name and its invoices.
pub(super) type TeamInvoices<'a> = (&'a str, &'a Invoices);

const SECONDS_PER_HOUR: f64 = 3_600.0;

/// The families that have a series, in the catalogue's order. `history` is how many months before
/// `current` are told.
pub(super) fn families<'a>(
    costs: &'a Costs<'a>,
    invoices: &'a [TeamInvoices<'a>],
    current: Month,
    history: usize,
) -> Vec<Family<'a>> {
    let figure = |metric, figure: fn(&Invoice) -> Option<f64>| {
        let samples = billed(costs)
            .filter_map(move |(labels, invoice)| Some(Sample::new(labels, figure(invoice)?)));
        Family::non_empty(metric, samples)
    };
    let amount = |metric: &'static Metric, amount: fn(&Invoice) -> Option<Money>| {
        let samples = billed(costs).filter_map(move |(labels, invoice)| {
            Some(Sample::new(labels, amount(invoice)?.dollars()))
        });
        Family::non_empty(metric, samples)
    };
    let families = [
        amount(&invoice::AMOUNT, |i| i.total),
        amount(&invoice::CHARGES, |i| i.charges),
        amount(&invoice::CREDITS, |i| i.credits),
        amount(&invoice::ADDONS, |i| i.addons),
        amount(&invoice::DATABASE, |i| i.database),
        amount(&invoice::PLATFORM, |i| i.platform),
        Family::non_empty(&invoice::UNEXPLAINED, unexplained(costs)),
        figure(&invoice::DYNO_UNITS, |i| i.dyno_units),
        figure(&invoice::DYNO_SECONDS, dyno_seconds),
        Family::non_empty(&invoice::INFO, billed(costs).map(info)),
        Family::non_empty(&invoice::STATE, billed(costs).flat_map(states)),
        figure(&invoice::PERIOD_START, |i| midnight(i.period.start)),
        figure(&invoice::PERIOD_END, |i| midnight(i.period.end?)),
        figure(&invoice::UPDATED, |i| i.updated_at.map(unix_time)),
        Family::non_empty(&invoice::HISTORY, past(invoices, current, history)),
    ];
    families.into_iter().flatten().collect()
}

/// The team's name and the period of a month.
fn labels(team: &str, which: Period) -> LabelValues<'_> {
    smallvec![team.into(), which.as_str().into()]
}

fn months<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = (LabelValues<'a>, &'a Billed<'a>)> {
    costs.iter().flat_map(|(team, cost)| {
        let months = cost.months().into_iter();
        months.map(|(which, billed)| (labels(&team.name, which), billed))
    })
}

/// Each team's months of which there is an invoice.
fn billed<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = (LabelValues<'a>, &'a Invoice)> {
    months(costs).filter_map(|(labels, billed)| Some((labels, billed.invoice?)))
}

fn unexplained<'a>(costs: &'a Costs<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(costs)
        .filter_map(|(labels, billed)| Some(Sample::new(labels, billed.unexplained()?.dollars())))
}

/// To a millisecond, without what the product of two floats adds of its own. A figure that is too
/// large stays the largest that there is, not infinite.
fn dyno_seconds(invoice: &Invoice) -> Option<f64> {
    let seconds = invoice.weighted_dyno_hours? * SECONDS_PER_HOUR;
    let rounded = (seconds * 1_000.0).round() / 1_000.0;
    Some(rounded.clamp(f64::MIN, f64::MAX))
}

fn info<'a>((labels, invoice): (LabelValues<'a>, &'a Invoice)) -> Sample<'a> {
    let number = invoice.number.map(|number| number.to_string());
    let end = invoice.period.end.map(|end| end.to_string());
    let mut values = labels;
    values.extend([
        number.unwrap_or_default().into(),
        invoice.payment_status.as_str().into(),
        invoice.period.start.to_string().into(),
        end.unwrap_or_default().into(),
    ]);
    Sample::new(values, 1.0)
}

fn states<'a>((labels, invoice): (LabelValues<'a>, &'a Invoice)) -> Vec<Sample<'a>> {
    let Some(state) = invoice.state else {
        return Vec::new();
    };
    let each = (0..).zip(STATES).map(|(number, word)| {
        let mut values = labels.clone();
        values.push(word.into());
        Sample::new(values, f64::from(u8::from(state == number)))
    });
    each.collect()
}

/// The amounts of each team's invoices of the months before `current`, the latest first.
fn past<'a>(
    invoices: &'a [TeamInvoices<'a>],
    current: Month,
    history: usize,
) -> impl Iterator<Item = Sample<'a>> {
    let months = std::iter::successors(Some(current.previous()), |month| Some(month.previous()));
    let months: Vec<_> = months.take(history).collect();
    invoices.iter().flat_map(move |(team, invoices)| {
        let samples = months.iter().filter_map(|month| {
            let total = invoices.of_month(*month)?.total?;
            let labels = smallvec![(*team).into(), month.to_string().into()];
            Some(Sample::new(labels, total.dollars()))
        });
        samples.collect::<Vec<_>>()
    })
}

/// The beginning of a day in UTC, in Unix time.
fn midnight(day: Date) -> Option<f64> {
    let midnight = Offset::UTC.to_timestamp(day.at(0, 0, 0, 0));
    midnight.ok().map(|at: Timestamp| unix_time(at))
}
