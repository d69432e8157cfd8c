//! Invoices, by the month that they bill.

use std::borrow::Cow;

use jiff::civil::Date;
use jiff::tz::Offset;

use super::descriptors::invoice;
use super::figures::Figures;
use super::time::unix_time;
use billing::cost::Billed;
use billing::invoice::{Invoice, STATES};
use billing::money::Money;
use expfmt::{Family, MetricDescriptor, Sample};

const SECONDS_PER_HOUR: f64 = 3_600.0;

/// The team's name and the period.
type Labels<'a> = [&'a str; 2];

/// Returns the families that have a series.
pub(super) fn families<'a>(figures: &'a Figures<'a>) -> Vec<Family<'a>> {
    let figure = |metric, figure: fn(&Invoice) -> Option<f64>| {
        let samples = invoices(figures)
            .filter_map(move |(labels, invoice)| Some(Sample::new(labels, figure(invoice)?)));
        Family::non_empty(metric, samples)
    };
    let amount = |metric: &'static MetricDescriptor, amount: fn(&Invoice) -> Option<Money>| {
        let samples = invoices(figures).filter_map(move |(labels, invoice)| {
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
        Family::non_empty(&invoice::UNEXPLAINED, unexplained(figures)),
        figure(&invoice::DYNO_UNITS, |i| i.dyno_units),
        figure(&invoice::DYNO_SECONDS, dyno_seconds),
        Family::non_empty(&invoice::INFO, invoices(figures).map(info)),
        Family::non_empty(&invoice::STATE, invoices(figures).flat_map(states)),
        figure(&invoice::PERIOD_START, |i| midnight(i.period.start)),
        figure(&invoice::PERIOD_END, |i| midnight(i.period.end?)),
        figure(&invoice::UPDATED, |i| i.updated_at.map(unix_time)),
        Family::non_empty(&invoice::HISTORY, history(figures)),
    ];
    families.into_iter().flatten().collect()
}

fn months<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = (Labels<'a>, &'a Billed<'a>)> {
    figures.costs.iter().flat_map(|(team, cost)| {
        let months = cost.months().into_iter();
        months.map(|(period, billed)| ([team.name.as_str(), period.as_str()], billed))
    })
}

/// Returns the months of each team for which an invoice is known.
fn invoices<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = (Labels<'a>, &'a Invoice)> {
    months(figures).filter_map(|(labels, billed)| Some((labels, billed.invoice?)))
}

fn unexplained<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(figures)
        .filter_map(|(labels, billed)| Some(Sample::new(labels, billed.unexplained()?.dollars())))
}

/// Returns the dyno time in seconds, rounded to a millisecond to drop the error of the
/// multiplication. An overflow becomes the largest float, not infinity.
fn dyno_seconds(invoice: &Invoice) -> Option<f64> {
    let seconds = invoice.weighted_dyno_hours? * SECONDS_PER_HOUR;
    let rounded = (seconds * 1_000.0).round() / 1_000.0;
    Some(rounded.clamp(f64::MIN, f64::MAX))
}

fn info<'a>(([team, period], invoice): (Labels<'a>, &'a Invoice)) -> Sample<'a> {
    let number = invoice.number.map(|number| number.to_string());
    let end = invoice.period.end.map(|end| end.to_string());
    let labels: [Cow<'a, str>; 6] = [
        team.into(),
        period.into(),
        number.unwrap_or_default().into(),
        invoice.payment_status.as_str().into(),
        invoice.period.start.to_string().into(),
        end.unwrap_or_default().into(),
    ];
    Sample::new(labels, 1.0)
}

fn states<'a>(
    ([team, period], invoice): (Labels<'a>, &'a Invoice),
) -> impl Iterator<Item = Sample<'a>> {
    invoice.state.into_iter().flat_map(move |state| {
        let names = (0..).zip(STATES);
        names.map(move |(number, name)| {
            Sample::new([team, period, name], f64::from(u8::from(state == number)))
        })
    })
}

/// Returns the amounts of each team's invoices of the months before the current one, latest first.
fn history<'a>(figures: &'a Figures<'a>) -> impl Iterator<Item = Sample<'a>> {
    let latest = figures.current.previous();
    let months = std::iter::successors(Some(latest), |month| Some(month.previous()));
    let months = months.take(figures.options.rules.invoice_history);
    let invoices = figures.invoices.iter();
    invoices.flat_map(move |(team, invoices)| {
        months.clone().filter_map(|month| {
            let total = invoices.of_month(month)?.total?;
            let labels = [Cow::from(*team), month.to_string().into()];
            Some(Sample::new(labels, total.dollars()))
        })
    })
}

/// Returns the beginning of a day in UTC, in seconds since 1970.
fn midnight(day: Date) -> Option<f64> {
    let midnight = Offset::UTC.to_timestamp(day.at(0, 0, 0, 0));
    midnight.ok().map(unix_time)
}
