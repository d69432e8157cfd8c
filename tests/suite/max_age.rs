//! `--data.max-age`: expired data disappears from the metrics until Heroku is available again.

use heroku_sim::{Endpoint, Fault, Times};

use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;
use crate::self_series::*;

const NO_TEAMS: TeamCounts = TeamCounts {
    invoices: 0,
    usage: 0,
};

/// If Heroku hangs, the data expires although no poll has ended.
#[tokio::test(flavor = "multi_thread")]
async fn expired_data_disappears_and_returns_with_next_success() {
    let scenario = Scenario::named("one_team");
    for outage in [Fault::Hang, Fault::Status(503)] {
        let heroku = scenario.start_simulator().await;
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_names()) else {
            return;
        };
        let builder = builder.arg("--poll.interval=1s").arg("--data.max-age=3s");
        // A hanging poll must time out before the next one starts.
        let exporter = builder.arg("--heroku.timeout=8s").start().await;
        let known = Scrape::parse(&scenario.wait_for_data(&exporter).await);
        heroku.inject_fault(Endpoint::Any, outage, Times::Always);
        let expired = exporter
            .wait_for_scrape("expired data", |scrape| {
                TeamCounts::from_scrape(scrape) == NO_TEAMS
            })
            .await;
        assert_eq!(expired.billing_metrics(), Scrape::default());
        assert_eq!(self_series(&expired), self_series(&known));
        for endpoint in ENDPOINTS {
            assert!(endpoint_value(&expired, LAST_POLL_SUCCESS, endpoint) > 0.0);
            assert!(endpoint_value(&expired, DATA_CHANGED, endpoint) > 0.0);
        }
        assert_eq!(exporter.get("/-/ready").await.status, 200);
        heroku.clear_faults();
        let recovered = Scrape::parse(&scenario.wait_for_data(&exporter).await);
        assert_eq!(recovered.billing_metrics(), known.billing_metrics());
        // The data is the same as before, so it has not changed.
        for endpoint in ENDPOINTS {
            let changed = [&recovered, &known].map(|s| endpoint_value(s, DATA_CHANGED, endpoint));
            assert_eq!(changed[0], changed[1]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_expire_separately() {
    let scenario = Scenario::named("one_team");
    for (failing, remaining) in [
        (
            Endpoint::Usage,
            TeamCounts {
                invoices: 1,
                ..NO_TEAMS
            },
        ),
        (
            Endpoint::Invoices,
            TeamCounts {
                usage: 1,
                ..NO_TEAMS
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
            .wait_for_scrape("only the other endpoint", |scrape| {
                TeamCounts::from_scrape(scrape) == remaining
            })
            .await;
        heroku.clear_faults();
        scenario.wait_for_data(&exporter).await;
    }
}
