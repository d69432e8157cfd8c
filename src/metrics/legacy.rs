//! The twenty metrics of the Go exporter that this program replaces.

use super::descriptors::legacy::*;
use super::figures::Figures;
use crate::snapshot::Team;
use billing::cost::{Billed, MonthCost, TeamCost};
use billing::invoice::{Invoice, Invoices};
use billing::money::Money;
use billing::usage::UsageAmounts;
use expfmt::{Family, LabelValues, MetricDescriptor, Sample};

/// The `app_name` of a team's own figures.
const TEAM_TOTAL: &str = "_team_total";

type InvoiceFigure = fn(&Invoice) -> Option<f64>;

/// The figures of an invoice, with their metrics for the current and the previous one.
const INVOICE_FIGURES: [(InvoiceFigure, [&MetricDescriptor; 2]); 8] = [
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

/// Returns the families that have a series.
pub(super) fn families<'a>(figures: &'a Figures<'a>) -> Vec<Family<'a>> {
    let mut families = Vec::new();
    let select: [fn(&Invoices) -> Option<&Invoice>; 2] = [Invoices::current, Invoices::previous];
    for (period, select) in select.into_iter().enumerate() {
        for (figure, metrics) in INVOICE_FIGURES {
            families.extend(invoices(figures, metrics[period], select, figure));
        }
    }
    let select: [SelectMonth; 2] = [|cost| &cost.current, |cost| &cost.previous];
    let metrics = [
        (&CURRENT_USAGE_USD, &CURRENT_USAGE_DYNO_UNITS),
        (&PREVIOUS_USAGE_USD, &PREVIOUS_USAGE_DYNO_UNITS),
    ];
    for ((select, month), (usd, dyno_units)) in
        select.into_iter().zip(&figures.month_names).zip(metrics)
    {
        let credits = usage(&figures.costs, select)
            .flat_map(move |(team, app, amounts)| credits(team, app, month, amounts));
        families.extend(Family::non_empty(usd, credits));
        let units = usage(&figures.costs, select).filter_map(move |(team, app, amounts)| {
            Some(Sample::new([team, app, month], amounts.dynos?))
        });
        families.extend(Family::non_empty(dyno_units, units));
    }
    families
}

type SelectMonth = for<'c, 'a> fn(&'c TeamCost<'a>) -> &'c Billed<'a>;

/// Returns the family of one figure of the invoices that `select` returns. With one team it has no
/// label `team_name`, as in the Go exporter.
fn invoices<'a>(
    figures: &'a Figures<'a>,
    metric: &'static MetricDescriptor,
    select: fn(&Invoices) -> Option<&Invoice>,
    figure: InvoiceFigure,
) -> Option<Family<'a>> {
    let labels: Vec<_> = metric.label_names(figures.several_teams).collect();
    let names = labels.clone();
    let samples = figures
        .invoices
        .iter()
        .filter_map(move |&(team, invoices)| {
            let invoice = select(invoices)?;
            let values: LabelValues<'_> = names
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
            Some(Sample::new(values, figure(invoice)?))
        });
    let family = Family::non_empty(metric, samples)?;
    Some(Family { labels, ..family })
}

/// Returns the add-on credits of one row of a team, by type.
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
    types
        .into_iter()
        .filter_map(move |(kind, value)| Some(Sample::new([team, app, kind, month], value?)))
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

/// Returns the team's own row and then its apps'.
///
/// The Go exporter shows a `connect` of 0 for an app for which Heroku has none. An app with the
/// name of the team's row is omitted: it would be a duplicate series, for which Prometheus rejects
/// the scrape, and the team's row includes it.
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
