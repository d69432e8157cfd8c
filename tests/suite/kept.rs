//! A state file as a test has it: in a directory of its own, written by a run of the program, and read as anybody could.

use std::fs;
use std::path::PathBuf;

use heroku_sim::Simulator;
use serde_json::Value;

use crate::exporter::{Exporter, Start, until};
use crate::own_series::{DATA_CHANGED, ENDPOINTS, LAST_POLL_SUCCESS, all_up, value};
use crate::scenario::{Scenario, noon};
use crate::scrape::Scrape;
use crate::tools;

/// A state file, which need not be there.
#[derive(Debug)]
pub(crate) struct Kept {
    directory: tempfile::TempDir,
}

impl Kept {
    pub(crate) fn none() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("state.json")
    }

    /// What the file holds; nothing where there is none.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap_or_default()
    }

    pub(crate) fn write(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).expect("the directory can be written to");
    }

    /// What stands in the directory.
    pub(crate) fn neighbours(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("the directory is there");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            let entry = entry.expect("an entry");
            entry
                .file_name()
                .into_string()
                .expect("a name that is text")
        };
        entries.map(name).collect()
    }

    /// How many answers with figures the file holds; none where it is not one.
    pub(crate) fn answers(&self) -> usize {
        ENDPOINTS
            .iter()
            .map(|endpoint| self.answers_of(endpoint))
            .sum()
    }

    /// How many answers of an endpoint the file holds.
    pub(crate) fn answers_of(&self, endpoint: &str) -> usize {
        let file: Value = serde_json::from_slice(&self.bytes()).unwrap_or_default();
        let answers = file["answers"].as_array().into_iter().flatten();
        answers
            .filter(|answer| answer["endpoint"] == endpoint)
            .count()
    }

    /// Has the program keep its state here.
    pub(crate) fn of(&self, start: Start) -> Start {
        let path = self.path();
        start.env("STATE_FILE", path.to_str().expect("a path that is text"))
    }

    /// The program on the scenario's day, so many hours after noon, keeping its state here.
    pub(crate) fn start(
        &self,
        scenario: &Scenario,
        heroku: &Simulator,
        hours: i64,
    ) -> Option<Start> {
        let start = scenario.start(heroku, &scenario.team_names())?;
        let instant = noon(scenario.today) + jiff::SignedDuration::from_hours(hours);
        Some(self.of(start).at(instant, tools::fake_clock_library()?))
    }

    /// The file of a run at noon, which has ended: and its last scrape.
    pub(crate) async fn run(&self, scenario: &Scenario, heroku: &Simulator) -> Option<Scrape> {
        let exporter = self.start(scenario, heroku, 0)?.start().await;
        self.end(scenario, exporter).await
    }

    /// Waits until a run has all and the file too, ends it, and gives its last scrape.
    pub(crate) async fn end(&self, scenario: &Scenario, mut exporter: Exporter) -> Option<Scrape> {
        exporter.scrape_once("figures", all_up).await;
        let scrape = Scrape::read(&scenario.arrived(&exporter).await);
        let wanted = scenario.arrivals.invoices + scenario.arrivals.usage;
        until("the whole state file", || {
            (self.answers() == wanted).then_some(())
        })
        .await;
        exporter.signal("TERM");
        assert_eq!(exporter.ended().await.code(), Some(0));
        Some(scrape)
    }
}

/// That a scrape shows the figures of another, and when Heroku gave them.
pub(crate) fn assert_same(shown: &Scrape, known: &Scrape) {
    assert_eq!(shown.figures(), known.figures());
    for name in [LAST_POLL_SUCCESS, DATA_CHANGED] {
        for (series, _) in known.of(name) {
            let labels: Vec<_> = series
                .labels
                .iter()
                .map(|(label, value)| (label.as_str(), value.as_str()))
                .collect();
            let times = (value(shown, name, &labels), value(known, name, &labels));
            assert!(times.0 > 0.0 && times.0 == times.1, "{series:?}: {times:?}");
        }
    }
}
