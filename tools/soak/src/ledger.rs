//! What Heroku gave, what was shown of it, and so what a scrape has to show.
//!
//! A **block** is what one answer tells in one piece: a team's invoices, or a team's usage of one
//! month. A sample of a scrape is
//!
//! - **lost**, if it belongs to a block that an earlier scrape showed (one that had ended before
//!   this one began), is among the samples of the version that this scrape shows of the block (or,
//!   where it shows none of it, of the latest version that was shown), and is not there. Of a month
//!   that is neither the current nor the previous one, for the exporter and for Heroku, nothing has to
//!   be shown, and nothing of a block for which Heroku answered an empty list, until it was answered
//!   in full again;
//! - **wrong**, if Heroku never gave it: its value is another than that of the version, or it is
//!   not among the version's samples at all, such as an app that Heroku no longer lists; and all of
//!   a block is wrong that is of an older version than an earlier scrape showed, or of another
//!   version than its team's other month, which came with the same answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use crate::clock::Clock;
use crate::shown::Shown;

/// An endpoint of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    Invoices,
    Usage,
}

impl Part {
    pub(crate) const BOTH: [Self; 2] = [Self::Invoices, Self::Usage];
}

/// What one answer tells in one piece.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Block {
    pub(crate) team: String,
    /// The month of usage; `None` for invoices.
    pub(crate) part: Option<Date>,
}

impl Block {
    fn endpoint(&self) -> (String, Part) {
        let part = match self.part {
            None => Part::Invoices,
            Some(_) => Part::Usage,
        };
        (self.team.clone(), part)
    }
}

/// Samples: name and labels, value. Usage has no `current` or `previous` in its name here, because
/// its month says it.
pub(crate) type Figures = BTreeMap<(String, BTreeMap<String, String>), f64>;

/// The latest version of each block that was shown, and which endpoints are excused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demanded {
    versions: BTreeMap<Block, u32>,
    excused: BTreeMap<(String, Part), Excuse>,
}

/// Heroku answered, or will, an empty list.
#[derive(Debug, Clone, Copy, Default)]
struct Excuse {
    /// The version from which on nothing is excused any more, once it is known.
    until: Option<u32>,
}

/// How a scrape was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judgement {
    pub(crate) lost: u64,
    pub(crate) wrong: u64,
    /// The first thing that is lost or wrong.
    pub(crate) example: Option<String>,
}

impl Judgement {
    fn lost(&mut self, count: usize, example: impl FnOnce() -> String) {
        self.lost += count as u64;
        if count > 0 {
            self.example.get_or_insert_with(example);
        }
    }

    fn wrong(&mut self, count: usize, example: impl FnOnce() -> String) {
        self.wrong += count as u64;
        if count > 0 {
            self.example.get_or_insert_with(example);
        }
    }
}

/// What a scrape is judged by.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    given: Mutex<HashMap<(Block, u32), Arc<Figures>>>,
    demanded: Mutex<Arc<Demanded>>,
    seen: Mutex<Seen>,
}

/// The exporter's counters, as the latest scrape had them.
#[derive(Debug, Default)]
struct Seen {
    polls: BTreeMap<(String, Part), u64>,
    failures: BTreeMap<String, u64>,
    rustc: String,
}

impl Ledger {
    /// Notes what has to be shown of a version, before Heroku gives it.
    pub(crate) fn note(&self, block: Block, version: u32, figures: Figures) {
        held(&self.given).insert((block, version), Arc::new(figures));
    }

    /// Excuses an endpoint before Heroku gives an empty list.
    pub(crate) fn excuse(&self, endpoint: &(String, Part)) {
        let mut demanded = held(&self.demanded);
        let excuse = Excuse::default();
        Arc::make_mut(&mut demanded)
            .excused
            .insert(endpoint.clone(), excuse);
    }

    /// Excuses it no longer, once `version` is shown.
    pub(crate) fn excuse_until(&self, endpoint: &(String, Part), version: u32) {
        let mut demanded = held(&self.demanded);
        let excuse = Excuse {
            until: Some(version),
        };
        Arc::make_mut(&mut demanded)
            .excused
            .insert(endpoint.clone(), excuse);
    }

    pub(crate) fn is_excused(&self, endpoint: &(String, Part)) -> bool {
        held(&self.demanded).excused.contains_key(endpoint)
    }

    /// What a scrape that begins at this moment has to show.
    pub(crate) fn demanded(&self) -> Arc<Demanded> {
        Arc::clone(&held(&self.demanded))
    }

    /// How many blocks were shown so far.
    pub(crate) fn blocks(&self) -> usize {
        held(&self.demanded).versions.len()
    }

    /// How often an endpoint was polled, as far as scrapes tell.
    pub(crate) fn polls_of(&self, endpoint: &(String, Part)) -> u64 {
        held(&self.seen)
            .polls
            .get(endpoint)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn polls(&self) -> u64 {
        held(&self.seen).polls.values().sum()
    }

    /// How many polls failed, by the exporter's word for the reason.
    pub(crate) fn failed_polls(&self) -> BTreeMap<String, u64> {
        let seen = held(&self.seen);
        let failed = seen.failures.iter().filter(|(_, count)| **count > 0);
        failed
            .map(|(reason, count)| (reason.clone(), *count))
            .collect()
    }

    pub(crate) fn rustc(&self) -> String {
        held(&self.seen).rustc.clone()
    }

    /// Compares what is shown with what Heroku gave: whether it is one version, whole, in each
    /// block.
    pub(crate) fn compare(&self, shown: &Shown) -> Judgement {
        let mut judgement = Judgement::default();
        let given = held(&self.given);
        let mut of_usage: BTreeMap<&str, u32> = BTreeMap::new();
        for (block, (version, figures)) in &shown.blocks {
            let Some(expected) = given.get(&(block.clone(), *version)) else {
                judgement.wrong(figures.len(), || {
                    format!("{block:?} has no version {version}")
                });
                continue;
            };
            let missing: Vec<_> = expected
                .keys()
                .filter(|key| !figures.contains_key(*key))
                .collect();
            judgement.lost(missing.len(), || {
                format!("{block:?} lacks {:?}", missing.first())
            });
            let odd = figures.iter().filter(|(key, value)| {
                let near = |expected: &f64| (*expected - **value).abs() < 1e-9;
                !expected.get(*key).is_some_and(near)
            });
            let odd: Vec<_> = odd.collect();
            judgement.wrong(odd.len(), || format!("{block:?} has {:?}", odd.first()));
            if block.part.is_some() {
                let other = *of_usage.entry(&block.team).or_insert(*version);
                let count = if other == *version { 0 } else { figures.len() };
                judgement.wrong(count, || format!("{block:?}: {version} beside {other}"));
            }
        }
        judgement
    }

    /// Judges by what earlier scrapes showed: whether something is gone, or older than it was.
    /// `began` is what was demanded when the scrape began.
    pub(crate) fn judge_progress(
        &self,
        shown: &Shown,
        began: &Demanded,
        clock: &Clock,
    ) -> Judgement {
        let mut judgement = Judgement::default();
        let ended = self.demanded();
        for (block, at_least) in &began.versions {
            match shown.blocks.get(block) {
                Some((version, figures)) if version < at_least => {
                    judgement.wrong(figures.len(), || {
                        format!("{block:?} went back from {at_least} to {version}")
                    });
                }
                Some(_) => {}
                None if !shown.is_of_its_time(block, clock) => {}
                None => {
                    let endpoint = block.endpoint();
                    let excused = [began, &*ended]
                        .iter()
                        .any(|d| d.excused.contains_key(&endpoint));
                    if !excused {
                        let given = held(&self.given);
                        let figures = given.get(&(block.clone(), *at_least));
                        let count = figures.map_or(1, |figures| figures.len());
                        judgement.lost(count, || format!("{block:?} is gone"));
                    }
                }
            }
        }
        judgement
    }

    /// Takes in what a scrape showed, for those that begin from this moment on.
    pub(crate) fn take(&self, shown: &Shown) {
        let mut seen = held(&self.seen);
        for (endpoint, polls) in &shown.polls {
            let known = seen.polls.entry(endpoint.clone()).or_default();
            *known = (*known).max(*polls);
        }
        for (reason, count) in &shown.failures {
            let known = seen.failures.entry(reason.clone()).or_default();
            *known = (*known).max(*count);
        }
        seen.rustc.clone_from(&shown.rustc);
        drop(seen);
        let mut demanded = held(&self.demanded);
        let is_news = |(block, (version, _)): (&Block, &(u32, Figures))| {
            demanded
                .versions
                .get(block)
                .is_none_or(|known| known < version)
        };
        if !shown.blocks.iter().any(is_news) {
            return;
        }
        let demanded = Arc::make_mut(&mut demanded);
        for (block, (version, _)) in &shown.blocks {
            let known = demanded.versions.entry(block.clone()).or_default();
            *known = (*known).max(*version);
            let endpoint = block.endpoint();
            let excuse = demanded.excused.get(&endpoint);
            if excuse.is_some_and(|excuse| excuse.until.is_some_and(|until| *version >= until)) {
                demanded.excused.remove(&endpoint);
            }
        }
    }
}

/// Plain data stays sound when a thread that held it panics.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    type Apps<'a> = &'a [(&'a str, f64)];

    fn figures(apps: Apps<'_>) -> Figures {
        let labels = |app: &str| BTreeMap::from([("app_name".to_owned(), app.to_owned())]);
        apps.iter()
            .map(|(app, value)| (("usage".to_owned(), labels(app)), *value))
            .collect()
    }

    fn block(month: i8) -> Block {
        Block {
            team: "ops".into(),
            part: Some(date(2026, month, 1)),
        }
    }

    fn shown(month: i8, blocks: &[(i8, u32, Apps<'_>)]) -> Shown {
        Shown {
            month: Some(date(2026, month, 1)),
            blocks: blocks
                .iter()
                .map(|(month, version, apps)| (block(*month), (*version, figures(apps))))
                .collect(),
            ..Shown::default()
        }
    }

    /// A ledger that gave two versions of a month, with two apps and with one.
    fn ledger() -> Ledger {
        let ledger = Ledger::default();
        ledger.note(block(11), 1, figures(&[("a", 1.0), ("b", 2.0)]));
        ledger.note(block(11), 2, figures(&[("a", 3.0)]));
        ledger
    }

    fn counts(judgement: &Judgement) -> (u64, u64) {
        (judgement.lost, judgement.wrong)
    }

    #[test]
    fn a_version_has_to_be_shown_whole_and_with_nothing_else() {
        let ledger = ledger();
        let table: [(u32, Apps<'_>, (u64, u64)); 6] = [
            (1, &[("a", 1.0), ("b", 2.0)], (0, 0)),
            (1, &[("a", 1.0)], (1, 0)),
            (1, &[("a", 1.0), ("b", 9.0)], (0, 1)),
            (2, &[("a", 3.0)], (0, 0)),
            // An app that Heroku no longer lists.
            (2, &[("a", 3.0), ("b", 2.0)], (0, 1)),
            (3, &[("a", 3.0)], (0, 1)),
        ];
        for (version, apps, expected) in table {
            let judgement = ledger.compare(&shown(11, &[(11, version, apps)]));
            assert_eq!(counts(&judgement), expected, "{version} {apps:?}");
        }
    }

    #[test]
    fn two_months_of_one_answer_are_of_one_version() {
        let ledger = ledger();
        ledger.note(block(10), 1, figures(&[("a", 1.0)]));
        let mixed = shown(11, &[(10, 1, &[("a", 1.0)]), (11, 2, &[("a", 3.0)])]);
        assert_eq!(counts(&ledger.compare(&mixed)), (0, 1));
    }

    #[test]
    fn what_was_shown_is_shown_again_until_its_time_is_over() {
        let (ledger, clock) = (ledger(), Clock::start(1));
        let before = ledger.demanded();
        ledger.take(&shown(11, &[(11, 1, &[("a", 1.0), ("b", 2.0)])]));
        let judge =
            |shown: &Shown, began: &Demanded| counts(&ledger.judge_progress(shown, began, &clock));
        let nothing = |month| shown(month, &[]);
        assert_eq!(judge(&nothing(11), &before), (0, 0));
        let began = ledger.demanded();
        assert_eq!(judge(&nothing(11), &began), (2, 0));
        assert_eq!(judge(&nothing(12), &began), (2, 0));
        assert_eq!(judge(&nothing(1), &began), (0, 0));
        assert_eq!(judge(&Shown::default(), &began), (2, 0));
        ledger.take(&shown(11, &[(11, 2, &[("a", 3.0)])]));
        let older = shown(11, &[(11, 1, &[("a", 1.0), ("b", 2.0)])]);
        assert_eq!(judge(&older, &began), (0, 0));
        assert_eq!(judge(&older, &ledger.demanded()), (0, 2));
    }

    #[test]
    fn what_heroku_may_tell_no_more_need_not_be_shown() {
        let ledger = ledger();
        ledger.note(block(10), 1, figures(&[("a", 1.0)]));
        ledger.take(&shown(11, &[(10, 1, &[("a", 1.0)])]));
        let began = ledger.demanded();
        let lost = |speed| {
            let clock = Clock::start(speed);
            ledger.judge_progress(&shown(11, &[]), &began, &clock).lost
        };
        // By the fast clock it may be December already.
        assert_eq!((lost(1), lost(10_000)), (1, 0));
    }

    #[test]
    fn an_empty_list_excuses_its_endpoint_until_there_are_figures_again() {
        let (ledger, clock) = (ledger(), Clock::start(1));
        let endpoint = block(11).endpoint();
        ledger.take(&shown(11, &[(11, 1, &[("a", 1.0), ("b", 2.0)])]));
        let before = ledger.demanded();
        ledger.excuse(&endpoint);
        let nothing = shown(11, &[]);
        assert_eq!(
            counts(&ledger.judge_progress(&nothing, &before, &clock)),
            (0, 0)
        );
        ledger.excuse_until(&endpoint, 2);
        assert!(ledger.is_excused(&endpoint));
        ledger.take(&shown(11, &[(11, 2, &[("a", 3.0)])]));
        assert!(!ledger.is_excused(&endpoint));
        let began = ledger.demanded();
        assert_eq!(
            counts(&ledger.judge_progress(&nothing, &began, &clock)),
            (1, 0)
        );
    }
}
