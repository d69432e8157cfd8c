//! What the running resources of a team cost for a whole month.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::category::{ByCategory, Category};
use super::grouping::Grouping;
use super::money::Money;
use super::price::Price;
use super::resources::{Addon, App, Coupling, DynoPrices, Pipeline, Process, Unpriced};
use super::rules::AppRules;

/// The services whose add-ons Heroku bills as `data`. Others are `partner`.
const DATA_SERVICES: [&str; 3] = ["heroku-postgresql", "heroku-redis", "heroku-kafka"];

/// What runs in a team. `None` is a list that is not known.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The apps.
    pub apps: Option<Arc<Vec<App>>>,
    /// The dynos of apps, by the app's id. Without those of apps whose dynos are not known.
    pub formations: BTreeMap<String, Arc<Vec<Process>>>,
    /// The add-ons.
    pub addons: Option<Arc<Vec<Addon>>>,
    /// The pipelines and stages of the apps.
    pub couplings: Option<Arc<Vec<Coupling>>>,
    /// The pipelines, of all teams.
    pub pipelines: Option<Arc<Vec<Pipeline>>>,
}

impl Inventory {
    /// Returns the name of the pipeline and the stage of each app in a pipeline, by the app's id.
    /// Without a name, the pipeline is its id.
    pub fn pipelines_by_app(&self) -> BTreeMap<&str, (Option<&str>, Option<&str>)> {
        let pipelines = self.pipelines.as_deref().into_iter().flatten();
        let names: BTreeMap<&str, &str> = pipelines
            .map(|pipeline| (pipeline.id.as_str(), pipeline.name.as_str()))
            .collect();
        let couplings = self.couplings.as_deref().into_iter().flatten();
        let by_app = couplings.map(|coupling| {
            let id = coupling.pipeline_id.as_deref();
            let name = id.and_then(|id| names.get(id).copied());
            let pipeline = (name.or(id), coupling.stage.as_deref());
            (coupling.app_id.as_str(), pipeline)
        });
        by_app.collect()
    }
}

/// How the running dynos of a team are priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynoPricing {
    /// By their units at this price, as the team's usage.
    Units(Price),
    /// At list prices, and sizes without one by their units at this price.
    List(Option<Price>),
}

/// A resource without a monthly price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpricedResource<'a> {
    /// The name of its app. `None` if it belongs to no known app.
    pub app: Option<&'a str>,
    /// The process type, the name of the add-on, or `*` for all dynos of the app.
    pub resource: &'a str,
    /// Why it has no price.
    pub reason: Unpriced,
}

/// What the running resources of a team cost for a whole month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRate<'a> {
    /// By the name of the app's row. A category without resources is `None`.
    pub rows: BTreeMap<Cow<'a, str>, ByCategory>,
    /// The sums of the rows, and in [`Category::Other`] the add-ons that belong to no known app.
    pub team: ByCategory,
    /// The resources without a price, which are not part of the sums.
    pub unpriced: Vec<UnpricedResource<'a>>,
}

impl<'a> RunRate<'a> {
    /// Computes the run rate of a team. Returns `None` if its apps are not known.
    pub fn new(
        inventory: &'a Inventory,
        prices: &DynoPrices,
        pricing: DynoPricing,
        rules: &AppRules,
    ) -> Option<Self> {
        let apps = inventory.apps.as_deref()?;
        let mut unpriced = Vec::new();
        let mut by_app: BTreeMap<&str, ByCategory> = BTreeMap::new();
        let names: BTreeMap<&str, &str> = apps
            .iter()
            .map(|app| (app.id.as_str(), app.name.as_str()))
            .collect();
        for app in apps {
            let dynos = dynos(app, inventory, prices, pricing, &mut unpriced);
            let row = by_app.entry(&app.name).or_default();
            row.add(ByCategory::of(Category::Dynos, dynos));
        }
        let mut unassigned = inventory.addons.as_ref().map(|_| Money::ZERO);
        for addon in inventory.addons.as_deref().into_iter().flatten() {
            let app = addon.app_id.as_deref();
            let app = app.and_then(|id| names.get(id).copied());
            match (addon.monthly(), app) {
                // Not provisioned.
                (Ok(_), _) if !addon.is_billed() => {}
                (Ok(cost), Some(app)) => {
                    let row = by_app.entry(app).or_default();
                    row.add(ByCategory::of(category(addon), Some(cost)));
                }
                (Ok(cost), None) => unassigned = unassigned.map(|sum| sum + cost),
                (Err(reason), app) => unpriced.push(UnpricedResource {
                    app,
                    resource: &addon.name,
                    reason,
                }),
            }
        }
        let totals = by_app.iter();
        let totals = totals.map(|(app, cost)| (*app, [cost.total().unwrap_or_default()]));
        let grouping = Grouping::new(rules, totals);
        let mut rate = Self {
            unpriced,
            ..Self::default()
        };
        rate.team.add(ByCategory::of(Category::Other, unassigned));
        for (app, cost) in by_app {
            rate.team.add(cost);
            rate.rows.entry(grouping.row_of(app)).or_default().add(cost);
        }
        Some(rate)
    }
}

/// Returns what the dynos of an app cost. Appends those without a price to `unpriced`.
fn dynos<'a>(
    app: &'a App,
    inventory: &'a Inventory,
    prices: &DynoPrices,
    pricing: DynoPricing,
    unpriced: &mut Vec<UnpricedResource<'a>>,
) -> Option<Money> {
    let mut without_price = |resource, reason| {
        unpriced.push(UnpricedResource {
            app: Some(&app.name),
            resource,
            reason,
        });
    };
    let Some(formation) = inventory.formations.get(&app.id) else {
        without_price("*", Unpriced::NotRead);
        return None;
    };
    let costs = formation.iter().filter_map(|process| {
        let cost = match pricing {
            DynoPricing::Units(price) => prices.at_units(process, app.is_in_shield_space(), price),
            DynoPricing::List(price) => prices.monthly(process, app.is_in_shield_space(), price),
        };
        cost.map_err(|reason| without_price(&process.process_type, reason))
            .ok()
    });
    let costs: Vec<Money> = costs.collect();
    // Dynos that all have no price do not cost nothing.
    (formation.is_empty() || !costs.is_empty()).then(|| costs.into_iter().sum())
}

fn category(addon: &Addon) -> Category {
    match addon.service.as_deref() {
        Some(service) if DATA_SERVICES.contains(&service) => Category::Data,
        _ => Category::Partner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Quantity;
    use crate::resources::{BilledPrice, DynoSize};

    fn app(name: &str) -> App {
        App {
            id: format!("id of {name}"),
            name: name.to_owned(),
            owner_id: None,
            region: None,
            space: None,
            generation: None,
            created_at: None,
            updated_at: None,
        }
    }

    fn dynos(quantity: u32, size: &str) -> Process {
        Process {
            process_type: "web".to_owned(),
            quantity: Some(quantity),
            size_id: None,
            size_name: Some(size.to_owned()),
            updated_at: None,
        }
    }

    fn addon(name: &str, app: Option<&str>, service: &str, price: Option<i32>) -> Addon {
        Addon {
            id: format!("id of {name}"),
            name: name.to_owned(),
            service: Some(service.to_owned()),
            plan: None,
            state: Some("provisioned".to_owned()),
            app_id: app.map(|app| format!("id of {app}")),
            price: price.map(|dollars| BilledPrice {
                amount: Some(Money::from_whole_dollars(dollars)),
                ..BilledPrice::default()
            }),
            created_at: None,
            updated_at: None,
        }
    }

    fn inventory(formations: &[(&str, Vec<Process>)], addons: Vec<Addon>) -> Inventory {
        let apps = ["web", "web-staging", "unknown"].map(app).to_vec();
        let formations = formations.iter();
        Inventory {
            apps: Some(apps.into()),
            formations: formations
                .map(|(app, rows)| (format!("id of {app}"), Arc::new(rows.clone())))
                .collect(),
            addons: Some(addons.into()),
            ..Inventory::default()
        }
    }

    fn prices() -> DynoPrices {
        let size = |name: &str, dollars: i32, units: f64| DynoSize {
            id: None,
            name: name.to_owned(),
            monthly: Some(Money::from_whole_dollars(dollars)),
            units: Some(Quantity::from_f64(units)),
        };
        let sizes = [
            size("Standard-1X", 25, 1.0),
            size("Performance-M", 250, 8.0),
        ];
        DynoPrices::new(sizes, [])
    }

    fn dollars(cost: &ByCategory) -> Vec<(&str, f64)> {
        let known = cost.known();
        known
            .map(|(category, money)| (category.as_str(), money.dollars()))
            .collect()
    }

    #[test]
    fn rows_and_unassigned_addons_add_up_to_the_team() {
        let deprovisioned = Addon {
            state: Some("deprovisioned".to_owned()),
            ..addon("old", Some("web"), "heroku-redis", Some(15))
        };
        let inventory = inventory(
            &[
                ("web", vec![dynos(1, "Performance-M"), dynos(0, "Eco")]),
                ("web-staging", vec![]),
            ],
            vec![
                addon("db", Some("web"), "heroku-postgresql", Some(50)),
                addon("logs", Some("unknown"), "papertrail", Some(8)),
                addon("team-wide", None, "papertrail", Some(18)),
                addon("free?", Some("web"), "heroku-inference", None),
                deprovisioned,
            ],
        );
        let rules = AppRules::default();
        let rate = RunRate::new(&inventory, &prices(), DynoPricing::List(None), &rules).unwrap();
        assert_eq!(
            dollars(&rate.rows["web"]),
            [("dynos", 250.0), ("data", 50.0)]
        );
        assert_eq!(dollars(&rate.rows["web-staging"]), [("dynos", 0.0)]);
        assert_eq!(dollars(&rate.rows["unknown"]), [("partner", 8.0)]);
        let team = [
            ("dynos", 250.0),
            ("data", 50.0),
            ("partner", 8.0),
            ("other", 18.0),
        ];
        assert_eq!(dollars(&rate.team), team);
        let unpriced = rate.unpriced.iter();
        let unpriced: Vec<_> = unpriced
            .map(|row| (row.app, row.resource, row.reason))
            .collect();
        assert_eq!(
            unpriced,
            [
                (Some("unknown"), "*", Unpriced::NotRead),
                (Some("web"), "free?", Unpriced::Unknown)
            ]
        );
    }

    #[test]
    fn teams_with_usage_pay_for_units() {
        let formation = vec![dynos(1, "performance-m"), dynos(1, "private-s")];
        let inventory = inventory(&[("web", formation)], vec![]);
        let price = Price::per_unit(Money::from_whole_dollars(30));
        let rules = AppRules::default();
        let pricing = DynoPricing::Units(price);
        let rate = RunRate::new(&inventory, &prices(), pricing, &rules).unwrap();
        assert_eq!(dollars(&rate.rows["web"]), [("dynos", 240.0)]);
        assert_eq!(rate.unpriced.len(), 3);
    }

    #[test]
    fn sizes_without_list_price_cost_their_units() {
        let units = DynoSize {
            id: None,
            name: "Private-S".to_owned(),
            monthly: None,
            units: Some(Quantity::from_f64(5.0)),
        };
        let formation = vec![dynos(2, "private-s"), dynos(1, "standard-1x")];
        let inventory = inventory(&[("web", formation)], vec![]);
        let standard = DynoSize {
            monthly: Some(Money::from_whole_dollars(25)),
            name: "Standard-1X".to_owned(),
            ..units.clone()
        };
        let prices = DynoPrices::new([units, standard], []);
        let pricing = DynoPricing::List(Some(Price::per_unit(Money::from_whole_dollars(30))));
        let rate = RunRate::new(&inventory, &prices, pricing, &AppRules::default()).unwrap();
        assert_eq!(dollars(&rate.rows["web"]), [("dynos", 325.0)]);
    }

    #[test]
    fn dynos_without_price_are_not_free() {
        let inventory = inventory(&[("web", vec![dynos(2, "Private-S")])], vec![]);
        let rules = AppRules::default();
        let rate = RunRate::new(&inventory, &prices(), DynoPricing::List(None), &rules).unwrap();
        assert_eq!(rate.rows["web"], ByCategory::default());
    }
}
