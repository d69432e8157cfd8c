//! The twenty metrics of the program that this one replaces.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{Family, Sample, Shown};
use crate::catalogue::Metric;
use crate::catalogue::seed::{self, InvoiceMetrics, UsageMetrics};
use crate::domain::invoice::{Invoice, Invoices};
use crate::domain::money::Money;
use crate::domain::month::Month;
use crate::domain::snapshot::{Snapshot, Team};
use crate::domain::usage::{Figures, MonthlyUsage, Usage};

/// The `app_name` under which these metrics carry a team's own figures.
const TEAM_TOTAL: &str = "_team_total";

/// The families that have a series at the instant `now`, in the catalogue's order.
pub(super) fn families(snapshot: &Snapshot, now: Timestamp, shown: Shown) -> Vec<Family<'_>> {
    let current = Month::at(now);
    let several = snapshot.several_teams();
    let teams = || snapshot.teams().iter();
    let invoices: Vec<_> = teams()
        .filter_map(|team| Some((team, team.invoices.fresh_data(now, shown.max_age)?)))
        .collect();
    let usage: Vec<_> = teams()
        .filter_map(|team| Some((team, team.usage.fresh_data(now, shown.max_age)?)))
        .collect();

    let mut families = Vec::new();
    invoice_families(
        &mut families,
        &invoices,
        several,
        &seed::CURRENT_INVOICE,
        Invoices::current,
    );
    invoice_families(
        &mut families,
        &invoices,
        several,
        &seed::PREVIOUS_INVOICE,
        Invoices::previous,
    );
    usage_families(&mut families, &usage, &seed::CURRENT_USAGE, current);
    usage_families(
        &mut families,
        &usage,
        &seed::PREVIOUS_USAGE,
        current.previous(),
    );
    families.retain(|family| !family.samples.is_empty());
    families
}

/// The eight families of the invoice that `choose` takes of each team's.
fn invoice_families<'a>(
    families: &mut Vec<Family<'a>>,
    teams: &[(&'a Team, &'a Invoices)],
    several: bool,
    metrics: &'static InvoiceMetrics,
    choose: fn(&Invoices) -> Option<&Invoice>,
) {
    let chosen: Vec<(&Team, &Invoice)> = teams
        .iter()
        .filter_map(|(team, invoices)| Some((*team, choose(invoices)?)))
        .collect();

    let mut add = |metric: &'static Metric, figure: fn(&Invoice) -> Option<f64>| {
        let samples = chosen.iter().filter_map(|&(team, invoice)| {
            let value = figure(invoice)?;
            let mut label_values = Vec::with_capacity(metric.labels.len());
            if several {
                label_values.push(Cow::from(team.name.as_str()));
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
fn usage_families<'a>(
    families: &mut Vec<Family<'a>>,
    teams: &[(&'a Team, &'a Usage)],
    metrics: &'static UsageMetrics,
    month: Month,
) {
    let mut usd = Vec::new();
    let mut dyno_units = Vec::new();
    for (team, usage) in teams {
        let Some(usage) = usage.months.get(&month) else {
            continue;
        };
        for (app, figures) in rows(usage) {
            let labels = |kind: Option<&'static str>| {
                let mut values = vec![Cow::from(team.name.as_str()), app.into()];
                values.extend(kind.map(Cow::from));
                values.push(month.to_string().into());
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
fn rows(usage: &MonthlyUsage) -> impl Iterator<Item = (&str, Figures)> {
    let apps = usage.apps.iter().filter(|(name, _)| *name != TEAM_TOTAL);
    std::iter::once((TEAM_TOTAL, usage.team)).chain(apps.map(|(name, figures)| {
        (
            name.as_str(),
            Figures {
                connect: figures.connect.or(Some(0.0)),
                ..*figures
            },
        )
    }))
}
