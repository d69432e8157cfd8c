//! The floor under the account's rate limit: below it polling pauses and leaves what there is to others.

use heroku_sim::{Endpoint, Simulator};

use crate::exporter::{Exporter, wait_until};
use crate::exporter_log;
use crate::recorded_requests::requests;
use crate::scenario::Scenario;
use crate::self_series::*;

/// What the log says of a pause.
const PAUSES: [&str; 2] = ["level=warn", "rate limit low, pausing polls"];

/// The program against a Heroku that has so many requests left and gives no more, polling as often as the rate limit bears.
async fn with_requests_left(left: u32) -> Option<(Simulator, Exporter)> {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.simulator_builder().rate_limit(left).start().await;
    let heroku = heroku.expect("loopback has a free port");
    let builder = scenario.exporter_builder(&heroku, &scenario.team_ids())?;
    let builder = builder.arg("--poll.interval=1s");
    let exporter = builder.start().await;
    scenario.wait_for_data(&exporter).await;
    Some((heroku, exporter))
}

/// More than a minute's worth of requests is missing, so that none is sent while this looks.
#[tokio::test(flavor = "multi_thread")]
async fn polling_pauses_below_the_floor_and_says_so_once() {
    let Some((heroku, exporter)) = with_requests_left(10).await else {
        return;
    };
    exporter_log::wait_for_line(&exporter, &PAUSES).await;
    let asked = heroku.requests().len();
    assert_eq!(asked, 2, "the two that were under way");
    for _ in 0..100 {
        let scrape = exporter.wait_for_scrape("a scrape", all_up).await;
        // As one of the two answers had it, whichever was read last.
        let left = value(&scrape, RATE_LIMIT, &[]);
        assert!(left == 8.0 || left == 9.0, "{left}");
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
    assert_eq!(heroku.requests().len(), asked);
    assert_eq!(exporter_log::lines(&exporter, &PAUSES).len(), 1);
}

/// The pause is as long as what is missing takes to come back. Where it does not, the next is not news.
#[tokio::test(flavor = "multi_thread")]
async fn polling_goes_on_after_the_pause() {
    let Some((heroku, exporter)) = with_requests_left(100).await else {
        return;
    };
    wait_until("two rounds after the pause", || {
        (requests(&heroku, Endpoint::Usage).len() >= 3).then_some(())
    })
    .await;
    assert_eq!(exporter_log::lines(&exporter, &PAUSES).len(), 1);
}

/// A hundred are left to others.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_are_left_to_others() {
    let scenario = Scenario::named("one_team");
    for (left, pauses) in [(110, false), (100, true)] {
        let heroku = scenario.simulator_builder().rate_limit(left).start().await;
        let heroku = heroku.expect("loopback has a free port");
        let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
            return;
        };
        let exporter = builder.start().await;
        exporter.wait_for_scrape("both answers", all_up).await;
        if pauses {
            exporter_log::wait_for_line(&exporter, &PAUSES).await;
        } else {
            assert_eq!(exporter_log::lines(&exporter, &PAUSES).len(), 0);
        }
    }
}
