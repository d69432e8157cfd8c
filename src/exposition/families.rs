//! A Snapshot becomes families of samples.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::catalogue::Metric;
use crate::catalogue::seed::{self, InvoiceMetrics, UsageMetrics};
use crate::domain::invoice::{Invoice, Invoices};
use crate::domain::money::Money;
use crate::domain::month::Month;
use crate::domain::snapshot::{Snapshot, Team};
use crate::domain::usage::{Figures, MonthlyUsage};

/// The `app_name` under which the seed's metrics carry a team's own figures.
const TEAM_TOTAL: &str = "_team_total";

/// A metric and its series.
#[derive(Debug)]
pub struct Family<'a> {
    /// What the metric is.
    pub metric: &'static Metric,
    /// The names of the labels that its series carry, in the order of a sample's values.
    pub labels: Vec<&'static str>,
    /// Its series; no two have the same label values.
    pub samples: Vec<Sample<'a>>,
}

/// One series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// A value for each label of the family.
    pub label_values: Vec<Cow<'a, str>>,
    /// The value, in the metric's unit.
    pub value: f64,
}

/// The families that have a series at the instant `now`, in the catalogue's order.
pub fn collect(snapshot: &Snapshot, now: Timestamp) -> Vec<Family<'_>> {
    let current = Month::at(now);
    let mut families = Vec::new();
    invoice_families(
        &mut families,
        snapshot,
        &seed::CURRENT_INVOICE,
        Invoices::current,
    );
    invoice_families(
        &mut families,
        snapshot,
        &seed::PREVIOUS_INVOICE,
        Invoices::previous,
    );
    usage_families(&mut families, snapshot, &seed::CURRENT_USAGE, current);
    usage_families(
        &mut families,
        snapshot,
        &seed::PREVIOUS_USAGE,
        current.previous(),
    );
    families.retain(|family| !family.samples.is_empty());
    families
}

/// The eight families of the invoice that `choose` takes of each team's.
fn invoice_families<'a>(
    families: &mut Vec<Family<'a>>,
    snapshot: &'a Snapshot,
    metrics: &'static InvoiceMetrics,
    choose: fn(&Invoices) -> Option<&Invoice>,
) {
    let several = snapshot.several_teams();
    let chosen: Vec<(&Team, &Invoice)> = snapshot
        .teams()
        .iter()
        .filter_map(|team| Some((team, choose(team.invoices.data()?)?)))
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
            Some(Sample {
                label_values,
                value,
            })
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
    snapshot: &'a Snapshot,
    metrics: &'static UsageMetrics,
    month: Month,
) {
    let mut usd = Vec::new();
    let mut dyno_units = Vec::new();
    for team in snapshot.teams() {
        let Some(usage) = team.usage.data().and_then(|usage| usage.months.get(&month)) else {
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
            usd.extend(types.into_iter().filter_map(|(kind, value)| {
                Some(Sample {
                    label_values: labels(Some(kind)),
                    value: value?,
                })
            }));
            dyno_units.extend(figures.dynos.map(|value| Sample {
                label_values: labels(None),
                value,
            }));
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
