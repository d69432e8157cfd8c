//! The twenty metrics of the program that this one replaces.

use smallvec::smallvec;

use super::cost::Costs;
use super::invoice::TeamInvoices;
use crate::metrics::descriptors::legacy::{self, InvoiceMetrics};
use billing::cost::{Billed, MonthCost, TeamCost};
use billing::invoice::{Invoice, Invoices};
use billing::money::Money;
use billing::usage::UsageAmounts;
use expfmt::descriptor::Metric;
use expfmt::family::{Family, LabelValues, Sample};

/// The `app_name` under which these metrics carry a team's own figures.
const TEAM_TOTAL: &str = "_team_total";

/// The families that have a series, in the catalogue's order. `months` are the names of the current
/// month and the previous one; `several` says whether more than one team is asked for.
pub(super) fn families<'a>(
    costs: &'a Costs<'a>,
    invoices: &'a [TeamInvoices<'a>],
    months: &'a [String; 2],
    several: bool,
) -> Vec<Family<'a>> {
    let mut families = Vec::new();
    for (metrics, choose) in [
        (&legacy::CURRENT_INVOICE, Invoices::current as ChooseInvoice),
        (&legacy::PREVIOUS_INVOICE, Invoices::previous),
    ] {
        invoice_families(&mut families, invoices, several, metrics, choose);
    }
    for (metrics, month, choose) in [
        (
            &legacy::CURRENT_USAGE,
            &months[0],
            (|cost| &cost.current) as ChooseMonth,
        ),
        (&legacy::PREVIOUS_USAGE, &months[1], |cost| &cost.previous),
    ] {
        families.extend(Family::non_empty(
            &metrics.usd,
            usage(costs, choose).flat_map(|(team, app, figures)| usd(team, app, month, figures)),
        ));
        let dyno_units = usage(costs, choose).filter_map(|(team, app, figures)| {
            let labels = smallvec![team.into(), app.into(), month.into()];
            Some(Sample::new(labels, figures.dynos?))
        });
        families.extend(Family::non_empty(&metrics.dyno_units, dyno_units));
    }
    families
}

/// One of a team's months.
type ChooseMonth = for<'c, 'a> fn(&'c TeamCost<'a>) -> &'c Billed<'a>;

/// One of a team's invoices.
type ChooseInvoice = fn(&Invoices) -> Option<&Invoice>;

/// The eight families of the invoice that `choose` takes of each team's.
fn invoice_families<'a>(
    families: &mut Vec<Family<'a>>,
    teams: &'a [TeamInvoices<'a>],
    several: bool,
    metrics: &'static InvoiceMetrics,
    choose: ChooseInvoice,
) {
    let mut add = |metric: &'static Metric, figure: fn(&Invoice) -> Option<f64>| {
        let samples = teams.iter().filter_map(move |&(team, invoices)| {
            let invoice = choose(invoices)?;
            let value = figure(invoice)?;
            let mut labels = LabelValues::new();
            if several {
                labels.push(team.into());
            }
            if std::ptr::eq(metric, &metrics.total) {
                let state = invoice.state.map(|state| state.to_string());
                labels.push(invoice.payment_status.as_str().into());
                labels.push(state.unwrap_or_default().into());
            }
            labels.push(invoice.period.end_as_written.as_str().into());
            Some(Sample::new(labels, value))
        });
        families.extend(Family::non_empty(metric, samples).map(|family| Family {
            labels: metric.label_names(several).collect(),
            ..family
        }));
    };

    add(&metrics.total, |i| i.total.map(Money::dollars));
    add(&metrics.charges, |i| i.charges.map(Money::dollars));
    add(&metrics.credits, |i| i.credits.map(Money::dollars));
    add(&metrics.addons, |i| i.addons.map(Money::dollars));
    add(&metrics.database, |i| i.database.map(Money::dollars));
    add(&metrics.platform, |i| i.platform.map(Money::dollars));
    add(&metrics.dyno_units, |i| i.dyno_units);
    add(&metrics.weighted_dyno_hours, |i| i.weighted_dyno_hours);
}

/// The add-on credits of one row of a team, by type.
fn usd<'a>(
    team: &'a str,
    app: &'a str,
    month: &'a str,
    figures: UsageAmounts,
) -> impl Iterator<Item = Sample<'a>> {
    let types = [
        ("data", figures.data),
        ("addons", figures.addons),
        ("connect", figures.connect),
        ("partner", figures.partner),
    ];
    types.into_iter().filter_map(move |(kind, value)| {
        let labels = smallvec![team.into(), app.into(), kind.into(), month.into()];
        Some(Sample::new(labels, value?))
    })
}

/// Each team's rows of the month that `choose` takes, as name of the team, name of the row and
/// figures.
fn usage<'a>(
    costs: &'a Costs<'a>,
    choose: ChooseMonth,
) -> impl Iterator<Item = (&'a str, &'a str, UsageAmounts)> {
    costs.iter().flat_map(move |(team, cost)| {
        let cost = choose(cost).cost.iter();
        cost.flat_map(rows)
            .map(|(row, figures)| (team.name.as_str(), row, figures))
    })
}

/// The team's own row and then its apps', as the seed's metrics list them.
///
/// The contract gives an app a `connect` of 0 where Heroku gives none, which today is everywhere.
/// An app that bears the name of the team's own row would be the same series twice, for which
/// Prometheus throws the whole scrape away; the team's row holds that app's figures too.
fn rows<'a>(cost: &'a MonthCost<'a>) -> impl Iterator<Item = (&'a str, UsageAmounts)> {
    let apps = cost.rows.iter().filter(|(name, _)| *name != TEAM_TOTAL);
    std::iter::once((TEAM_TOTAL, cost.usage.team)).chain(apps.map(|(name, row)| {
        let figures = UsageAmounts {
            connect: row.used.connect.or(Some(0.0)),
            ..row.used
        };
        (&**name, figures)
    }))
}
