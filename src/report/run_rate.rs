//! What runs now, and what it costs for a whole month.

use std::cmp::Reverse;

use serde::Serialize;

use super::format::usd;
use crate::snapshot::{Snapshot, Team};
use billing::category::{ByCategory, Category};
use billing::cost::TeamCost;
use billing::money::Money;
use billing::rules::AppRules;
use billing::run_rate::RunRate;

/// What the running resources of a team cost for a whole month.
#[derive(Debug, Serialize)]
pub(super) struct TeamRunRate {
    #[serde(flatten)]
    pub(super) rate: Rate,
    /// The apps and the rows that combine apps, most expensive first.
    pub(super) apps: Vec<AppRunRate>,
    /// The resources without a known monthly price.
    pub(super) unpriced: Vec<Unpriced>,
}

/// A monthly cost, in total and by category. Unknown amounts are `None`.
#[derive(Debug, Serialize)]
pub(super) struct Rate {
    #[serde(rename = "monthly_usd", serialize_with = "usd")]
    pub(super) total: Option<Money>,
    #[serde(rename = "dynos_usd", serialize_with = "usd")]
    pub(super) dynos: Option<Money>,
    #[serde(rename = "data_usd", serialize_with = "usd")]
    pub(super) data: Option<Money>,
    #[serde(rename = "partner_usd", serialize_with = "usd")]
    pub(super) partner: Option<Money>,
}

/// What the running resources of an app cost for a whole month.
#[derive(Debug, Serialize)]
pub(super) struct AppRunRate {
    #[serde(rename = "app_name")]
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) rate: Rate,
}

/// A resource without a known monthly price.
#[derive(Debug, Serialize)]
pub(super) struct Unpriced {
    pub(super) app_name: Option<String>,
    /// The process type, the name of the add-on, or `*` for all dynos of the app.
    pub(super) resource: String,
    pub(super) reason: &'static str,
}

impl Rate {
    fn new(cost: &ByCategory) -> Self {
        Self {
            total: cost.total(),
            dynos: cost.get(Category::Dynos),
            data: cost.get(Category::Data),
            partner: cost.get(Category::Partner),
        }
    }
}

impl TeamRunRate {
    /// Returns the run rate of a team with these costs, if its apps are known.
    pub(super) fn new(
        team: &Team,
        snapshot: &Snapshot,
        cost: &TeamCost<'_>,
        rules: &AppRules,
    ) -> Option<Self> {
        let inventory = team.inventory.as_deref()?;
        let rate = RunRate::new(inventory, &snapshot.dyno_prices, cost.dyno_pricing(), rules)?;
        let apps = rate.rows.iter();
        let mut apps: Vec<_> = apps
            .map(|(name, cost)| AppRunRate {
                name: name.clone().into_owned(),
                rate: Rate::new(cost),
            })
            .collect();
        apps.sort_by_key(|app| Reverse(app.rate.total));
        let unpriced = rate.unpriced.iter();
        let unpriced = unpriced.map(|resource| Unpriced {
            app_name: resource.app.map(str::to_owned),
            resource: resource.resource.to_owned(),
            reason: resource.reason.as_str(),
        });
        Some(Self {
            rate: Rate::new(&rate.team),
            apps,
            unpriced: unpriced.collect(),
        })
    }
}
