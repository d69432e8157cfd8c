//! The metrics of the Go exporter that this program replaces.

use super::billing_data::BillingData;
use super::descriptors::legacy::*;
use crate::snapshot::Team;
use billing::cost::{Billed, MonthCost, TeamCost};
use billing::invoice::{Invoice, Invoices};
use billing::money::Money;
use billing::usage::UsageAmounts;
use expfmt::{Family, LabelValues, MetricDescriptor, Sample};

/// The `app_name` of a team's own amounts.
const TEAM_TOTAL: &str = "_team_total";

type InvoiceValue = fn(&Invoice) -> Option<f64>;

/// The values of an invoice, each with its metrics for the current and the previous invoice.
const INVOICE_METRICS: [(InvoiceValue, [&MetricDescriptor; 2]); 8] = [
    (
        |i| i.total.map(Money::dollars),
        [&CURRENT_TOTAL, &PREVIOUS_TOTAL],
    ),
    (
        |i| i.charges.map(Money::dollars),
        [&CURRENT_CHARGES, &PREVIOUS_CHARGES],
    ),
    (
        |i| i.credits.map(Money::dollars),
        [&CURRENT_CREDITS, &PREVIOUS_CREDITS],
    ),
    (
        |i| i.addons.map(Money::dollars),
        [&CURRENT_ADDONS, &PREVIOUS_ADDONS],
    ),
    (
        |i| i.database.map(Money::dollars),
        [&CURRENT_DATABASE, &PREVIOUS_DATABASE],
    ),
    (
        |i| i.platform.map(Money::dollars),
        [&CURRENT_PLATFORM, &PREVIOUS_PLATFORM],
    ),
    (
        |i| i.dyno_units,
        [&CURRENT_DYNO_UNITS, &PREVIOUS_DYNO_UNITS],
    ),
    (
        |i| i.weighted_dyno_hours,
        [&CURRENT_WEIGHTED_DYNO_HOURS, &PREVIOUS_WEIGHTED_DYNO_HOURS],
    ),
];

/// Returns the families that have series.
pub(super) fn families<'a>(data: &'a BillingData<'a>) -> Vec<Family<'a>> {
    let mut families = Vec::new();
    let select: [fn(&Invoices) -> Option<&Invoice>; 2] = [Invoices::current, Invoices::previous];
    for (period, select) in select.into_iter().enumerate() {
        for (value, metrics) in INVOICE_METRICS {
            families.extend(invoices(data, metrics[period], select, value));
        }
    }
    let select: [SelectMonth; 2] = [|cost| &cost.current, |cost| &cost.previous];
    let metrics = [
        (&CURRENT_USAGE_USD, &CURRENT_USAGE_DYNO_UNITS),
        (&PREVIOUS_USAGE_USD, &PREVIOUS_USAGE_DYNO_UNITS),
    ];
    for ((select, month), (usd, dyno_units)) in
        select.into_iter().zip(&data.month_names).zip(metrics)
    {
        let credits = usage(&data.costs, select)
            .flat_map(move |(team, app, amounts)| credits(team, app, month, amounts));
        families.extend(Family::non_empty(usd, credits));
        let units = usage(&data.costs, select).filter_map(move |(team, app, amounts)| {
            Some(Sample::new([team, app, month], amounts.dynos?))
        });
        families.extend(Family::non_empty(dyno_units, units));
    }
    families
}

type SelectMonth = for<'c, 'a> fn(&'c TeamCost<'a>) -> &'c Billed<'a>;

/// Returns the family of one value of the selected invoices. With one team it has no label
/// `team_name`, as in the Go exporter.
fn invoices<'a>(
    data: &'a BillingData<'a>,
    metric: &'static MetricDescriptor,
    select: fn(&Invoices) -> Option<&Invoice>,
    value: InvoiceValue,
) -> Option<Family<'a>> {
    let labels: Vec<_> = metric.label_names(data.several_teams).collect();
    let names = labels.clone();
    let samples = data.invoices.iter().filter_map(move |&(team, invoices)| {
        let invoice = select(invoices)?;
        let label_values: LabelValues<'_> = names
            .iter()
            .map(|name| match *name {
                "team_name" => team.into(),
                "payment_status" => invoice.payment_status.as_str().into(),
                "state" => invoice
                    .state
                    .map_or_else(String::new, |s| s.to_string())
                    .into(),
                _ => invoice.period.end_as_written.as_str().into(),
            })
            .collect();
        Some(Sample::new(label_values, value(invoice)?))
    });
    let family = Family::non_empty(metric, samples)?;
    Some(Family { labels, ..family })
}

/// Returns the add-on credits of one row by type.
fn credits<'a>(
    team: &'a str,
    app: &'a str,
    month: &'a str,
    amounts: UsageAmounts,
) -> impl Iterator<Item = Sample<'a>> {
    let types = [
        ("data", amounts.data),
        ("addons", amounts.addons),
        ("connect", amounts.connect),
        ("partner", amounts.partner),
    ];
    types.into_iter().filter_map(move |(usage_type, value)| {
        Some(Sample::new([team, app, usage_type, month], value?))
    })
}

/// Returns the rows of each team in the selected month: team, row and amounts.
fn usage<'a>(
    costs: &'a [(&'a Team, TeamCost<'a>)],
    select: SelectMonth,
) -> impl Iterator<Item = (&'a str, &'a str, UsageAmounts)> {
    costs.iter().flat_map(move |(team, cost)| {
        let month = select(cost).cost.iter();
        month
            .flat_map(rows)
            .map(|(row, amounts)| (team.name.as_str(), row, amounts))
    })
}

/// Returns the team's own row, followed by those of its apps.
///
/// As in the Go exporter, `connect` of an app is 0 if Heroku reports none. An app with the name of
/// the team's row is skipped: Prometheus rejects a scrape with duplicate series, and the team's row
/// includes the app.
fn rows<'a>(cost: &'a MonthCost<'a>) -> impl Iterator<Item = (&'a str, UsageAmounts)> {
    let apps = cost.rows.iter().filter(|(name, _)| *name != TEAM_TOTAL);
    std::iter::once((TEAM_TOTAL, cost.usage.team)).chain(apps.map(|(name, row)| {
        let amounts = UsageAmounts {
            connect: row.used.connect.or(Some(0.0)),
            ..row.used
        };
        (&**name, amounts)
    }))
}
