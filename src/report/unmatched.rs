//! Settings without effect: budgets, prices and rules whose team or app does not exist, possibly
//! because of a typo.

use std::collections::BTreeSet;
use std::fmt;

use billing::grouping::{EXCLUDED, Grouping, OTHER};
use billing::money::Money;
use billing::name_filter::without_anchors;
use billing::rules::{REVIEW_APP_PATTERN, Rules};

use super::format::sanitize;
use crate::snapshot::{Snapshot, Team};

/// How similar a name must be to be suggested, from 0 to 1.
const MIN_SIMILARITY: f64 = 0.7;

/// A setting without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    subject: Subject,
    /// The most similar name that exists.
    nearest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    /// A team with prices or budgets.
    Team(String),
    /// An app with a budget.
    App { team: String, app: String },
    /// A pattern of apps.
    Pattern(String),
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |name: &str| format!("\"{}\"", sanitize(name));
        match &self.subject {
            Subject::Team(team) => write!(
                f,
                "Unknown team {} in the configuration file: its prices and budgets have no effect",
                quoted(team)
            ),
            Subject::App { team, app } => write!(
                f,
                "Unknown app {} of {} in the configuration file: its budget has no effect",
                quoted(app),
                sanitize(team)
            ),
            Subject::Pattern(pattern) => {
                write!(
                    f,
                    "The pattern {} matches no app: it has no effect",
                    quoted(pattern)
                )
            }
        }?;
        match &self.nearest {
            Some(nearest) => write!(f, " (did you mean {}?)", quoted(nearest)),
            None => Ok(()),
        }
    }
}

impl Unmatched {
    /// Returns the settings without effect. Checks only what is completely known, so that an outage
    /// causes no warnings.
    pub fn all(rules: &Rules, snapshot: &Snapshot) -> Vec<Self> {
        let mut unmatched = Vec::new();
        if !knows_all_teams(snapshot) {
            return unmatched;
        }
        let teams = snapshot.teams();
        let names = || teams.iter().map(|team| team.name.as_str());
        let find = |key: &str| {
            let is_named = |team: &&Team| team.name == key || team.id.as_deref() == Some(key);
            teams.iter().find(is_named)
        };
        for key in rules.teams() {
            if find(key).is_none() {
                unmatched.push(Self {
                    subject: Subject::Team(key.to_owned()),
                    nearest: nearest(key, names()),
                });
            }
        }
        for (key, app) in rules.budgets.apps.keys() {
            let Some(team) = find(key).filter(|team| knows_all_apps(team)) else {
                continue;
            };
            let rows = rows(rules, team);
            if !rows.contains(app) {
                unmatched.push(Self {
                    subject: Subject::App {
                        team: team.name.clone(),
                        app: app.clone(),
                    },
                    nearest: nearest(app, rows.iter().map(String::as_str)),
                });
            }
        }
        let is_known = |team: &Team| knows_all_apps(team) || !team.usage.is_available();
        if teams.iter().all(is_known) && teams.iter().any(knows_all_apps) {
            let apps: BTreeSet<_> = teams.iter().flat_map(apps).collect();
            let groups = rules.apps.groups.iter().map(|group| &group.pattern);
            for pattern in rules.apps.filter.patterns().chain(groups) {
                // Review apps come and go.
                let is_review_apps = pattern.as_str().contains(REVIEW_APP_PATTERN);
                if !is_review_apps && !apps.iter().any(|app| pattern.is_match(app)) {
                    let pattern = without_anchors(pattern);
                    unmatched.push(Self {
                        subject: Subject::Pattern(pattern.to_owned()),
                        nearest: nearest(pattern, apps.iter().copied()),
                    });
                }
            }
        }
        unmatched
    }
}

/// Returns whether the snapshot has all teams, with their names.
fn knows_all_teams(snapshot: &Snapshot) -> bool {
    let is_discovered = snapshot
        .discovery
        .as_ref()
        .is_none_or(|discovery| discovery.is_up() && discovery.stats.skipped.rows.count == 0);
    let mut accounts = snapshot.accounts.iter();
    let are_reported = accounts
        .all(|account| account.usage.is_up() && account.usage.stats.skipped.rows.count == 0);
    let mut teams = snapshot.teams().iter();
    // Without a success, the name of a team that is set by its id is not known, nor a new name.
    let are_named = teams.all(|team| {
        let has_succeeded = team.invoices.data().is_some() || team.usage.data().is_some();
        has_succeeded && team.id.as_ref() != Some(&team.name)
    });
    snapshot.all_attempted && is_discovered && are_reported && are_named
}

/// Returns whether all apps of a team with usage in the current or previous month are known.
fn knows_all_apps(team: &Team) -> bool {
    let months = team.usage.data().map(|usage| usage.months.values());
    let mut months = months.into_iter().flatten();
    team.usage.is_up()
        && team.usage.stats.skipped.rows.count == 0
        && months.all(|month| month.apps.is_some())
}

/// Returns the apps of a team in the known months.
fn apps(team: &Team) -> impl Iterator<Item = &str> {
    let months = team.usage.data().map(|usage| usage.months.values());
    let months = months.into_iter().flatten();
    months.flat_map(|month| month.known_apps().map(|(app, _)| app))
}

/// Returns the rows of a team that can have a budget, and its apps that are in `_other`.
fn rows(rules: &Rules, team: &Team) -> BTreeSet<String> {
    let all = || apps(team).map(|app| (app, [Money::ZERO]));
    let grouping = Grouping::new(&rules.apps, all());
    let rows = apps(team).map(|app| match &*grouping.row_of(app) {
        OTHER => app.to_owned(),
        row => row.to_owned(),
    });
    rows.chain([EXCLUDED, OTHER].map(str::to_owned)).collect()
}

/// Returns the most similar of `names`, if one is similar.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let rated = names.map(|other| (strsim::jaro(name, other), other));
    let similar = rated.filter(|(similarity, _)| *similarity >= MIN_SIMILARITY);
    let best = similar.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, name)| name.to_owned())
}
