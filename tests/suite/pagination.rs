//! Paginated lists: all pages are fetched, a failed page fails the list, and loops are errors.

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

fn period_ends(scrape: &Scrape) -> [Vec<String>; 2] {
    ["current", "previous"].map(|period| {
        let name = format!("heroku_invoice_{period}_total_usd");
        scrape
            .label_values(&name, "period_end")
            .into_iter()
            .collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_latest_invoices_on_any_page() {
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
    assert_eq!(period_ends(&scrape), [["11/28/2026"], ["10/28/2026"]]);

    // Seven invoices with two on a page: three pages with Next-Range, and the last page.
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
async fn failed_page_fails_the_list() {
    let scenario = Scenario::named("paged_invoices");
    let heroku = scenario
        .simulator_builder()
        .start()
        .await
        .expect("loopback has a free port");
    // The first page succeeds, the second fails.
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
    wait_until("the failed page", || {
        (invoice_requests(&heroku).get(1)?.status == Some(503)).then_some(())
    })
    .await;
    let scrape = exporter
        .wait_for_scrape("invoices", |scrape| {
            TeamCounts::from_scrape(scrape).invoices > 0
        })
        .await;
    assert_eq!(period_ends(&scrape), [["11/28/2026"], ["10/28/2026"]]);
    assert_eq!(
        invoice_requests(&heroku)[2].header("range"),
        None,
        "the retry starts at the first page"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_range_is_malformed() {
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
    assert!(requests < 20, "{requests} requests");
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
