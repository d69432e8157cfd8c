//! The twenty metrics of the program that this one replaces.

use std::borrow::Cow;

use super::cost::Costs;
use super::invoice::TeamInvoices;
use super::{Family, Sample};
use crate::catalogue::Metric;
use crate::catalogue::seed::{self, InvoiceMetrics, UsageMetrics};
use crate::domain::cost::{Billed, MonthCost, TeamCost};
use crate::domain::invoice::{Invoice, Invoices};
use crate::domain::money::Money;
use crate::domain::snapshot::Team;
use crate::domain::usage::Figures;

/// The `app_name` under which these metrics carry a team's own figures.
const TEAM_TOTAL: &str = "_team_total";

/// The families that have a series, in the catalogue's order. `several` says whether more than one
/// team is asked for.
pub(super) fn families<'a>(
    costs: &Costs<'a>,
    invoices: &[TeamInvoices<'a>],
    several: bool,
) -> Vec<Family<'a>> {
    let mut families = Vec::new();
    invoice_families(
        &mut families,
        invoices,
        several,
        &seed::CURRENT_INVOICE,
        Invoices::current,
    );
    invoice_families(
        &mut families,
        invoices,
        several,
        &seed::PREVIOUS_INVOICE,
        Invoices::previous,
    );
    for (metrics, month) in [
        (&seed::CURRENT_USAGE, (|cost| &cost.current) as Choice),
        (&seed::PREVIOUS_USAGE, |cost| &cost.previous),
    ] {
        let billed = costs.iter().map(|(team, cost)| (*team, month(cost)));
        usage_families(&mut families, billed, metrics);
    }
    families.retain(|family| !family.samples.is_empty());
    families
}

/// One of a team's months.
type Choice = for<'c, 'a> fn(&'c TeamCost<'a>) -> &'c Billed<'a>;

/// The eight families of the invoice that `choose` takes of each team's.
fn invoice_families<'a>(
    families: &mut Vec<Family<'a>>,
    teams: &[TeamInvoices<'a>],
    several: bool,
    metrics: &'static InvoiceMetrics,
    choose: fn(&Invoices) -> Option<&Invoice>,
) {
    let chosen: Vec<(&str, &Invoice)> = teams
        .iter()
        .filter_map(|(team, invoices)| Some((*team, choose(invoices)?)))
        .collect();

    let mut add = |metric: &'static Metric, figure: fn(&Invoice) -> Option<f64>| {
        let samples = chosen.iter().filter_map(|&(team, invoice)| {
            let value = figure(invoice)?;
            let mut label_values = Vec::with_capacity(metric.labels.len());
            if several {
                label_values.push(Cow::from(team));
            }
            if std::ptr::eq(metric, &metrics.total) {
                label_values.push(invoice.payment_status.as_str().into());
                label_values.push(
                    invoice
                        .state
                        .map(|state| state.to_string())
                        .unwrap_or_default()
                        .into(),
                );
            }
            label_values.push(invoice.period.end_as_written.as_str().into());
            Some(Sample::new(label_values, value))
        });
        families.push(Family {
            metric,
            labels: metric.label_names(several).collect(),
            samples: samples.collect(),
        });
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

/// The two families of one month's usage.
fn usage_families<'c, 'a: 'c>(
    families: &mut Vec<Family<'a>>,
    teams: impl Iterator<Item = (&'a Team, &'c Billed<'a>)>,
    metrics: &'static UsageMetrics,
) {
    let mut usd = Vec::new();
    let mut dyno_units = Vec::new();
    for (team, billed) in teams {
        let Some(cost) = &billed.cost else {
            continue;
        };
        for (app, figures) in rows(cost) {
            let labels = |kind: Option<&'static str>| {
                let mut values = vec![Cow::from(team.name.as_str()), app.clone()];
                values.extend(kind.map(Cow::from));
                values.push(billed.month.to_string().into());
                values
            };
            let types = [
                ("data", figures.data),
                ("addons", figures.addons),
                ("connect", figures.connect),
                ("partner", figures.partner),
            ];
            usd.extend(
                types
                    .into_iter()
                    .filter_map(|(kind, value)| Some(Sample::new(labels(Some(kind)), value?))),
            );
            dyno_units.extend(figures.dynos.map(|value| Sample::new(labels(None), value)));
        }
    }
    for (metric, samples) in [(&metrics.usd, usd), (&metrics.dyno_units, dyno_units)] {
        families.push(Family {
            metric,
            labels: metric.label_names(true).collect(),
            samples,
        });
    }
}

/// The team's own row and then its apps', as the seed's metrics list them.
///
/// The contract gives an app a `connect` of 0 where Heroku gives none, which today is everywhere.
/// An app that bears the name of the team's own row would be the same series twice, for which
/// Prometheus throws the whole scrape away; the team's row holds that app's figures too.
fn rows<'c, 'a>(cost: &'c MonthCost<'a>) -> impl Iterator<Item = (Cow<'a, str>, Figures)> + 'c {
    let apps = cost.rows.iter().filter(|(name, _)| *name != TEAM_TOTAL);
    std::iter::once((TEAM_TOTAL.into(), cost.usage.team)).chain(apps.map(|(name, row)| {
        (
            name.clone(),
            Figures {
                connect: row.used.connect.or(Some(0.0)),
                ..row.used
            },
        )
    }))
}
