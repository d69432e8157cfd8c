//! The simulated Heroku.

use std::time::{Duration, Instant};

use anyhow::ensure;
use heroku_sim::{Company, CompanySize, Endpoint, Simulator};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// The maximum time that [`Heroku::wait_for_polls`] waits.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The time between two checks of a condition.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// The time without requests after which the exporter is idle.
const IDLE_AFTER: Duration = Duration::from_secs(3);

/// Returns the current time of the exporter's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the exporter uses the system clock, and needs billing data of the current month"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

fn today() -> Date {
    Offset::UTC.to_datetime(now()).date()
}

/// Returns the size of a company of two teams with two months of usage.
pub(crate) fn two_teams(apps: u32) -> CompanySize {
    CompanySize {
        teams: 2,
        apps,
        months: 2,
    }
}

/// Returns a company. Each version has different figures.
pub(crate) fn company(size: CompanySize, version: u64) -> Company {
    Company::of_size(size, version, today())
}

/// A running simulator.
#[derive(Debug)]
pub(crate) struct Heroku<'a> {
    runtime: &'a tokio::runtime::Runtime,
    simulator: Simulator,
    /// The ids of all teams, separated by commas.
    pub(crate) team_ids: String,
    size: CompanySize,
}

impl<'a> Heroku<'a> {
    pub(crate) fn start(
        runtime: &'a tokio::runtime::Runtime,
        size: CompanySize,
    ) -> anyhow::Result<Self> {
        let company = company(size, 1);
        let team_ids: Vec<_> = company.teams.iter().map(|team| team.id.clone()).collect();
        let builder = Simulator::builder(company, today()).rate_limit(u32::MAX);
        Ok(Self {
            runtime,
            simulator: runtime.block_on(builder.start())?,
            team_ids: team_ids.join(","),
            size,
        })
    }

    pub(crate) fn url(&self) -> String {
        self.simulator.url()
    }

    pub(crate) fn token(&self) -> &str {
        self.simulator.token()
    }

    /// Replaces the figures by those of another version.
    pub(crate) fn set_version(&self, version: u64) {
        let company = company(self.size, version);
        self.simulator.set_company(company);
    }

    /// Waits until the simulator has sent the responses of `polls` polls since the start.
    ///
    /// A poll has two requests for each team: usage and invoices.
    pub(crate) fn wait_for_polls(&self, polls: usize) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.responses() < polls * 2 * self.size.teams as usize {
            ensure!(started.elapsed() < TIMEOUT, "the exporter stopped polling");
            std::thread::sleep(CHECK_INTERVAL);
        }
        Ok(())
    }

    /// Returns the number of bytes in all response bodies since the start, uncompressed.
    pub(crate) fn body_bytes(&self) -> usize {
        let requests = self.simulator.requests();
        requests.iter().map(|request| request.body_length).sum()
    }

    /// Returns the number of responses with billing data.
    fn responses(&self) -> usize {
        let requests = self.simulator.requests();
        let billing = requests.iter().filter(|request| {
            request.status.is_some()
                && matches!(request.endpoint, Some(Endpoint::Invoices | Endpoint::Usage))
        });
        billing.count()
    }

    /// Waits until the exporter has fetched the metadata that it exposes. It sends these requests
    /// slowly, after the first poll.
    pub(crate) fn wait_until_idle(&self) {
        let mut last_request = (Instant::now(), 0);
        while last_request.0.elapsed() < IDLE_AFTER {
            let count = self.simulator.requests().len();
            if count != last_request.1 {
                last_request = (Instant::now(), count);
            }
            std::thread::sleep(CHECK_INTERVAL);
        }
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.simulator.shutdown());
    }
}
