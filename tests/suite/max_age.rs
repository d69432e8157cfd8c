//! `--data.max-age`: figures that are too old vanish, what the program tells of itself stays, and they come back with Heroku.

use heroku_sim::{Endpoint, Fault, Times};

use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::*;

const NOTHING: TeamCounts = TeamCounts {
    invoices: 0,
    usage: 0,
};

/// Where Heroku hangs, nothing happens but that time goes by: the figures vanish although no poll has ended.
#[tokio::test(flavor = "multi_thread")]
async fn figures_vanish_with_their_age_and_come_back_with_heroku() {
    let scenario = Scenario::named("one_team");
    for outage in [Fault::Hang, Fault::Status(503)] {
        let heroku = scenario.start_simulator().await;
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
            return;
        };
        let builder = builder.arg("--poll.interval=1s").arg("--data.max-age=3s");
        // What hangs has to end for the next poll to begin.
        let exporter = builder.arg("--heroku.timeout=8s").start().await;
        let known = Scrape::parse(&scenario.wait_for_data(&exporter).await);
        heroku.inject_fault(Endpoint::Any, outage, Times::Always);
        let vanished = exporter
            .wait_for_scrape("their end", |scrape| {
                TeamCounts::from_scrape(scrape) == NOTHING
            })
            .await;
        assert_eq!(vanished.billing_metrics(), Scrape::default());
        assert_eq!(self_series(&vanished), self_series(&known));
        for endpoint in ENDPOINTS {
            assert!(endpoint_value(&vanished, LAST_POLL_SUCCESS, endpoint) > 0.0);
            assert!(endpoint_value(&vanished, DATA_CHANGED, endpoint) > 0.0);
        }
        assert_eq!(exporter.get("/-/ready").await.status, 200);
        heroku.clear_faults();
        let back = Scrape::parse(&scenario.wait_for_data(&exporter).await);
        assert_eq!(back.billing_metrics(), known.billing_metrics());
        // What comes back is what it was: nothing has changed.
        for endpoint in ENDPOINTS {
            let changed = [&back, &known].map(|s| endpoint_value(s, DATA_CHANGED, endpoint));
            assert_eq!(changed[0], changed[1]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_endpoint_has_its_own_age() {
    let scenario = Scenario::named("one_team");
    for (failing, standing) in [
        (
            Endpoint::Usage,
            TeamCounts {
                invoices: 1,
                ..NOTHING
            },
        ),
        (
            Endpoint::Invoices,
            TeamCounts {
                usage: 1,
                ..NOTHING
            },
        ),
    ] {
        let heroku = scenario.start_simulator().await;
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
            return;
        };
        let builder = builder.arg("--poll.interval=1s").arg("--data.max-age=5s");
        let exporter = builder.start().await;
        scenario.wait_for_data(&exporter).await;
        heroku.inject_fault(failing, Fault::Status(500), Times::Always);
        exporter
            .wait_for_scrape("the other alone", |scrape| {
                TeamCounts::from_scrape(scrape) == standing
            })
            .await;
        heroku.clear_faults();
        scenario.wait_for_data(&exporter).await;
    }
}
