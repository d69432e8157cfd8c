//! Many teams at once: those that hang delay no other, and no more polls are under way than the bound.

use std::collections::BTreeSet;

use heroku_sim::{Company, Endpoint, Fault, Simulator, Times};

use crate::exporter::wait_until;
use crate::recorded_requests::requests;
use crate::scenario::Scenario;
use crate::self_series::*;

/// How many polls may be under way at once.
const BOUND: usize = 100;

/// The company of a scenario's one team, many times.
fn crowd(scenario: &Scenario, teams: usize) -> Company {
    let one = scenario.company().teams.remove(0);
    let teams = (0..teams).map(|number| {
        let mut team = one.clone();
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

async fn heroku(scenario: &Scenario, company: Company) -> Simulator {
    let heroku = Simulator::builder(company, scenario.today);
    heroku.start().await.expect("loopback has a free port")
}

/// Forty-five of sixty teams hang: fewer polls than the bound, so that the others find room.
#[tokio::test(flavor = "multi_thread")]
async fn teams_that_hang_delay_no_other() {
    let scenario = Scenario::named("one_team");
    let company = crowd(&scenario, 60);
    let ids: Vec<_> = company.teams.iter().map(|team| team.id.clone()).collect();
    let (hanging, well) = ids.split_at(45);
    let heroku = heroku(&scenario, company).await;
    for team in hanging {
        heroku.inject_fault_for(team, Endpoint::Any, Fault::Hang, Times::Always);
    }
    let Some(builder) = scenario.exporter_builder(&heroku, &ids.join(",")) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter
        .wait_for_scrape("the others", |scrape| {
            let up = scrape.series(UP).filter(|(_, up)| *up == "1");
            up.count() == 2 * well.len()
        })
        .await;
    // Not one poll that hangs was given up for it.
    let polls = |(_, polls): &(_, &str)| *polls == "0";
    assert_eq!(
        scrape.series(POLLS).filter(polls).count(),
        2 * hanging.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_polls_are_under_way_than_the_bound() {
    let scenario = Scenario::named("one_team");
    let company = crowd(&scenario, 60);
    let ids: Vec<_> = company.teams.iter().map(|team| team.id.clone()).collect();
    let heroku = heroku(&scenario, company).await;
    heroku.inject_fault(Endpoint::Any, Fault::Hang, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &ids.join(",")) else {
        return;
    };
    let exporter = builder.start().await;
    let polls = || -> BTreeSet<_> {
        let polled = [Endpoint::Invoices, Endpoint::Usage].map(|e| requests(&heroku, e));
        let polled = polled.into_iter().flatten();
        polled.map(|request| request.path).collect()
    };
    wait_until("as many as there may be", || {
        (polls().len() >= BOUND).then_some(())
    })
    .await;
    for _ in 0..30 {
        exporter.metrics().await;
    }
    // The next comes only when one has timed out, and was then taken in.
    let under_way = polls().len();
    let scrape = exporter.wait_for_scrape("a scrape", |_| true).await;
    let ended = scrape
        .series(POLLS)
        .filter(|(_, polls)| *polls != "0")
        .count();
    assert!(
        under_way <= BOUND + ended,
        "{under_way} polls, {ended} ended"
    );
}
