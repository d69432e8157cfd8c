//! Storage directories, in which the exporter keeps its database and which the tests read.

use std::fs;
use std::path::{Path, PathBuf};

use heroku_sim::Simulator;
use rusqlite::{Connection, OpenFlags};

use crate::exporter::{Exporter, ExporterBuilder, wait_until};
use crate::external_tools;
use crate::scenario::{Scenario, noon};
use crate::scrape::Scrape;
use crate::self_series::{DATA_CHANGED, ENDPOINTS, LAST_POLL_SUCCESS, all_up, value};

/// A storage directory, which may not exist yet.
#[derive(Debug)]
pub(crate) struct StorageDirectory {
    parent: tempfile::TempDir,
}

impl StorageDirectory {
    pub(crate) fn new() -> Self {
        Self {
            parent: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.parent.path().join("storage")
    }

    /// Returns the path of the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("heroku-cost-exporter.db")
    }

    /// Writes the file of the database.
    pub(crate) fn write(&self, bytes: &[u8]) {
        fs::create_dir_all(self.path()).expect("the directory is created");
        fs::write(self.database(), bytes).expect("the directory is writable");
    }

    /// Returns the content of all files.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let files = self.files().into_iter();
        files
            .flat_map(|name| fs::read(self.path().join(name)).unwrap_or_default())
            .collect()
    }

    /// Lists the files in the directory.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).into_iter().flatten();
        let name = |entry: std::io::Result<fs::DirEntry>| {
            let entry = entry.expect("an entry");
            entry.file_name().into_string().expect("the name is UTF-8")
        };
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort_unstable();
        names
    }

    /// Opens the database for reading, if it is valid.
    pub(crate) fn open(&self) -> Option<Connection> {
        open(&self.database())
    }

    /// Runs a query for one number. Returns 0 if the database is invalid.
    pub(crate) fn number(&self, query: &str) -> usize {
        let number =
            |connection: Connection| connection.query_row(query, [], |row| row.get(0)).ok();
        let number: Option<u32> = self.open().and_then(number);
        number.unwrap_or_default() as usize
    }

    /// Counts the stored invoice and usage responses. Returns 0 if the database is invalid.
    pub(crate) fn response_count(&self) -> usize {
        ENDPOINTS
            .iter()
            .map(|endpoint| self.response_count_for(endpoint))
            .sum()
    }

    /// Counts the stored responses of an endpoint.
    pub(crate) fn response_count_for(&self, endpoint: &str) -> usize {
        self.number(&format!(
            "SELECT count(*) FROM endpoint WHERE name = '{endpoint}'"
        ))
    }

    /// Configures an exporter to use this directory.
    pub(crate) fn configure(&self, builder: ExporterBuilder) -> ExporterBuilder {
        let path = self.path();
        builder.env("STORAGE_PATH", path.to_str().expect("the path is UTF-8"))
    }

    /// Returns a builder of an exporter that uses this directory and starts `hours` after noon of the
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

    /// Runs an exporter at noon until it has stored all responses, and returns its last scrape.
    pub(crate) async fn run_and_stop(
        &self,
        scenario: &Scenario,
        heroku: &Simulator,
    ) -> Option<Scrape> {
        let exporter = self.exporter_builder(scenario, heroku, 0)?.start().await;
        self.stop(scenario, exporter).await
    }

    /// Stops an exporter once its data and the database are complete, and returns its last scrape.
    pub(crate) async fn stop(&self, scenario: &Scenario, mut exporter: Exporter) -> Option<Scrape> {
        exporter.wait_for_scrape("the first polls", all_up).await;
        let scrape = Scrape::parse(&scenario.wait_for_data(&exporter).await);
        let expected = scenario.expected_counts.invoices + scenario.expected_counts.usage;
        wait_until("the complete database", || {
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

/// Opens a database for reading, if it is valid.
pub(crate) fn open(path: &Path) -> Option<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection
        .busy_timeout(std::time::Duration::from_secs(5))
        .ok()?;
    Some(connection)
}
