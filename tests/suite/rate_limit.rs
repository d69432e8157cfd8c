//! The floor under the account's rate limit: below it polling pauses and leaves what there is to others.

use heroku_sim::{Endpoint, Simulator};

use crate::asked::requests;
use crate::exporter::{Exporter, until};
use crate::logged;
use crate::own_series::*;
use crate::scenario::Scenario;

/// What the log says of a pause.
const PAUSES: [&str; 2] = ["level=warn", "rate limit low, pausing polls"];

/// The program against a Heroku that has so many requests left and gives no more, polling as often as the rate limit bears.
async fn with_requests_left(left: u32, floor: &str) -> Option<(Simulator, Exporter)> {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.builder().rate_limit(left).start().await;
    let heroku = heroku.expect("loopback has a free port");
    let start = scenario.start(&heroku, &scenario.team_ids())?;
    let start = start.arg("--poll.interval=1s");
    let floor = format!("--heroku.rate-limit-floor={floor}");
    let exporter = start.arg(&floor).start().await;
    scenario.arrived(&exporter).await;
    Some((heroku, exporter))
}

/// An hour's worth of requests is missing, so that none is sent while this looks.
#[tokio::test(flavor = "multi_thread")]
async fn polling_pauses_below_the_floor_and_says_so_once() {
    let Some((heroku, exporter)) = with_requests_left(50, "4500").await else {
        return;
    };
    logged::says(&exporter, &PAUSES).await;
    let asked = heroku.requests().len();
    assert_eq!(asked, 2, "the two that were under way");
    for _ in 0..100 {
        let scrape = exporter.scrape_once("a scrape", all_up).await;
        // As one of the two answers had it, whichever was read last.
        let left = value(&scrape, RATE_LIMIT, &[]);
        assert!(left == 48.0 || left == 49.0, "{left}");
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
    assert_eq!(heroku.requests().len(), asked);
    assert_eq!(logged::lines(&exporter, &PAUSES).len(), 1);
}

/// The pause is as long as what is missing takes to come back. Where it does not, the next is not news.
#[tokio::test(flavor = "multi_thread")]
async fn polling_goes_on_after_the_pause() {
    let Some((heroku, exporter)) = with_requests_left(60, "61").await else {
        return;
    };
    until("two rounds after the pause", || {
        (requests(&heroku, Endpoint::Usage).len() >= 3).then_some(())
    })
    .await;
    assert_eq!(logged::lines(&exporter, &PAUSES).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_does_not_pause_where_nothing_is_left_to_others() {
    let Some((heroku, exporter)) = with_requests_left(50, "0").await else {
        return;
    };
    until("more polls", || {
        (requests(&heroku, Endpoint::Usage).len() >= 5).then_some(())
    })
    .await;
    assert_eq!(logged::lines(&exporter, &PAUSES).len(), 0);
}

/// By default a hundred are left to others.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_are_left_to_others() {
    let scenario = Scenario::named("one_team");
    for (left, pauses) in [(110, false), (100, true)] {
        let heroku = scenario.builder().rate_limit(left).start().await;
        let heroku = heroku.expect("loopback has a free port");
        let Some(start) = scenario.start(&heroku, &scenario.team_ids()) else {
            return;
        };
        let exporter = start.start().await;
        exporter.scrape_once("both answers", all_up).await;
        if pauses {
            logged::says(&exporter, &PAUSES).await;
        } else {
            assert_eq!(logged::lines(&exporter, &PAUSES).len(), 0);
        }
    }
}
