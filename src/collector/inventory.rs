//! The inventory: apps, their dynos and add-ons, and the prices of dyno sizes.
//!
//! Heroku has no request for the dynos of a whole team, so that each app is requested by itself: once
//! a day, and at once if it is new or has changed. Requests start after everything has been polled, no
//! faster than an interval. Costs from usage do not depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;

use super::context::PollContext;
use super::error::{CONFIRMING_DENIALS, Error, chain};
use super::metadata::MetadataTarget;
use super::schedule::Schedule;
use crate::snapshot::Snapshot;
use crate::store::{Key, Loaded, Store, Subject};
use billing::resources::{Addon, App, Coupling, DynoPrices, DynoSize, Pipeline, Process};
use billing::run_rate::Inventory;
use heroku_api::client::{Conditional, ResourceOwner, Validator};
use heroku_api::stats::Endpoint;

/// The maximum number of concurrent requests.
const MAX_CONCURRENT_REQUESTS: usize = 2;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

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

/// What runs in a team.
#[derive(Debug)]
struct TeamInventory {
    id: Option<String>,
    /// Whether this is the personal account.
    is_personal: bool,
    apps: CachedList<App>,
    addons: CachedList<Addon>,
    couplings: CachedList<Coupling>,
    /// By the app's id.
    formations: BTreeMap<String, Formation>,
    /// The inventory that is published, and whether it has changed since.
    published: Option<Arc<Inventory>>,
    is_changed: bool,
}

/// The dynos of an app.
#[derive(Debug)]
struct Formation {
    processes: CachedList<Process>,
    /// When the app had last changed at the time of the last list of apps.
    app_updated_at: Option<Timestamp>,
}

/// A list, its validator and its schedule.
#[derive(Debug)]
struct CachedList<T> {
    rows: Option<Arc<Vec<T>>>,
    validator: Option<Validator>,
    schedule: Schedule,
    /// Whether the last response was an empty list in place of rows, which the next one must confirm.
    is_empty_unconfirmed: bool,
}

/// What is requested: a list of all teams, of a team, or of an app.
#[derive(Clone, Debug)]
pub(super) struct Request {
    endpoint: Endpoint,
    /// The team's id or name, or the name of the personal account; empty for dyno sizes and pipelines.
    team: String,
    is_personal: bool,
    /// The app's id; empty for other lists.
    app: String,
    validator: Option<Validator>,
}

/// A completed request.
#[derive(Debug)]
pub(super) struct JobResult {
    request: Request,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Apps(Result<Conditional<Vec<App>>, Error>),
    Addons(Result<Conditional<Vec<Addon>>, Error>),
    Couplings(Result<Conditional<Vec<Coupling>>, Error>),
    Formation(Result<Conditional<Vec<Process>>, Error>),
    DynoSizes(Result<Conditional<Vec<DynoSize>>, Error>),
    Pipelines(Result<Conditional<Vec<Pipeline>>, Error>),
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

impl TeamInventory {
    /// Creates a team with the stored inventory, if there is one.
    fn new(stored: Option<Inventory>) -> Self {
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

    fn lists(&self) -> [&Schedule; 3] {
        [
            &self.apps.schedule,
            &self.addons.schedule,
            &self.couplings.schedule,
        ]
    }

    fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        let formations = self.formations.values();
        let formations = formations.map(|formation| &formation.processes.schedule);
        self.lists().into_iter().chain(formations)
    }

    fn schedules_mut(&mut self) -> impl Iterator<Item = &mut Schedule> {
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
    fn record(&mut self, request: &Request, rows: Rows, log: &mut BTreeSet<&'static str>) -> bool {
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
                let processes = &mut formation.processes;
                // Spreads the requests of many apps over the day.
                let delay = match processes.rows {
                    None => DAY.mul_f64(0.5 + fastrand::f64()),
                    Some(_) => DAY,
                };
                processes.record(request, result, delay, log)
            }
            Rows::DynoSizes(_) | Rows::Pipelines(_) => false,
        }
    }

    /// Adds the formations of new apps, removes those of deleted ones, and requests those of apps that
    /// have changed.
    fn update_formations(&mut self) {
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
    fn own_addons(&self) -> Option<Arc<Vec<Addon>>> {
        self.apps.rows.as_ref()?;
        let is_own = |addon: &&Addon| {
            let app = addon.app_id.as_ref();
            app.is_some_and(|app| self.formations.contains_key(app))
        };
        let addons = self.addons.rows.as_ref()?.iter().filter(is_own);
        Some(Arc::new(addons.cloned().collect()))
    }

    /// Publishes the inventory if it has changed, and returns it.
    fn publish(&mut self, pipelines: Option<&Arc<Vec<Pipeline>>>) -> Option<Arc<Inventory>> {
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

impl<T: PartialEq> CachedList<T> {
    fn new(endpoint: Endpoint) -> Self {
        Self {
            rows: None,
            validator: None,
            schedule: Schedule::new(endpoint),
            is_empty_unconfirmed: false,
        }
    }

    /// Returns the request for the list, and its schedule.
    fn request(&mut self, team: &str, app: &str) -> (Request, &mut Schedule) {
        let request = Request {
            endpoint: self.schedule.endpoint,
            team: team.to_owned(),
            is_personal: false,
            app: app.to_owned(),
            validator: self.validator.clone(),
        };
        (request, &mut self.schedule)
    }

    /// Records a result. `delay` is the time until the next request after a success. Returns whether
    /// the rows have changed.
    fn record(
        &mut self,
        request: &Request,
        result: Result<Conditional<Vec<T>>, Error>,
        delay: Duration,
        logged_failures: &mut BTreeSet<&'static str>,
    ) -> bool {
        let error = match result {
            Ok(Conditional::NotModified) => {
                self.schedule.succeed(delay);
                self.is_empty_unconfirmed = false;
                return false;
            }
            Ok(Conditional::Modified(response)) => {
                self.schedule.succeed(delay.min(HOUR));
                let has_rows = self.rows.as_ref().is_some_and(|rows| !rows.is_empty());
                let is_loss = has_rows && response.data.is_empty();
                self.is_empty_unconfirmed = is_loss && !self.is_empty_unconfirmed;
                if self.is_empty_unconfirmed {
                    return false;
                }
                self.schedule.set_due_in(delay);
                self.validator = response.validator;
                let is_changed = self.rows.as_deref() != Some(&response.data);
                if is_changed {
                    self.rows = Some(Arc::new(response.data));
                }
                return is_changed;
            }
            Err(error) => error,
        };
        let is_denial = error.is_denial();
        // One denial does not prove that rows which were available are not any more.
        let is_believed =
            self.rows.is_none() || self.schedule.consecutive_failures() + 1 >= CONFIRMING_DENIALS;
        let retry = match is_denial && is_believed {
            true => DAY,
            false => HOUR,
        };
        let endpoint = request.endpoint.as_str();
        if logged_failures.insert(endpoint) {
            tracing::info!(
                team = request.team,
                app = request.app,
                endpoint,
                reason = error.reason().as_str(),
                error = chain(&error),
                retry_in_seconds = retry.as_secs(),
                "inventory request failed, further failures of this endpoint are not logged"
            );
        }
        self.schedule.fail(retry);
        let is_lost = is_denial && is_believed && self.rows.take().is_some();
        if is_lost {
            self.validator = None;
        }
        is_lost
    }
}

/// Sends a request.
async fn fetch(context: Arc<PollContext>, request: Request) -> JobResult {
    let client = &context.client;
    let Request {
        endpoint,
        team,
        is_personal,
        app,
        validator,
    } = &request;
    let validator = validator.as_ref();
    let owner = match is_personal {
        true => ResourceOwner::Person,
        false => ResourceOwner::Team(team),
    };
    let rows = match endpoint {
        Endpoint::Apps => {
            let fetch = async |token| {
                let mut apps = client.apps(&token, owner, validator).await?;
                if let (true, Conditional::Modified(apps)) = (is_personal, &mut apps) {
                    let account = client.account(&token).await?.data;
                    // Others are billed for the apps on which the person only collaborates.
                    apps.data.retain(|app| app.owner_id == account.id);
                }
                Ok(apps)
            };
            Rows::Apps(context.with_token(fetch).await)
        }
        Endpoint::Addons => {
            let fetch = async |token| Ok(client.addons(&token, owner, validator).await?);
            Rows::Addons(context.with_token(fetch).await)
        }
        Endpoint::PipelineCouplings => {
            let fetch =
                async |token| Ok(client.pipeline_couplings(&token, owner, validator).await?);
            Rows::Couplings(context.with_token(fetch).await)
        }
        Endpoint::Formation => {
            let fetch = async |token| Ok(client.formation(&token, app, validator).await?);
            Rows::Formation(context.with_token(fetch).await)
        }
        Endpoint::Pipelines => {
            let fetch = async |token| Ok(client.pipelines(&token, validator).await?);
            Rows::Pipelines(context.with_token(fetch).await)
        }
        _ => {
            let fetch = async |token| Ok(client.dyno_sizes(&token, validator).await?);
            Rows::DynoSizes(context.with_token(fetch).await)
        }
    };
    JobResult { request, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heroku_api::client::Decoded;
    use heroku_api::error::{ApiErrorBody, Error as ApiError};
    use heroku_api::skipped::Skipped;

    fn app(team: usize, number: usize) -> App {
        App {
            id: format!("{team}-{number}"),
            name: format!("app-{team}-{number}"),
            owner_id: None,
            region: None,
            space: None,
            generation: None,
            created_at: None,
            updated_at: None,
        }
    }

    fn modified<T>(data: Vec<T>) -> Result<Conditional<Vec<T>>, Error> {
        Ok(Conditional::Modified(Decoded {
            data,
            skipped: Skipped::default(),
            validator: None,
        }))
    }

    fn cache() -> InventoryCache {
        let url = "https://api.heroku.com/".parse().unwrap();
        let store = Store::in_memory(None, &url);
        InventoryCache::new(Some(Duration::from_secs(4)), &mut Loaded::default(), store)
    }

    /// Runs the next request, if one is due within `limit`. Returns its endpoint.
    async fn step(cache: &mut InventoryCache, apps: usize, limit: Instant) -> Option<Endpoint> {
        let jobs = InventoryJobs::new();
        let due = cache.next_due(&jobs)?;
        if due > limit {
            return None;
        }
        tokio::time::advance(due.saturating_duration_since(Instant::now())).await;
        let now = Instant::now();
        let interval = cache.interval?;
        let (request, schedule) = cache.next_request(now)?;
        schedule.start(tokio::spawn(async {}).id(), None);
        cache.next_start = now + interval;
        let endpoint = request.endpoint;
        let rows = match endpoint {
            Endpoint::Apps => {
                let team = request.team.parse().unwrap();
                Rows::Apps(modified(
                    (0..apps).map(|number| app(team, number)).collect(),
                ))
            }
            Endpoint::Addons => Rows::Addons(modified(vec![])),
            Endpoint::PipelineCouplings => Rows::Couplings(modified(vec![])),
            Endpoint::Formation => Rows::Formation(modified(vec![])),
            Endpoint::Pipelines => Rows::Pipelines(modified(vec![])),
            _ => Rows::DynoSizes(modified(vec![])),
        };
        cache.record(JobResult { request, rows });
        Some(endpoint)
    }

    /// Returns the requests in each hour.
    async fn requests(teams: usize, apps: usize, hours: usize) -> Vec<usize> {
        let mut cache = cache();
        let targets: Vec<_> = (0..teams)
            .map(|team| MetadataTarget {
                id_or_name: team.to_string(),
                id: None,
                identity: None,
            })
            .collect();
        cache.set_targets(&targets, None);
        let start = Instant::now();
        let mut by_hour = Vec::new();
        for hour in 1..=hours {
            let mut count = 0;
            let end = start + HOUR * u32::try_from(hour).unwrap();
            while step(&mut cache, apps, end).await.is_some() {
                count += 1;
            }
            by_hour.push(count);
        }
        by_hour
    }

    #[tokio::test(start_paused = true)]
    async fn requests_stay_within_the_rate_limit() {
        for (teams, apps) in [(1, 50), (3, 1000)] {
            let by_hour = requests(teams, apps, 96).await;
            // The first sweep; both ends of an hour may have a request.
            assert!(by_hour.iter().all(|count| *count <= 901), "{by_hour:?}");
            let average = by_hour[48..].iter().sum::<usize>() as f64 / 48.0;
            let limit = 2.0 * teams as f64 + (teams * apps) as f64 / 24.0 + 10.0;
            assert!(average <= limit, "{teams}×{apps}: {average} > {limit}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changed_apps_are_requested_at_once() {
        let mut cache = cache();
        let target = MetadataTarget {
            id_or_name: "0".to_owned(),
            id: None,
            identity: None,
        };
        cache.set_targets(&[target], None);
        let minute = Instant::now() + Duration::from_secs(60);
        while step(&mut cache, 2, minute).await.is_some() {}
        let team = cache.teams.get_mut("0").unwrap();
        let mut apps = vec![app(0, 0), app(0, 1), app(0, 2)];
        apps[1].updated_at = Some("2026-11-23T12:00:00Z".parse().unwrap());
        let request = team.apps.request("0", "").0;
        team.record(&request, Rows::Apps(modified(apps)), &mut BTreeSet::new());
        let now = Instant::now();
        let formations = team.formations.iter();
        let due = formations.filter(|(_, formation)| {
            formation
                .processes
                .schedule
                .next_due()
                .is_some_and(|due| due <= now)
        });
        let due: Vec<_> = due.map(|(app, _)| app.as_str()).collect();
        assert_eq!(due, ["0-1", "0-2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn empty_list_in_place_of_rows_is_confirmed() {
        let mut list = CachedList::<App>::new(Endpoint::Apps);
        let (request, _) = list.request("ops", "");
        let mut log = BTreeSet::new();
        assert!(list.record(&request, modified(vec![app(0, 0)]), DAY, &mut log));
        for (data, is_changed) in [
            (vec![], false),
            (vec![app(0, 0)], false),
            (vec![], false),
            (vec![], true),
            (vec![], false),
        ] {
            let is_empty = data.is_empty();
            let changed = list.record(&request, modified(data), DAY, &mut log);
            assert_eq!(changed, is_changed, "{is_empty}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn third_denial_drops_rows() {
        let mut list = CachedList::<App>::new(Endpoint::Apps);
        let (request, _) = list.request("ops", "");
        let mut log = BTreeSet::new();
        assert!(list.record(&request, modified(vec![app(0, 0)]), HOUR, &mut log));
        assert!(!list.record(&request, modified(vec![app(0, 0)]), HOUR, &mut log));
        for is_lost in [false, false, true] {
            let denial = Error::Api(ApiError::Status {
                status: 403,
                body: ApiErrorBody {
                    id: Some("forbidden".to_owned()),
                    ..ApiErrorBody::default()
                },
                retry_after: None,
            });
            assert_eq!(list.record(&request, Err(denial), HOUR, &mut log), is_lost);
            assert_eq!(list.rows.is_none(), is_lost);
        }
        let due = list.schedule.next_due().unwrap();
        assert_eq!(due.duration_since(Instant::now()), DAY);
    }
}
