//! The rate-limit floor: below it polls pause and leave the remaining requests to other clients.

use heroku_sim::{Endpoint, Simulator};

use crate::exporter::{Exporter, wait_until};
use crate::exporter_log;
use crate::recorded_requests::requests;
use crate::scenario::Scenario;
use crate::self_series::*;

/// The log line of a pause.
const PAUSE: [&str; 2] = ["level=warn", "rate limit low, pausing polls"];

/// Starts an exporter that polls every second, with a rate limit that has `remaining` requests and
/// does not refill.
async fn start_exporter(remaining: u32) -> Option<(Simulator, Exporter)> {
    let scenario = Scenario::named("one_team");
    let heroku = scenario
        .simulator_builder()
        .rate_limit(remaining)
        .start()
        .await;
    let heroku = heroku.expect("loopback has a free port");
    let builder = scenario.exporter_builder(&heroku, &scenario.team_ids())?;
    let builder = builder.arg("--poll.interval=1s");
    let exporter = builder.start().await;
    scenario.wait_for_data(&exporter).await;
    Some((heroku, exporter))
}

/// Refilling to the floor takes more than a minute, longer than this test.
#[tokio::test(flavor = "multi_thread")]
async fn polls_pause_below_the_floor_and_log_once() {
    let Some((heroku, exporter)) = start_exporter(10).await else {
        return;
    };
    exporter_log::wait_for_line(&exporter, &PAUSE).await;
    let requests = heroku.requests().len();
    assert_eq!(requests, 2, "the requests in flight");
    for _ in 0..100 {
        let scrape = exporter.wait_for_scrape("a scrape", all_up).await;
        // The value of either response, whichever was read last.
        let remaining = value(&scrape, RATE_LIMIT, &[]);
        assert!(remaining == 8.0 || remaining == 9.0, "{remaining}");
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
    assert_eq!(heroku.requests().len(), requests);
    assert_eq!(exporter_log::lines(&exporter, &PAUSE).len(), 1);
}

/// The pause ends when the limit should have refilled. It has not, so polls pause again, which is
/// not logged.
#[tokio::test(flavor = "multi_thread")]
async fn polls_resume_after_the_pause() {
    let Some((heroku, exporter)) = start_exporter(100).await else {
        return;
    };
    wait_until("polls after the pause", || {
        (requests(&heroku, Endpoint::Usage).len() >= 3).then_some(())
    })
    .await;
    assert_eq!(exporter_log::lines(&exporter, &PAUSE).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn floor_is_a_hundred_requests() {
    let scenario = Scenario::named("one_team");
    for (remaining, pauses) in [(110, false), (100, true)] {
        let heroku = scenario
            .simulator_builder()
            .rate_limit(remaining)
            .start()
            .await;
        let heroku = heroku.expect("loopback has a free port");
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
            return;
        };
        let exporter = builder.start().await;
        exporter.wait_for_scrape("both responses", all_up).await;
        if pauses {
            exporter_log::wait_for_line(&exporter, &PAUSE).await;
        } else {
            assert_eq!(exporter_log::lines(&exporter, &PAUSE).len(), 0);
        }
    }
}
