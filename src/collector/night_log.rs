//! The recorded nights of all teams.

use std::collections::HashMap;
use std::sync::Arc;

use crate::snapshot::Team;
use crate::store::Loaded;
use billing::month::Month;
use billing::nights::{Lags, Night, Nights};
use billing::usage::Usage;

/// The nights of teams by their id, or by their name while the id is unknown, and the common lags.
#[derive(Debug, Default)]
pub(super) struct NightLog {
    teams: HashMap<String, TeamNights>,
    /// The stored nights of teams without current usage.
    loaded: HashMap<String, Vec<Night>>,
    lags: Arc<Lags>,
}

#[derive(Debug)]
struct TeamNights {
    nights: Arc<Nights>,
    /// The usage of which the night is recorded.
    usage: Arc<Usage>,
}

impl NightLog {
    /// Creates a log with the stored nights.
    pub(super) fn new(loaded: &mut Loaded) -> Self {
        let teams = loaded.teams.iter_mut();
        let loaded = teams.map(|(key, team)| (key.clone(), std::mem::take(&mut team.nights)));
        Self {
            loaded: loaded.collect(),
            ..Self::default()
        }
    }

    /// Records the nights of teams whose usage has changed, and sets the nights and lags of all teams.
    pub(super) fn update(&mut self, teams: &mut [Team]) {
        let mut is_changed = false;
        for team in &mut *teams {
            let Some(success) = &team.usage.last_success else {
                continue;
            };
            let key = team.id.as_ref().unwrap_or(&team.name);
            let known = self.teams.get(key);
            let known = known.filter(|known| Arc::ptr_eq(&known.usage, &success.data));
            if let Some(known) = known {
                team.nights = Some(Arc::clone(&known.nights));
                continue;
            }
            is_changed = true;
            let usage = &success.data;
            let month = Month::at(success.changed_at);
            let previous = usage.months.get(&month.previous());
            let mut nights = match self.teams.remove(key) {
                Some(known) => known.nights,
                None => {
                    let loaded = self.loaded.remove(key).unwrap_or_default();
                    Arc::new(Nights::new(loaded, previous))
                }
            };
            if let Some(current) = usage.months.get(&month) {
                Arc::make_mut(&mut nights).record(success.changed_at, current, previous);
            }
            team.nights = Some(Arc::clone(&nights));
            let usage = Arc::clone(usage);
            self.teams.insert(key.clone(), TeamNights { nights, usage });
        }
        if is_changed {
            let nights = self.teams.values().map(|team| &*team.nights);
            self.lags = Arc::new(Lags::new(nights));
        }
        for team in teams {
            team.lags = Arc::clone(&self.lags);
        }
    }
}
