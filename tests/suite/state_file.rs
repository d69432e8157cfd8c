//! State files in temporary directories, which the exporter writes and the tests read.

use std::fs;
use std::path::PathBuf;

use heroku_sim::Simulator;
use serde_json::Value;

use crate::exporter::{Exporter, ExporterBuilder, wait_until};
use crate::external_tools;
use crate::scenario::{Scenario, noon};
use crate::scrape::Scrape;
use crate::self_series::{DATA_CHANGED, ENDPOINTS, LAST_POLL_SUCCESS, all_up, value};

/// A state file, which may not exist yet.
#[derive(Debug)]
pub(crate) struct StateFile {
    directory: tempfile::TempDir,
}

impl StateFile {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("state.json")
    }

    /// Returns the content of the file, which is empty if the file does not exist.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap_or_default()
    }

    pub(crate) fn write(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).expect("the directory is writable");
    }

    /// Lists the files in the directory of the state file.
    pub(crate) fn directory_entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("the directory exists");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            let entry = entry.expect("an entry");
            entry.file_name().into_string().expect("the name is UTF-8")
        };
        entries.map(name).collect()
    }

    /// Counts the stored invoice and usage responses. Returns 0 if the file is invalid.
    pub(crate) fn response_count(&self) -> usize {
        ENDPOINTS
            .iter()
            .map(|endpoint| self.response_count_for(endpoint))
            .sum()
    }

    /// Counts the stored responses of an endpoint.
    pub(crate) fn response_count_for(&self, endpoint: &str) -> usize {
        let file: Value = serde_json::from_slice(&self.bytes()).unwrap_or_default();
        let responses = file["answers"].as_array().into_iter().flatten();
        responses
            .filter(|response| response["endpoint"] == endpoint)
            .count()
    }

    /// Configures an exporter to use this file.
    pub(crate) fn configure(&self, builder: ExporterBuilder) -> ExporterBuilder {
        let path = self.path();
        builder.env("STATE_FILE", path.to_str().expect("the path is UTF-8"))
    }

    /// Returns a builder of an exporter that uses this file and starts `hours` after noon of the
    /// scenario's day.
    pub(crate) fn exporter_builder(
        &self,
        scenario: &Scenario,
        heroku: &Simulator,
        hours: i64,
    ) -> Option<ExporterBuilder> {
        let builder = scenario.exporter_builder(heroku, &scenario.team_names())?;
        let instant = noon(scenario.today) + jiff::SignedDuration::from_hours(hours);
        Some(
            self.configure(builder)
                .with_clock_at(instant, external_tools::faketime_library()?),
        )
    }

    /// Runs an exporter at noon until it has written the file, and returns its last scrape.
    pub(crate) async fn run_and_stop(
        &self,
        scenario: &Scenario,
        heroku: &Simulator,
    ) -> Option<Scrape> {
        let exporter = self.exporter_builder(scenario, heroku, 0)?.start().await;
        self.stop(scenario, exporter).await
    }

    /// Stops an exporter once its data and the file are complete, and returns its last scrape.
    pub(crate) async fn stop(&self, scenario: &Scenario, mut exporter: Exporter) -> Option<Scrape> {
        exporter.wait_for_scrape("the first polls", all_up).await;
        let scrape = Scrape::parse(&scenario.wait_for_data(&exporter).await);
        let expected = scenario.expected_counts.invoices + scenario.expected_counts.usage;
        wait_until("the complete state file", || {
            (self.response_count() == expected).then_some(())
        })
        .await;
        exporter.signal("TERM");
        assert_eq!(exporter.wait_for_exit().await.code(), Some(0));
        Some(scrape)
    }
}

/// Asserts that two scrapes have the same billing metrics and poll timestamps.
pub(crate) fn assert_same_data(actual: &Scrape, expected: &Scrape) {
    assert_eq!(actual.billing_metrics(), expected.billing_metrics());
    for name in [LAST_POLL_SUCCESS, DATA_CHANGED] {
        for (series, _) in expected.series(name) {
            let labels: Vec<_> = series
                .labels
                .iter()
                .map(|(label, value)| (label.as_str(), value.as_str()))
                .collect();
            let times = (value(actual, name, &labels), value(expected, name, &labels));
            assert!(times.0 > 0.0 && times.0 == times.1, "{series:?}: {times:?}");
        }
    }
}
