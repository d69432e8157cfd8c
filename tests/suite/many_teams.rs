//! Many teams: hanging polls delay no other team, and the number of concurrent polls is limited.

use std::collections::BTreeSet;

use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};

use crate::exporter::wait_until;
use crate::recorded_requests::requests;
use crate::scenario::Scenario;
use crate::self_series::*;

/// The maximum number of concurrent polls.
const MAX_CONCURRENT_POLLS: usize = 100;

/// Returns a company with copies of the scenario's only team.
fn company(scenario: &Scenario, teams: usize) -> Company {
    let template = scenario.company().teams.remove(0);
    let teams = (0..teams).map(|number| {
        let mut team = template.clone();
        team.id = format!("0b5e0001-7a1c-4e2b-9d3f-{number:012}");
        team.name = format!("team-{number}");
        for row in &mut team.usage {
            row["id"] = team.id.clone().into();
            row["name"] = team.name.clone().into();
        }
        team
    });
    Company {
        teams: teams.collect(),
        ..Company::default()
    }
}

async fn start_simulator(scenario: &Scenario, company: Company) -> Simulator {
    let heroku = Simulator::builder(company, scenario.today);
    heroku.start().await.expect("loopback has a free port")
}

/// Fewer polls hang than may run concurrently, so the other teams are polled.
#[tokio::test(flavor = "multi_thread")]
async fn hanging_teams_delay_no_other_team() {
    let scenario = Scenario::named("one_team");
    let company = company(&scenario, 60);
    let ids: Vec<_> = company.teams.iter().map(|team| team.id.clone()).collect();
    let (hanging, healthy) = ids.split_at(45);
    let heroku = start_simulator(&scenario, company).await;
    for team in hanging {
        heroku.inject_fault_for(team, Endpoint::Any, Fault::Hang, Times::Always);
    }
    let Some(builder) = scenario.exporter_builder(&heroku, &ids.join(",")) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter
        .wait_for_scrape("the healthy teams", |scrape| {
            let up = scrape.series(UP).filter(|(_, up)| *up == "1");
            up.count() == 2 * healthy.len()
        })
        .await;
    // No hanging poll was aborted.
    let unfinished = scrape.series(POLLS).filter(|(_, polls)| *polls == "0");
    assert_eq!(unfinished.count(), 2 * hanging.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_polls_are_limited() {
    let scenario = Scenario::named("one_team");
    let company = company(&scenario, 60);
    let ids: Vec<_> = company.teams.iter().map(|team| team.id.clone()).collect();
    let heroku = start_simulator(&scenario, company).await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &ids.join(",")) else {
        return;
    };
    let exporter = builder.start().await;
    let polls = || -> BTreeSet<_> {
        let requests = [Endpoint::Invoices, Endpoint::Usage].map(|e| requests(&heroku, e));
        let requests = requests.into_iter().flatten();
        requests.map(|request| request.path).collect()
    };
    wait_until("the maximum number of polls", || {
        (polls().len() >= MAX_CONCURRENT_POLLS).then_some(())
    })
    .await;
    for _ in 0..30 {
        exporter.metrics().await;
    }
    // Another poll starts only after one has timed out and its result was recorded.
    let started = polls().len();
    let scrape = exporter.wait_for_scrape("a scrape", |_| true).await;
    let ended = scrape
        .series(POLLS)
        .filter(|(_, polls)| *polls != "0")
        .count();
    assert!(
        started <= MAX_CONCURRENT_POLLS + ended,
        "{started} polls started, {ended} ended"
    );
}
