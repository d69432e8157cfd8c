//! The test oracle: decides which samples of a scrape are lost or wrong.
//!
//! The oracle records every version of every [`Block`] that the simulated Heroku returns, and
//! compares a scrape with the scrapes that ended before it began. A sample is
//!
//! - **lost** if it is missing, an earlier scrape contained its block, and the expected version of
//!   the block contains it. The expected version is the one in this scrape or, if the block is
//!   missing, the latest version in earlier scrapes. There are two exceptions: months that are
//!   neither current nor previous, by the clock of the exporter or of the simulated Heroku; and
//!   endpoints for which Heroku returned an empty list, until it returns data again.
//! - **wrong** if the version of its block does not contain it (such as an app that Heroku no
//!   longer lists) or contains another value. All samples of a block are wrong if its version is
//!   older than in an earlier scrape, or differs from that of the team's other month, because one
//!   response contains both months.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::model::{Block, Samples, TeamEndpoint};
use crate::observation::Observation;

/// The required content of a scrape.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expectation {
    /// The latest version of each block in any scrape so far.
    versions: BTreeMap<Block, u32>,
    exemptions: BTreeMap<TeamEndpoint, Exemption>,
}

/// The exemption of an endpoint whose samples may be missing, because Heroku returns an empty list.
#[derive(Debug, Clone, Copy, Default)]
struct Exemption {
    /// The version that ends the exemption; `None` while the empty list is injected.
    until: Option<u32>,
}

/// The result of checking a scrape.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    pub(crate) lost: u64,
    pub(crate) wrong: u64,
    /// A description of the first violation.
    pub(crate) example: Option<String>,
}

impl Verdict {
    fn add_lost(&mut self, count: usize, example: impl FnOnce() -> String) {
        self.lost += count as u64;
        if count > 0 {
            self.example.get_or_insert_with(example);
        }
    }

    fn add_wrong(&mut self, count: usize, example: impl FnOnce() -> String) {
        self.wrong += count as u64;
        if count > 0 {
            self.example.get_or_insert_with(example);
        }
    }
}

/// The state that is shared by the fault injector and the scrapers.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    versions: Mutex<HashMap<(Block, u32), Arc<Samples>>>,
    expectation: Mutex<Arc<Expectation>>,
    counters: Mutex<Counters>,
}

/// The highest values of the exporter's counters in any scrape.
#[derive(Debug, Default)]
struct Counters {
    polls: BTreeMap<TeamEndpoint, u64>,
    failures: BTreeMap<String, u64>,
    rustc: String,
}

impl Oracle {
    /// Records the samples of a version. Must be called before the simulator serves the version.
    pub(crate) fn record_version(&self, block: Block, version: u32, samples: Samples) {
        lock(&self.versions).insert((block, version), Arc::new(samples));
    }

    /// Exempts an endpoint. Must be called before the simulator serves an empty list.
    pub(crate) fn exempt(&self, endpoint: &TeamEndpoint) {
        self.set_exemption(endpoint, Exemption::default());
    }

    /// Exempts an endpoint until a scrape contains `version`.
    pub(crate) fn exempt_until(&self, endpoint: &TeamEndpoint, version: u32) {
        let until = Some(version);
        self.set_exemption(endpoint, Exemption { until });
    }

    fn set_exemption(&self, endpoint: &TeamEndpoint, exemption: Exemption) {
        let mut expectation = lock(&self.expectation);
        Arc::make_mut(&mut expectation)
            .exemptions
            .insert(endpoint.clone(), exemption);
    }

    pub(crate) fn is_exempt(&self, endpoint: &TeamEndpoint) -> bool {
        lock(&self.expectation).exemptions.contains_key(endpoint)
    }

    /// Returns the expectation for scrapes that begin now.
    pub(crate) fn expectation(&self) -> Arc<Expectation> {
        Arc::clone(&lock(&self.expectation))
    }

    /// Returns the number of blocks that scrapes have contained so far.
    pub(crate) fn blocks(&self) -> usize {
        lock(&self.expectation).versions.len()
    }

    /// Returns the number of polls of an endpoint, as of the latest scrape.
    pub(crate) fn polls_of(&self, endpoint: &TeamEndpoint) -> u64 {
        let counters = lock(&self.counters);
        counters.polls.get(endpoint).copied().unwrap_or_default()
    }

    /// Returns the number of polls of all endpoints, as of the latest scrape.
    pub(crate) fn polls(&self) -> u64 {
        lock(&self.counters).polls.values().sum()
    }

    /// Returns the number of failed polls by reason, without reasons that did not occur.
    pub(crate) fn failed_polls(&self) -> BTreeMap<String, u64> {
        let counters = lock(&self.counters);
        let failed = counters.failures.iter().filter(|(_, count)| **count > 0);
        failed
            .map(|(reason, count)| (reason.clone(), *count))
            .collect()
    }

    /// Returns the version of the compiler that built the exporter.
    pub(crate) fn rustc(&self) -> String {
        lock(&self.counters).rustc.clone()
    }

    /// Checks that each block is one complete version that Heroku returned. The verdict does not
    /// depend on other scrapes.
    pub(crate) fn check_consistency(&self, observation: &Observation) -> Verdict {
        let mut verdict = Verdict::default();
        let versions = lock(&self.versions);
        let mut usage_versions: BTreeMap<&str, u32> = BTreeMap::new();
        for (block, (version, samples)) in &observation.blocks {
            let Some(expected) = versions.get(&(block.clone(), *version)) else {
                verdict.add_wrong(samples.len(), || {
                    format!("{block:?} has no version {version}")
                });
                continue;
            };
            let missing: Vec<_> = expected
                .keys()
                .filter(|key| !samples.contains_key(*key))
                .collect();
            verdict.add_lost(missing.len(), || {
                format!("{block:?} is missing {:?}", missing.first())
            });
            let unexpected = samples.iter().filter(|(key, value)| {
                let is_equal = |expected: &f64| (*expected - **value).abs() < 1e-9;
                !expected.get(*key).is_some_and(is_equal)
            });
            let unexpected: Vec<_> = unexpected.collect();
            verdict.add_wrong(unexpected.len(), || {
                format!("{block:?} has unexpected {:?}", unexpected.first())
            });
            if block.month.is_some() {
                let other = *usage_versions.entry(&block.team).or_insert(*version);
                let count = if other == *version { 0 } else { samples.len() };
                verdict.add_wrong(count, || {
                    format!("{block:?} has version {version}, the other month {other}")
                });
            }
        }
        verdict
    }

    /// Checks that no block is missing or older than in the scrapes before. `at_start` is the
    /// expectation at the start of the scrape.
    pub(crate) fn check_progress(
        &self,
        observation: &Observation,
        at_start: &Expectation,
        clock: &Clock,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let at_end = self.expectation();
        for (block, latest) in &at_start.versions {
            match observation.blocks.get(block) {
                Some((version, samples)) if version < latest => {
                    verdict.add_wrong(samples.len(), || {
                        format!("{block:?} has version {version} after {latest}")
                    });
                }
                Some(_) => {}
                None if !observation.requires(block, clock) => {}
                None => {
                    let endpoint = block.endpoint();
                    let is_exempt = [at_start, &*at_end]
                        .iter()
                        .any(|expectation| expectation.exemptions.contains_key(&endpoint));
                    if !is_exempt {
                        let versions = lock(&self.versions);
                        let samples = versions.get(&(block.clone(), *latest));
                        let count = samples.map_or(1, |samples| samples.len());
                        verdict.add_lost(count, || format!("{block:?} is missing"));
                    }
                }
            }
        }
        verdict
    }

    /// Updates the expectation for later scrapes.
    pub(crate) fn record_observation(&self, observation: &Observation) {
        let mut counters = lock(&self.counters);
        for (endpoint, count) in &observation.polls {
            let highest = counters.polls.entry(endpoint.clone()).or_default();
            *highest = (*highest).max(*count);
        }
        for (reason, count) in &observation.failures {
            let highest = counters.failures.entry(reason.clone()).or_default();
            *highest = (*highest).max(*count);
        }
        counters.rustc.clone_from(&observation.rustc);
        drop(counters);
        let mut expectation = lock(&self.expectation);
        let is_newer = |(block, (version, _)): (&Block, &(u32, Samples))| {
            let latest = expectation.versions.get(block);
            latest.is_none_or(|latest| latest < version)
        };
        // Avoids a copy of the expectation for every scrape.
        if !observation.blocks.iter().any(is_newer) {
            return;
        }
        let expectation = Arc::make_mut(&mut expectation);
        for (block, (version, _)) in &observation.blocks {
            let latest = expectation.versions.entry(block.clone()).or_default();
            *latest = (*latest).max(*version);
            let endpoint = block.endpoint();
            let exemption = expectation.exemptions.get(&endpoint);
            if exemption.is_some_and(|e| e.until.is_some_and(|until| *version >= until)) {
                expectation.exemptions.remove(&endpoint);
            }
        }
    }
}

/// Locks a mutex, ignoring poisoning: the data has no invariants that a panic could break.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    type Apps<'a> = &'a [(&'a str, f64)];

    fn samples(apps: Apps<'_>) -> Samples {
        let labels = |app: &str| BTreeMap::from([("app_name".to_owned(), app.to_owned())]);
        apps.iter()
            .map(|(app, value)| (("usage".to_owned(), labels(app)), *value))
            .collect()
    }

    fn block(month: i8) -> Block {
        Block {
            team: "ops".into(),
            month: Some(date(2026, month, 1)),
        }
    }

    fn observation(month: i8, blocks: &[(i8, u32, Apps<'_>)]) -> Observation {
        Observation {
            month: Some(date(2026, month, 1)),
            blocks: blocks
                .iter()
                .map(|(month, version, apps)| (block(*month), (*version, samples(apps))))
                .collect(),
            ..Observation::default()
        }
    }

    /// Returns an oracle with two versions of November: the first has two apps, the second one.
    fn oracle() -> Oracle {
        let oracle = Oracle::default();
        oracle.record_version(block(11), 1, samples(&[("a", 1.0), ("b", 2.0)]));
        oracle.record_version(block(11), 2, samples(&[("a", 3.0)]));
        oracle
    }

    fn counts(verdict: &Verdict) -> (u64, u64) {
        (verdict.lost, verdict.wrong)
    }

    #[test]
    fn requires_exactly_the_samples_of_a_version() {
        let oracle = oracle();
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
            let verdict = oracle.check_consistency(&observation(11, &[(11, version, apps)]));
            assert_eq!(counts(&verdict), expected, "{version} {apps:?}");
        }
    }

    #[test]
    fn requires_same_version_for_both_months() {
        let oracle = oracle();
        oracle.record_version(block(10), 1, samples(&[("a", 1.0)]));
        let mixed = observation(11, &[(10, 1, &[("a", 1.0)]), (11, 2, &[("a", 3.0)])]);
        assert_eq!(counts(&oracle.check_consistency(&mixed)), (0, 1));
    }

    #[test]
    fn requires_blocks_until_month_is_over() {
        let (oracle, clock) = (oracle(), Clock::start(1));
        let before = oracle.expectation();
        oracle.record_observation(&observation(11, &[(11, 1, &[("a", 1.0), ("b", 2.0)])]));
        let check = |observation: &Observation, at_start: &Expectation| {
            counts(&oracle.check_progress(observation, at_start, &clock))
        };
        let empty = |month| observation(month, &[]);
        assert_eq!(check(&empty(11), &before), (0, 0));
        let after = oracle.expectation();
        assert_eq!(check(&empty(11), &after), (2, 0));
        assert_eq!(check(&empty(12), &after), (2, 0));
        assert_eq!(check(&empty(1), &after), (0, 0));
        assert_eq!(check(&Observation::default(), &after), (2, 0));
        oracle.record_observation(&observation(11, &[(11, 2, &[("a", 3.0)])]));
        let older = observation(11, &[(11, 1, &[("a", 1.0), ("b", 2.0)])]);
        assert_eq!(check(&older, &after), (0, 0));
        assert_eq!(check(&older, &oracle.expectation()), (0, 2));
    }

    #[test]
    fn allows_missing_month_that_heroku_may_no_longer_return() {
        let oracle = oracle();
        oracle.record_version(block(10), 1, samples(&[("a", 1.0)]));
        oracle.record_observation(&observation(11, &[(10, 1, &[("a", 1.0)])]));
        let expectation = oracle.expectation();
        let lost = |speed| {
            let clock = Clock::start(speed);
            oracle
                .check_progress(&observation(11, &[]), &expectation, &clock)
                .lost
        };
        // The fast clock may already be in December.
        assert_eq!((lost(1), lost(10_000)), (1, 0));
    }

    #[test]
    fn empty_list_exempts_endpoint_until_next_version() {
        let (oracle, clock) = (oracle(), Clock::start(1));
        let endpoint = block(11).endpoint();
        oracle.record_observation(&observation(11, &[(11, 1, &[("a", 1.0), ("b", 2.0)])]));
        let before = oracle.expectation();
        oracle.exempt(&endpoint);
        let empty = observation(11, &[]);
        assert_eq!(
            counts(&oracle.check_progress(&empty, &before, &clock)),
            (0, 0)
        );
        oracle.exempt_until(&endpoint, 2);
        assert!(oracle.is_exempt(&endpoint));
        oracle.record_observation(&observation(11, &[(11, 2, &[("a", 3.0)])]));
        assert!(!oracle.is_exempt(&endpoint));
        let after = oracle.expectation();
        assert_eq!(
            counts(&oracle.check_progress(&empty, &after, &clock)),
            (1, 0)
        );
    }
}
