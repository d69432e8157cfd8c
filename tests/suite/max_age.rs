//! `--data.max-age`: figures that are too old vanish, what the program tells of itself stays, and they come back with Heroku.

use heroku_sim::{Endpoint, Fault, Times};

use crate::own_series::*;
use crate::scenario::{Arrivals, Scenario};
use crate::scrape::Scrape;

const NOTHING: Arrivals = Arrivals {
    invoices: 0,
    usage: 0,
};

/// Where Heroku hangs, nothing happens but that time goes by: the figures vanish although no poll has ended.
#[tokio::test(flavor = "multi_thread")]
async fn figures_vanish_with_their_age_and_come_back_with_heroku() {
    let scenario = Scenario::named("one_team");
    for outage in [Fault::Hang, Fault::Status(503)] {
        let heroku = scenario.heroku().await;
        let Some(start) = scenario.start(&heroku, &scenario.team_names()) else {
            return;
        };
        let start = start.arg("--poll.interval=1s").arg("--data.max-age=3s");
        // What hangs has to end for the next poll to begin.
        let exporter = start.arg("--heroku.timeout=8s").start().await;
        let known = Scrape::read(&scenario.arrived(&exporter).await);
        heroku.inject_fault(Endpoint::Any, outage, Times::Always);
        let vanished = exporter
            .scrape_once("their end", |scrape| Arrivals::of(scrape) == NOTHING)
            .await;
        assert_eq!(vanished.figures(), Scrape::default());
        assert_eq!(own_series(&vanished), own_series(&known));
        for endpoint in ENDPOINTS {
            assert!(of_endpoint(&vanished, LAST_POLL_SUCCESS, endpoint) > 0.0);
            assert!(of_endpoint(&vanished, DATA_CHANGED, endpoint) > 0.0);
        }
        assert_eq!(exporter.get("/-/ready").await.status, 200);
        heroku.clear_faults();
        let back = Scrape::read(&scenario.arrived(&exporter).await);
        assert_eq!(back.figures(), known.figures());
        // What comes back is what it was: nothing has changed.
        for endpoint in ENDPOINTS {
            let changed = [&back, &known].map(|s| of_endpoint(s, DATA_CHANGED, endpoint));
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
            Arrivals {
                invoices: 1,
                ..NOTHING
            },
        ),
        (
            Endpoint::Invoices,
            Arrivals {
                usage: 1,
                ..NOTHING
            },
        ),
    ] {
        let heroku = scenario.heroku().await;
        let Some(start) = scenario.start(&heroku, &scenario.team_names()) else {
            return;
        };
        let start = start.arg("--poll.interval=1s").arg("--data.max-age=5s");
        let exporter = start.start().await;
        scenario.arrived(&exporter).await;
        heroku.inject_fault(failing, Fault::Status(500), Times::Always);
        exporter
            .scrape_once("the other alone", |scrape| Arrivals::of(scrape) == standing)
            .await;
        heroku.clear_faults();
        scenario.arrived(&exporter).await;
    }
}
