//! Lists that come in pages: all of them are read, and a list that never ends is a failure and not a loop.

use heroku_sim::{Endpoint, Fault, LoggedRequest, Simulator, Times};

use crate::exporter::wait_until;
use crate::scenario::{Scenario, TeamCounts};
use crate::scrape::Scrape;

fn invoice_requests(heroku: &Simulator) -> Vec<LoggedRequest> {
    let requests = heroku.requests().into_iter();
    requests
        .filter(|request| request.endpoint == Some(Endpoint::Invoices))
        .collect()
}

fn periods(scrape: &Scrape) -> [Vec<String>; 2] {
    ["current", "previous"].map(|which| {
        let name = format!("heroku_invoice_{which}_total_usd");
        scrape
            .label_values(&name, "period_end")
            .into_iter()
            .collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_invoices_by_date_are_found_on_whatever_page_they_stand() {
    let scenario = Scenario::named("paged_invoices");
    let heroku = scenario.start_simulator().await;
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    let scrape = exporter
        .wait_for_scrape("invoices", |scrape| {
            TeamCounts::from_scrape(scrape).invoices == 1
        })
        .await;
    assert_eq!(periods(&scrape), [["11/28/2026"], ["10/28/2026"]]);

    // Seven invoices, two on a page: three pages that name a next one, and the last.
    let requests = invoice_requests(&heroku);
    let statuses: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(206), Some(206), Some(206), Some(200)]);
    let ranges: Vec<_> = requests
        .iter()
        .map(|request| request.header("range"))
        .collect();
    assert_eq!(ranges[0], None);
    assert!(ranges[1..].iter().all(Option::is_some), "{ranges:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_fails_the_list_and_not_half_a_list_is_shown() {
    let scenario = Scenario::named("paged_invoices");
    let heroku = scenario
        .simulator_builder()
        .start()
        .await
        .expect("loopback has a free port");
    // The first page is well, the second is not.
    heroku.inject_fault(
        Endpoint::Invoices,
        Fault::Delay(std::time::Duration::ZERO),
        Times::Once,
    );
    heroku.inject_fault(Endpoint::Invoices, Fault::Status(503), Times::Once);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    wait_until("the page that fails", || {
        (invoice_requests(&heroku).get(1)?.status == Some(503)).then_some(())
    })
    .await;
    let scrape = exporter
        .wait_for_scrape("invoices", |scrape| {
            TeamCounts::from_scrape(scrape).invoices > 0
        })
        .await;
    assert_eq!(periods(&scrape), [["11/28/2026"], ["10/28/2026"]]);
    assert_eq!(
        invoice_requests(&heroku)[2].header("range"),
        None,
        "it begins anew"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_loops_is_a_failure_and_recovers() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(Endpoint::Invoices, Fault::RangeLoop, Times::Always);
    let Some(builder) = scenario.exporter_builder(&heroku, &scenario.team_ids()) else {
        return;
    };
    let exporter = builder.start().await;
    wait_until("the failure", || {
        let log = exporter.log();
        log.lines()
            .any(|line| line.contains("endpoint=invoices") && line.contains("reason=malformed"))
            .then_some(())
    })
    .await;
    let requests = invoice_requests(&heroku).len();
    assert!(requests < 20, "{requests} requests, which is a loop");
    let only_usage = |scrape: &Scrape| {
        TeamCounts::from_scrape(scrape)
            == TeamCounts {
                invoices: 0,
                usage: 1,
            }
    };
    exporter.wait_for_scrape("usage", only_usage).await;

    heroku.clear_faults();
    exporter
        .wait_for_scrape("invoices", |scrape| {
            TeamCounts::from_scrape(scrape).invoices == 1
        })
        .await;
}
