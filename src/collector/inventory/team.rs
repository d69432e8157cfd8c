//! What runs in a team or in the personal account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::HOUR;
use super::cached_list::CachedList;
use super::request::{Request, Rows};
use crate::collector::backoff::DAY;
use crate::collector::schedule::Schedule;
use billing::resources::{Addon, App, Coupling, Pipeline, Process};
use billing::run_rate::Inventory;
use heroku_api::stats::Endpoint;

/// What runs in a team.
#[derive(Debug)]
pub(super) struct TeamInventory {
    pub(super) id: Option<String>,
    /// Whether this is the personal account.
    pub(super) is_personal: bool,
    pub(super) apps: CachedList<App>,
    pub(super) addons: CachedList<Addon>,
    pub(super) couplings: CachedList<Coupling>,
    /// By the app's id.
    pub(super) formations: BTreeMap<String, Formation>,
    /// The inventory that is published, and whether it has changed since.
    pub(super) published: Option<Arc<Inventory>>,
    pub(super) is_changed: bool,
}

/// The dynos of an app.
#[derive(Debug)]
pub(super) struct Formation {
    pub(super) processes: CachedList<Process>,
    /// When the app had last changed at the time of the last list of apps.
    pub(super) app_updated_at: Option<Timestamp>,
}

impl TeamInventory {
    /// Creates a team with the stored inventory, if there is one.
    pub(super) fn new(stored: Option<Inventory>) -> Self {
        let mut team = Self {
            id: None,
            is_personal: false,
            apps: CachedList::new(Endpoint::Apps),
            addons: CachedList::new(Endpoint::Addons),
            couplings: CachedList::new(Endpoint::PipelineCouplings),
            formations: BTreeMap::new(),
            published: None,
            is_changed: false,
        };
        if let Some(stored) = stored {
            team.apps.rows.clone_from(&stored.apps);
            team.addons.rows.clone_from(&stored.addons);
            team.update_formations();
            for (app, processes) in &stored.formations {
                if let Some(formation) = team.formations.get_mut(app) {
                    formation.processes.rows = Some(Arc::clone(processes));
                }
            }
            team.published = Some(Arc::new(stored));
        }
        team
    }

    pub(super) fn lists(&self) -> [&Schedule; 3] {
        [
            &self.apps.schedule,
            &self.addons.schedule,
            &self.couplings.schedule,
        ]
    }

    pub(super) fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        let formations = self.formations.values();
        let formations = formations.map(|formation| &formation.processes.schedule);
        self.lists().into_iter().chain(formations)
    }

    pub(super) fn schedules_mut(&mut self) -> impl Iterator<Item = &mut Schedule> {
        let formations = self.formations.values_mut();
        let formations = formations.map(|formation| &mut formation.processes.schedule);
        let lists = [
            &mut self.apps.schedule,
            &mut self.addons.schedule,
            &mut self.couplings.schedule,
        ];
        lists.into_iter().chain(formations)
    }

    /// Records a completed request. Returns whether something has changed.
    pub(super) fn record(
        &mut self,
        request: &Request,
        rows: Rows,
        log: &mut BTreeSet<&'static str>,
    ) -> bool {
        match rows {
            Rows::Apps(result) => {
                let is_changed = self.apps.record(request, result, HOUR, log);
                if is_changed {
                    self.update_formations();
                }
                is_changed
            }
            Rows::Addons(result) => self.addons.record(request, result, HOUR, log),
            Rows::Couplings(result) => self.couplings.record(request, result, DAY, log),
            Rows::Formation(result) => {
                let Some(formation) = self.formations.get_mut(&request.app) else {
                    return false;
                };
                // Spreads the requests of many apps over the day.
                let delay = DAY.mul_f64(0.75 + fastrand::f64() / 2.0);
                formation.processes.record(request, result, delay, log)
            }
            Rows::DynoSizes(_) | Rows::Pipelines(_) => false,
        }
    }

    /// Adds the formations of new apps, removes those of deleted ones, and requests those of apps that
    /// have changed.
    pub(super) fn update_formations(&mut self) {
        let mut previous = std::mem::take(&mut self.formations);
        for app in self.apps.rows.as_deref().into_iter().flatten() {
            let formation = match previous.remove(&app.id) {
                None => Formation {
                    processes: CachedList::new(Endpoint::Formation),
                    app_updated_at: app.updated_at,
                },
                Some(mut formation) => {
                    if formation.app_updated_at != app.updated_at {
                        formation.app_updated_at = app.updated_at;
                        formation.processes.schedule.set_due_in(Duration::ZERO);
                    }
                    formation
                }
            };
            self.formations.insert(app.id.clone(), formation);
        }
    }

    /// Returns the add-ons that are billed to the listed apps. `None` until both lists are known.
    pub(super) fn own_addons(&self) -> Option<Arc<Vec<Addon>>> {
        self.apps.rows.as_ref()?;
        let is_own = |addon: &&Addon| {
            let app = addon.app_id.as_ref();
            app.is_some_and(|app| self.formations.contains_key(app))
        };
        let addons = self.addons.rows.as_ref()?.iter().filter(is_own);
        Some(Arc::new(addons.cloned().collect()))
    }

    /// Publishes the inventory if it has changed, and returns it.
    pub(super) fn publish(
        &mut self,
        pipelines: Option<&Arc<Vec<Pipeline>>>,
    ) -> Option<Arc<Inventory>> {
        if !self.is_changed {
            return None;
        }
        self.is_changed = false;
        let formations = self.formations.iter().filter_map(|(app, formation)| {
            let processes = formation.processes.rows.as_ref()?;
            Some((app.clone(), Arc::clone(processes)))
        });
        let addons = match self.is_personal {
            true => self.own_addons(),
            false => self.addons.rows.clone(),
        };
        let inventory = Arc::new(Inventory {
            apps: self.apps.rows.clone(),
            formations: formations.collect(),
            addons,
            couplings: self.couplings.rows.clone(),
            pipelines: pipelines.cloned(),
        });
        self.published = Some(Arc::clone(&inventory));
        Some(inventory)
    }
}
