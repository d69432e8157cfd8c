//! Named test companies, each with its current date, and exporters that poll them.

use heroku_sim::{Builder, Company, Endpoint, Fault, Simulator, Times};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::Offset;

use crate::exporter::{Exporter, ExporterBuilder};
use crate::scrape::Scrape;

/// A company, the current date, and the data that the exporter is expected to expose.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    company: &'static str,
    pub(crate) today: Date,
    /// The data is complete once the exposition has this many teams.
    pub(crate) expected_counts: TeamCounts,
    /// The maximum number of items in a page of a list.
    page_size: Option<usize>,
    fault: Option<Endpoint>,
}

/// The number of teams with invoices and with usage in an exposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TeamCounts {
    pub(crate) invoices: usize,
    pub(crate) usage: usize,
}

const TODAY: Date = date(2026, 11, 23);

/// One team with one of everything.
const ONE_TEAM: Scenario = Scenario {
    name: "one_team",
    company: include_str!("scenarios/one_team.json"),
    today: TODAY,
    expected_counts: TeamCounts {
        invoices: 1,
        usage: 1,
    },
    page_size: None,
    fault: None,
};

/// All scenarios. Each has a golden file.
pub(crate) const ALL: [Scenario; 9] = [
    ONE_TEAM,
    Scenario {
        name: "several_teams",
        company: include_str!("scenarios/several_teams.json"),
        expected_counts: TeamCounts {
            invoices: 3,
            usage: 3,
        },
        ..ONE_TEAM
    },
    Scenario {
        name: "hostile_names",
        company: include_str!("scenarios/hostile_names.json"),
        ..ONE_TEAM
    },
    Scenario {
        name: "month_first_day",
        company: include_str!("scenarios/month_first_day.json"),
        today: date(2026, 12, 1),
        ..ONE_TEAM
    },
    Scenario {
        name: "paged_invoices",
        company: include_str!("scenarios/paged_invoices.json"),
        page_size: Some(2),
        ..ONE_TEAM
    },
    Scenario {
        name: "nulls_and_missing_fields",
        company: include_str!("scenarios/nulls_and_missing_fields.json"),
        ..ONE_TEAM
    },
    Scenario {
        name: "usage_unavailable",
        fault: Some(Endpoint::Usage),
        expected_counts: TeamCounts {
            invoices: 1,
            usage: 0,
        },
        ..ONE_TEAM
    },
    Scenario {
        name: "invoices_unavailable",
        fault: Some(Endpoint::Invoices),
        expected_counts: TeamCounts {
            invoices: 0,
            usage: 1,
        },
        ..ONE_TEAM
    },
    Scenario {
        name: "mixed_date_formats",
        company: include_str!("scenarios/mixed_date_formats.json"),
        ..ONE_TEAM
    },
];

impl Scenario {
    /// Returns the scenario with this name. Panics if there is none.
    pub(crate) fn named(name: &str) -> Self {
        let found = ALL.into_iter().find(|scenario| scenario.name == name);
        found.unwrap_or_else(|| panic!("no scenario is named {name}"))
    }

    pub(crate) fn company(&self) -> Company {
        Company::from_json(self.company).expect("the scenario is a valid company")
    }

    /// Returns the team ids as a comma-separated setting.
    pub(crate) fn team_ids(&self) -> String {
        let ids: Vec<_> = self
            .company()
            .teams
            .into_iter()
            .map(|team| team.id)
            .collect();
        ids.join(",")
    }

    /// Returns the team names as a comma-separated setting.
    pub(crate) fn team_names(&self) -> String {
        let names: Vec<_> = self
            .company()
            .teams
            .into_iter()
            .map(|team| team.name)
            .collect();
        names.join(",")
    }

    /// Returns a builder of the scenario's simulated Heroku.
    pub(crate) fn simulator_builder(&self) -> Builder {
        let builder = Simulator::builder(self.company(), self.today);
        match self.page_size {
            Some(items) => builder.page_size(items),
            None => builder,
        }
    }

    /// Starts the scenario's simulated Heroku.
    pub(crate) async fn start_simulator(&self) -> Simulator {
        let heroku = self
            .simulator_builder()
            .start()
            .await
            .expect("loopback has a free port");
        if let Some(endpoint) = self.fault {
            heroku.inject_fault(endpoint, Fault::Status(503), Times::Always);
        }
        heroku
    }

    /// Returns a builder of an exporter that polls `teams` at noon of the scenario's day. Returns
    /// `None` without faketime, because the scenario has data for its own months only.
    pub(crate) fn exporter_builder(
        &self,
        heroku: &Simulator,
        teams: &str,
    ) -> Option<ExporterBuilder> {
        let library = crate::external_tools::faketime_library()?;
        Some(ExporterBuilder::for_heroku(heroku, teams).with_clock_at(noon(self.today), library))
    }

    /// Starts the simulated Heroku and an exporter, and waits until the data is complete.
    pub(crate) async fn start_exporter(&self) -> Option<(Simulator, Exporter)> {
        let heroku = self.start_simulator().await;
        let exporter = self
            .exporter_builder(&heroku, &self.team_ids())?
            .start()
            .await;
        self.wait_for_data(&exporter).await;
        Some((heroku, exporter))
    }

    /// Waits until the data is complete and returns the text of the scrape.
    pub(crate) async fn wait_for_data(&self, exporter: &Exporter) -> String {
        let is_complete = |scrape: &Scrape| TeamCounts::from_scrape(scrape) == self.expected_counts;
        exporter.wait_for_exposition(self.name, is_complete).await
    }
}

impl TeamCounts {
    /// Counts the teams in a scrape. A team has invoices if it has a current invoice, and usage if
    /// it has usage of any month.
    pub(crate) fn from_scrape(scrape: &Scrape) -> Self {
        let months = [
            "heroku_team_usage_current_usd",
            "heroku_team_usage_previous_usd",
        ];
        let teams = months.map(|name| scrape.label_values(name, "team_name"));
        Self {
            invoices: scrape
                .series("heroku_invoice_current_charges_total_usd")
                .count(),
            usage: teams[0].union(&teams[1]).count(),
        }
    }
}

/// Noon of a day in UTC.
pub(crate) fn noon(day: Date) -> Timestamp {
    let noon = Offset::UTC.to_timestamp(day.at(12, 0, 0, 0));
    noon.expect("the day is in the range of a timestamp")
}
