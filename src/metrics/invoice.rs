//! Invoices by month.

use std::borrow::Cow;

use jiff::civil::Date;
use jiff::tz::Offset;

use super::billing_data::BillingData;
use super::descriptors::invoice;
use super::time::unix_time;
use billing::cost::Billed;
use billing::invoice::{Invoice, STATES, UNKNOWN_STATE};
use billing::money::Money;
use expfmt::{Family, MetricDescriptor, Sample};

const SECONDS_PER_HOUR: f64 = 3_600.0;

/// The team's name and the period.
type Labels<'a> = [&'a str; 2];

/// Returns the families that have series.
pub(super) fn families<'a>(data: &'a BillingData<'a>) -> Vec<Family<'a>> {
    let number = |metric, value: fn(&Invoice) -> Option<f64>| {
        let samples = invoices(data)
            .filter_map(move |(labels, invoice)| Some(Sample::new(labels, value(invoice)?)));
        Family::non_empty(metric, samples)
    };
    let amount = |metric: &'static MetricDescriptor, value: fn(&Invoice) -> Option<Money>| {
        let samples = invoices(data).filter_map(move |(labels, invoice)| {
            Some(Sample::new(labels, value(invoice)?.dollars()))
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
        Family::non_empty(&invoice::UNEXPLAINED, unexplained(data)),
        number(&invoice::DYNO_UNITS, |i| i.dyno_units),
        number(&invoice::DYNO_SECONDS, dyno_seconds),
        Family::non_empty(&invoice::INFO, invoices(data).map(info)),
        Family::non_empty(&invoice::STATE_SET, invoices(data).flat_map(states)),
        number(&invoice::PERIOD_START_TIME, |i| midnight(i.period.start)),
        number(&invoice::PERIOD_END_TIME, |i| midnight(i.period.end?)),
        number(&invoice::UPDATED, |i| i.updated_at.map(unix_time)),
        Family::non_empty(&invoice::HISTORY, history(data)),
    ];
    families.into_iter().flatten().collect()
}

fn months<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = (Labels<'a>, &'a Billed<'a>)> {
    data.costs.iter().flat_map(|(team, cost)| {
        let months = cost.months().into_iter();
        months.map(|(period, billed)| ([team.name.as_str(), period.as_str()], billed))
    })
}

/// Returns each team's invoices of the current and the previous month.
fn invoices<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = (Labels<'a>, &'a Invoice)> {
    months(data).filter_map(|(labels, billed)| Some((labels, billed.invoice?)))
}

fn unexplained<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    months(data)
        .filter_map(|(labels, billed)| Some(Sample::new(labels, billed.unexplained()?.dollars())))
}

/// Returns the dyno time in seconds, rounded to milliseconds to remove the error of the
/// multiplication. Saturates instead of becoming infinite.
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
    invoice.state_name().into_iter().flat_map(move |state| {
        let names = STATES.into_iter().chain([UNKNOWN_STATE]);
        names.map(move |name| Sample::new([team, period, name], f64::from(u8::from(state == name))))
    })
}

/// Returns each team's invoice totals of the months before the current one whose usage is unknown,
/// latest first.
fn history<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    let latest = data.current_month.previous();
    let months = std::iter::successors(Some(latest), |month| Some(month.previous()));
    let months = months.take(data.options.rules.invoice_history);
    let invoices = data.invoices.iter();
    invoices.flat_map(move |(team, invoices)| {
        let has_usage = |month| {
            let mut past = data.past.iter();
            past.any(|past| past.team == *team && past.month == month)
        };
        let unknown = months.clone().filter(move |month| !has_usage(*month));
        unknown.filter_map(|month| {
            let total = invoices.of_month(month)?.total?;
            let labels = [Cow::from(*team), month.to_string().into()];
            Some(Sample::new(labels, total.dollars()))
        })
    })
}

/// Returns the start of a day in UTC as a Unix timestamp in seconds.
fn midnight(day: Date) -> Option<f64> {
    let midnight = Offset::UTC.to_timestamp(day.at(0, 0, 0, 0));
    midnight.ok().map(unix_time)
}
