//! The inventory: apps, their dynos and add-ons, and the prices of dyno sizes.
//!
//! Heroku has no request for the dynos of a whole team, so that each app is requested by itself: once
//! a day, and at once if it is new or has changed. Requests start after everything has been polled, no
//! faster than an interval. Costs from usage do not depend on them.

mod cached_list;
mod request;
mod team;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{self, JoinSet};
use tokio::time::Instant;

use super::backoff::DAY;
use super::context::PollContext;
use super::metadata::MetadataTarget;
use super::schedule::Schedule;
use crate::snapshot::Snapshot;
use crate::store::{Key, Loaded, Store, Subject};
use billing::resources::{DynoPrices, DynoSize, Pipeline};
use billing::run_rate::Inventory;
use heroku_api::stats::Endpoint;

use cached_list::CachedList;
pub(super) use request::JobResult;
use request::{Request, Rows, fetch};
use team::TeamInventory;

/// The maximum number of concurrent requests.
const MAX_CONCURRENT_REQUESTS: usize = 2;

const HOUR: Duration = Duration::from_secs(3600);

/// The time between two publications of what a long series of requests has found, because each
/// encodes all metrics.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(60);

/// The endpoints of the inventory.
const ENDPOINTS: [Endpoint; 6] = [
    Endpoint::Apps,
    Endpoint::Addons,
    Endpoint::PipelineCouplings,
    Endpoint::Formation,
    Endpoint::DynoSizes,
    Endpoint::Pipelines,
];

/// The requests in flight.
pub(super) type InventoryJobs = JoinSet<JobResult>;

/// What runs in all teams.
#[derive(Debug)]
pub(super) struct InventoryCache {
    store: Store,
    /// The stored inventories of teams that are not yet known, by id or name.
    stored: BTreeMap<String, Inventory>,
    stored_personal: Option<Inventory>,
    /// The minimum time between the starts of two requests. `None` if there are none.
    interval: Option<Duration>,
    teams: BTreeMap<String, TeamInventory>,
    dyno_sizes: CachedList<DynoSize>,
    pipelines: CachedList<Pipeline>,
    prices: Arc<DynoPrices>,
    /// When the next request may start.
    next_start: Instant,
    next_publication: Instant,
    /// The endpoints whose failures have been logged.
    logged_failures: BTreeSet<&'static str>,
}

impl InventoryCache {
    /// Creates a cache with the stored inventories, which are requested again.
    pub(super) fn new(interval: Option<Duration>, loaded: &mut Loaded, store: Store) -> Self {
        let now = Instant::now();
        let ids = &loaded.team_ids;
        let names: BTreeMap<&String, &String> = ids.iter().map(|(name, id)| (id, name)).collect();
        let mut stored = BTreeMap::new();
        for (key, team) in &mut loaded.teams {
            if let Some(inventory) = team.inventory.take() {
                let name = names.get(key);
                stored.extend(name.map(|name| ((*name).clone(), inventory.clone())));
                stored.insert(key.clone(), inventory);
            }
        }
        let sizes = std::mem::take(&mut loaded.dyno_sizes);
        let prices = DynoPrices::new(sizes, []);
        Self {
            store,
            stored,
            stored_personal: loaded.personal_inventory.take(),
            interval,
            teams: BTreeMap::new(),
            dyno_sizes: CachedList::new(Endpoint::DynoSizes),
            pipelines: CachedList::new(Endpoint::Pipelines),
            prices: Arc::new(prices),
            next_start: now,
            next_publication: now,
            logged_failures: BTreeSet::new(),
        }
    }

    /// Sets the teams to those of `targets`, and the personal account of this name. Those that remain
    /// keep their inventory.
    pub(super) fn set_targets(
        &mut self,
        targets: &[MetadataTarget<'_>],
        personal_account: Option<&str>,
    ) {
        if self.interval.is_none() {
            return;
        }
        let mut previous = std::mem::take(&mut self.teams);
        for target in targets {
            let key = &target.id_or_name;
            let stored = &mut self.stored;
            let team = previous.remove(key);
            let mut team = team.unwrap_or_else(|| TeamInventory::new(stored.remove(key)));
            team.id.clone_from(&target.id);
            self.teams.insert(key.clone(), team);
        }
        if let Some(name) = personal_account {
            let stored = &mut self.stored_personal;
            let account = previous.remove(name);
            let mut account = account.unwrap_or_else(|| TeamInventory::new(stored.take()));
            account.is_personal = true;
            self.teams.insert(name.to_owned(), account);
        }
    }

    /// Starts the requests that are due.
    pub(super) fn start_due(&mut self, jobs: &mut InventoryJobs, context: &Arc<PollContext>) {
        let Some(interval) = self.interval else {
            return;
        };
        let now = Instant::now();
        while jobs.len() < MAX_CONCURRENT_REQUESTS && self.next_start <= now {
            let Some((request, schedule)) = self.next_request(now) else {
                break;
            };
            let fetch = fetch(Arc::clone(context), request);
            schedule.start(jobs.spawn(fetch).id(), None);
            self.next_start = now + interval;
        }
    }

    /// Returns the first request that is due. Lists, which may contain new apps, come before dynos.
    fn next_request(&mut self, now: Instant) -> Option<(Request, &mut Schedule)> {
        if self.teams.is_empty() {
            return None;
        }
        let is_due = |schedule: &Schedule| schedule.next_due().is_some_and(|due| due <= now);
        if is_due(&self.dyno_sizes.schedule) {
            return Some(self.dyno_sizes.request("", ""));
        }
        if is_due(&self.pipelines.schedule) {
            return Some(self.pipelines.request("", ""));
        }
        let mut teams = self.teams.iter();
        let due = teams.find(|(_, team)| team.lists().into_iter().any(is_due));
        if let Some(key) = due.map(|(key, _)| key.clone()) {
            let team = self.teams.get_mut(&key)?;
            let is_personal = team.is_personal;
            let (mut request, schedule) = if is_due(&team.apps.schedule) {
                team.apps.request(&key, "")
            } else if is_due(&team.addons.schedule) {
                team.addons.request(&key, "")
            } else {
                team.couplings.request(&key, "")
            };
            request.is_personal = is_personal;
            return Some((request, schedule));
        }
        let formations = self.teams.iter_mut().flat_map(|(key, team)| {
            let formations = team.formations.iter_mut();
            formations.map(move |(app, formation)| (key, app, formation))
        });
        let due = formations.filter(|(.., formation)| is_due(&formation.processes.schedule));
        let (key, app, formation) =
            due.min_by_key(|(.., formation)| formation.processes.schedule.next_due())?;
        Some(formation.processes.request(key, app))
    }

    /// Returns when the next request is due.
    pub(super) fn next_due(&self, jobs: &InventoryJobs) -> Option<Instant> {
        if jobs.len() >= MAX_CONCURRENT_REQUESTS {
            return None;
        }
        let due = self.schedules().filter_map(Schedule::next_due).min()?;
        Some(due.max(self.next_start))
    }

    fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        let teams = self.teams.values().flat_map(TeamInventory::schedules);
        let is_used = !self.teams.is_empty();
        let shared = [&self.dyno_sizes.schedule, &self.pipelines.schedule];
        teams.chain(shared.into_iter().filter(move |_| is_used))
    }

    pub(super) fn schedules_mut(&mut self) -> impl Iterator<Item = &mut Schedule> {
        let teams = self.teams.values_mut();
        let teams = teams.flat_map(TeamInventory::schedules_mut);
        teams.chain([&mut self.dyno_sizes.schedule, &mut self.pipelines.schedule])
    }

    /// Records a completed request. Returns whether there is something to publish.
    pub(super) fn record(&mut self, result: JobResult) -> bool {
        let JobResult { request, rows } = result;
        let log = &mut self.logged_failures;
        let is_shared_changed = match rows {
            Rows::DynoSizes(result) => {
                let is_changed = self.dyno_sizes.record(&request, result, DAY, log);
                if let Some(sizes) = self.dyno_sizes.rows.as_ref().filter(|_| is_changed) {
                    self.prices = Arc::new(DynoPrices::new(sizes.iter().cloned(), []));
                    self.store.write_dyno_sizes(Arc::clone(sizes));
                }
                is_changed
            }
            Rows::Pipelines(result) => self.pipelines.record(&request, result, DAY, log),
            rows => {
                // Results of teams and apps that have been removed are dropped.
                if let Some(team) = self.teams.get_mut(&request.team) {
                    team.is_changed |= team.record(&request, rows, log);
                }
                false
            }
        };
        for team in self.teams.values_mut() {
            team.is_changed |= is_shared_changed;
        }
        let now = Instant::now();
        let is_idle = self
            .schedules()
            .filter_map(Schedule::next_due)
            .all(|due| due > now);
        let is_due = is_idle || self.next_publication <= now;
        if !is_due || !self.teams.values().any(|team| team.is_changed) {
            return false;
        }
        self.next_publication = now + PUBLISH_INTERVAL;
        for (key, team) in &mut self.teams {
            if let Some(inventory) = team.publish(self.pipelines.rows.as_ref()) {
                let subject = match team.is_personal {
                    true => Subject::PersonalAccount,
                    false => Subject::Team(Key {
                        id: team.id.clone(),
                        name: key.clone(),
                    }),
                };
                self.store.write_inventory(subject, inventory);
            }
        }
        true
    }

    /// Ends the request of a job that panicked.
    pub(super) fn abort(&mut self, job: task::Id) {
        for schedule in self.schedules_mut() {
            schedule.abort(job, HOUR);
        }
    }

    /// Returns the published inventory of a team.
    fn get(&self, id_or_name: &str) -> Option<&Arc<Inventory>> {
        self.teams.get(id_or_name)?.published.as_ref()
    }

    /// Adds the inventory to a snapshot.
    pub(super) fn complete(&self, snapshot: &mut Snapshot) {
        for team in snapshot.teams_mut() {
            let by_id = team.id.as_deref().and_then(|id| self.get(id));
            team.inventory = by_id.or_else(|| self.get(&team.name)).cloned();
        }
        snapshot.dyno_prices = Arc::clone(&self.prices);
        if self.interval.is_none() {
            return;
        }
        let has_personal = self.teams.values().any(|team| team.is_personal);
        // Like licenses, resources are requested for teams.
        if has_personal || snapshot.endpoints.contains(&Endpoint::Licenses) {
            snapshot.endpoints.extend(ENDPOINTS);
        }
        if has_personal {
            snapshot.endpoints.push(Endpoint::Account);
        }
    }
}

#[cfg(test)]
mod tests;
