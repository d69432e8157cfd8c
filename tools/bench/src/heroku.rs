//! The simulated Heroku.

use std::time::{Duration, Instant};

use anyhow::ensure;
use heroku_sim::{Company, Endpoint, Simulator};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// The number of teams.
const TEAMS: u32 = 2;

/// The number of requests for billing data in a poll: usage and invoices of each team.
const REQUESTS_PER_POLL: usize = 2 * TEAMS as usize;

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

/// Returns a company with `apps` apps. Each version has different figures.
pub(crate) fn company(apps: u32, version: u64) -> Company {
    Company::of_size(TEAMS, apps, version, today())
}

/// A running simulator.
#[derive(Debug)]
pub(crate) struct Heroku<'a> {
    runtime: &'a tokio::runtime::Runtime,
    simulator: Simulator,
    /// The ids of all teams, separated by commas.
    pub(crate) team_ids: String,
    apps: u32,
}

impl<'a> Heroku<'a> {
    pub(crate) fn start(runtime: &'a tokio::runtime::Runtime, apps: u32) -> anyhow::Result<Self> {
        let company = company(apps, 1);
        let team_ids: Vec<_> = company.teams.iter().map(|team| team.id.clone()).collect();
        let builder = Simulator::builder(company, today()).rate_limit(u32::MAX);
        Ok(Self {
            runtime,
            simulator: runtime.block_on(builder.start())?,
            team_ids: team_ids.join(","),
            apps,
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
        let company = company(self.apps, version);
        self.simulator.set_company(company);
    }

    /// Waits until the simulator has sent the responses of `polls` polls since the start.
    pub(crate) fn wait_for_polls(&self, polls: usize) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.responses() < polls * REQUESTS_PER_POLL {
            ensure!(started.elapsed() < TIMEOUT, "the exporter stopped polling");
            std::thread::sleep(CHECK_INTERVAL);
        }
        Ok(())
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
