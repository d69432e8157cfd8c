//! Named companies, the day that it is for each, and the binary run against them.

use heroku_sim::{Builder, Company, Endpoint, Fault, Simulator, Times};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::Offset;

use crate::exporter::{Exporter, Start};
use crate::scrape::Scrape;

/// A company on a day, and what of it reaches the exposition.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    company: &'static str,
    pub(crate) today: Date,
    /// The teams that give invoices, and those that give usage: when they have, all is there.
    pub(crate) arrivals: Arrivals,
    /// Elements that a page of a list has at most.
    page_size: Option<usize>,
    fault: Option<Endpoint>,
}

/// How many teams' answers an exposition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrivals {
    pub(crate) invoices: usize,
    pub(crate) usage: usize,
}

const TODAY: Date = date(2026, 11, 23);

/// One of everything, from one team.
const PLAIN: Scenario = Scenario {
    name: "one_team",
    company: include_str!("scenarios/one_team.json"),
    today: TODAY,
    arrivals: Arrivals {
        invoices: 1,
        usage: 1,
    },
    page_size: None,
    fault: None,
};

/// Every scenario, each a golden scrape.
pub(crate) const ALL: [Scenario; 9] = [
    PLAIN,
    Scenario {
        name: "several_teams",
        company: include_str!("scenarios/several_teams.json"),
        arrivals: Arrivals {
            invoices: 3,
            usage: 3,
        },
        ..PLAIN
    },
    Scenario {
        name: "hostile_names",
        company: include_str!("scenarios/hostile_names.json"),
        ..PLAIN
    },
    Scenario {
        name: "month_first_day",
        company: include_str!("scenarios/month_first_day.json"),
        today: date(2026, 12, 1),
        ..PLAIN
    },
    Scenario {
        name: "paged_invoices",
        company: include_str!("scenarios/paged_invoices.json"),
        page_size: Some(2),
        ..PLAIN
    },
    Scenario {
        name: "nulls_and_missing_fields",
        company: include_str!("scenarios/nulls_and_missing_fields.json"),
        ..PLAIN
    },
    Scenario {
        name: "usage_down_invoices_stand",
        fault: Some(Endpoint::Usage),
        arrivals: Arrivals {
            invoices: 1,
            usage: 0,
        },
        ..PLAIN
    },
    Scenario {
        name: "invoices_down_usage_stands",
        fault: Some(Endpoint::Invoices),
        arrivals: Arrivals {
            invoices: 0,
            usage: 1,
        },
        ..PLAIN
    },
    Scenario {
        name: "mixed_date_forms",
        company: include_str!("scenarios/mixed_date_forms.json"),
        ..PLAIN
    },
];

impl Scenario {
    /// The scenario of this name.
    pub(crate) fn named(name: &str) -> Self {
        let found = ALL.into_iter().find(|scenario| scenario.name == name);
        found.unwrap_or_else(|| panic!("no scenario is called {name}"))
    }

    pub(crate) fn company(&self) -> Company {
        Company::from_json(self.company).expect("a scenario is a company")
    }

    /// The teams' ids as a setting lists them.
    pub(crate) fn team_ids(&self) -> String {
        let ids: Vec<_> = self
            .company()
            .teams
            .into_iter()
            .map(|team| team.id)
            .collect();
        ids.join(",")
    }

    /// The teams' names as a setting lists them.
    pub(crate) fn team_names(&self) -> String {
        let names: Vec<_> = self
            .company()
            .teams
            .into_iter()
            .map(|team| team.name)
            .collect();
        names.join(",")
    }

    /// A simulator of the scenario, to be built on.
    pub(crate) fn builder(&self) -> Builder {
        let builder = Simulator::builder(self.company(), self.today);
        match self.page_size {
            Some(elements) => builder.page_size(elements),
            None => builder,
        }
    }

    /// The simulator of the scenario.
    pub(crate) async fn heroku(&self) -> Simulator {
        let heroku = self
            .builder()
            .start()
            .await
            .expect("loopback has a free port");
        if let Some(endpoint) = self.fault {
            heroku.inject_fault(endpoint, Fault::Status(503), Times::Always);
        }
        heroku
    }

    /// The program at noon of the scenario's day, against `heroku` and for `teams`; `None` where the day cannot be set.
    ///
    /// A scenario's figures are of its own months, so there is little to see of it on another day.
    pub(crate) fn start(&self, heroku: &Simulator, teams: &str) -> Option<Start> {
        let library = crate::tools::fake_clock_library()?;
        Some(Start::against(heroku, teams).at(noon(self.today), library))
    }

    /// The program against the scenario's own simulator, all that will come having come.
    pub(crate) async fn played(&self) -> Option<(Simulator, Exporter)> {
        let heroku = self.heroku().await;
        let exporter = self.start(&heroku, &self.team_ids())?.start().await;
        self.arrived(&exporter).await;
        Some((heroku, exporter))
    }

    /// Waits until all that will come has come, and gives the scrape's text.
    pub(crate) async fn arrived(&self, exporter: &Exporter) -> String {
        let found = |scrape: &Scrape| Arrivals::of(scrape) == self.arrivals;
        exporter.text_once(self.name, found).await
    }
}

impl Arrivals {
    /// What a scrape holds. A team's invoices are told by the charges of its current one, its usage by any month.
    pub(crate) fn of(scrape: &Scrape) -> Self {
        let months = [
            "heroku_team_usage_current_usd",
            "heroku_team_usage_previous_usd",
        ];
        let teams = months.map(|name| scrape.label_values(name, "team_name"));
        Self {
            invoices: scrape
                .of("heroku_invoice_current_charges_total_usd")
                .count(),
            usage: teams[0].union(&teams[1]).count(),
        }
    }
}

/// Noon of a day, UTC.
pub(crate) fn noon(day: Date) -> Timestamp {
    let noon = Offset::UTC.to_timestamp(day.at(12, 0, 0, 0));
    noon.expect("a day that a timestamp can tell")
}
