//! What runs now, and what it costs a month.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::billing_data::BillingData;
use super::descriptors::resources;
use crate::snapshot::Team;
use billing::grouping::sum_by_key;
use billing::resources::{Addon, App, Unpriced};
use billing::run_rate::{Inventory, RunRate};
use expfmt::{Family, Sample};

/// Returns the families that have series.
pub(super) fn families<'a>(data: &'a BillingData<'a>) -> Vec<Family<'a>> {
    let rates = [
        Family::non_empty(&resources::TEAM_RUN_RATE, team_run_rates(data)),
        Family::non_empty(&resources::APP_RUN_RATE, app_run_rates(data)),
        Family::non_empty(&resources::UNPRICED, unpriced(data)),
    ];
    let inventory = data.options.resources.then(|| {
        [
            Family::non_empty(&resources::APP_DYNOS, dynos(data)),
            Family::non_empty(&resources::ADDON_INFO, addons(data)),
            Family::non_empty(&resources::APP_INFO, apps(data)),
        ]
    });
    let inventory = inventory.into_iter().flatten();
    rates.into_iter().chain(inventory).flatten().collect()
}

fn rates<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = (&'a str, &'a RunRate<'a>)> {
    let rates = data.run_rates.iter();
    rates.map(|(team, rate)| (team.name.as_str(), rate))
}

fn team_run_rates<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    rates(data).flat_map(|(team, rate)| {
        let known = rate.team.known();
        known.map(move |(category, money)| Sample::new([team, category.as_str()], money.dollars()))
    })
}

fn app_run_rates<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    rates(data).flat_map(|(team, rate)| {
        rate.rows.iter().flat_map(move |(app, cost)| {
            cost.known().map(move |(category, money)| {
                Sample::new([team, app, category.as_str()], money.dollars())
            })
        })
    })
}

fn unpriced<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    rates(data).flat_map(|(team, rate)| {
        Unpriced::ALL.into_iter().map(move |reason| {
            let resources = rate.unpriced.iter();
            let count = resources
                .filter(|resource| resource.reason == reason)
                .count();
            Sample::new([team, reason.as_str()], count as f64)
        })
    })
}

/// Returns the inventories of all teams, each with the team and the apps by id.
fn inventories<'a>(
    data: &'a BillingData<'a>,
) -> impl Iterator<Item = (&'a Team, &'a Inventory, BTreeMap<&'a str, &'a App>)> {
    data.run_rates.iter().filter_map(|(team, _)| {
        let inventory = team.inventory.as_deref()?;
        let apps = inventory.apps.as_deref()?.iter();
        let apps = apps.map(|app| (app.id.as_str(), app)).collect();
        Some((*team, inventory, apps))
    })
}

fn dynos<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    let rows = inventories(data).flat_map(|(team, inventory, apps)| {
        let formations = inventory.formations.iter();
        formations.flat_map(move |(id, processes)| {
            let app = apps.get(id.as_str()).copied();
            processes.iter().filter_map(move |process| {
                let app = app?;
                let size = data.dyno_prices.size_of(process, app.is_in_shield_space());
                let labels: [Cow<'_, str>; 4] = [
                    team.name.as_str().into(),
                    app.name.as_str().into(),
                    process.process_type.as_str().into(),
                    size.unwrap_or_default().into(),
                ];
                Some((labels, process.quantity?))
            })
        })
    });
    let sums = sum_by_key(rows.collect(), |sum, dynos| {
        *sum = sum.saturating_add(dynos)
    });
    let sums = sums.into_iter();
    sums.map(|(labels, dynos)| Sample::new(labels, f64::from(dynos)))
}

fn addons<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    let rows = inventories(data).flat_map(|(team, inventory, apps)| {
        let addons = inventory.addons.as_deref().into_iter().flatten();
        let billed = addons.filter(|addon| addon.is_billed());
        billed.filter_map(move |addon: &Addon| {
            let app = apps.get(addon.app_id.as_deref()?)?;
            Some([
                &*team.name,
                &*app.name,
                &*addon.name,
                addon.service.as_deref().unwrap_or_default(),
                addon.plan.as_deref().unwrap_or_default(),
            ])
        })
    });
    info(rows)
}

fn apps<'a>(data: &'a BillingData<'a>) -> impl Iterator<Item = Sample<'a>> {
    let rows = inventories(data).flat_map(|(team, inventory, apps)| {
        let pipelines = inventory.pipelines_by_app();
        apps.into_values().map(move |app| {
            let pipeline = pipelines.get(app.id.as_str()).copied();
            let (pipeline, stage) = pipeline.unwrap_or_default();
            let text = |text: Option<&'a String>| text.map_or("", String::as_str);
            let space = app.space.as_ref();
            [
                &*team.name,
                &*app.name,
                pipeline.unwrap_or_default(),
                stage.unwrap_or_default(),
                text(app.region.as_ref()),
                text(space.and_then(|space| space.name.as_ref())),
                text(app.generation.as_ref()),
            ]
        })
    });
    info(rows)
}

/// Returns a sample for each set of label values. Nothing guarantees that names are unique.
fn info<'a, const LABELS: usize>(
    rows: impl Iterator<Item = [&'a str; LABELS]>,
) -> impl Iterator<Item = Sample<'a>> {
    let rows: BTreeSet<_> = rows.collect();
    rows.into_iter().map(|labels| Sample::new(labels, 1.0))
}
