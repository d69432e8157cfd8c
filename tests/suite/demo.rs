//! The demo: the same on every run for a seed and a date, another for another, and it says what to open.

use crate::exporter::{Exporter, ExporterBuilder};
use crate::external_parsers;
use crate::scenario::TeamCounts;
use crate::scrape::Scrape;

/// The demo of a seed and a day, all three teams' figures having come.
async fn demo(seed: &str, day: &str) -> (Exporter, String) {
    let arguments = ["demo", "--seed", seed, "--date", day];
    let exporter = ExporterBuilder::new(&arguments).start().await;
    let all = TeamCounts {
        invoices: 3,
        usage: 3,
    };
    let text = exporter
        .wait_for_exposition("three teams", |scrape| {
            TeamCounts::from_scrape(scrape) == all
        })
        .await;
    (exporter, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_and_a_date_give_the_same_scrape_on_every_run() {
    let (_first, first) = demo("7", "2026-11-23").await;
    let (_second, second) = demo("7", "2026-11-23").await;
    let (_other_seed, other_seed) = demo("8", "2026-11-23").await;
    let (_other_day, other_day) = demo("7", "2026-11-24").await;
    let figures = |text: &str| Scrape::parse(text).billing_metrics();
    assert_eq!(figures(&first), figures(&second));
    assert_ne!(figures(&first), figures(&other_seed));
    assert_ne!(figures(&first), figures(&other_day));
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_finds_no_fault_with_it() {
    for day in ["2026-11-23", "2026-12-01", "2028-02-29"] {
        let (_exporter, text) = demo("1", day).await;
        external_parsers::promtool(day, &text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_to_open() {
    let (exporter, _) = demo("1", "2026-11-23").await;
    let output = exporter.stdout();
    for path in ["/", "/metrics"] {
        assert!(
            output.lines().any(|line| line.trim() == exporter.url(path)),
            "{path}:\n{output}"
        );
        assert_eq!(exporter.get(path).await.status, 200, "{path}");
    }
    assert!(output.contains("2026-11-23"), "{output}");
}

/// Settings of the real Heroku do not reach the demo, and their absence does not hold it up.
#[tokio::test(flavor = "multi_thread")]
async fn it_asks_nobody_but_its_own_simulator() {
    let nobody = "http://127.0.0.1:1";
    let exporter = ExporterBuilder::new(&["demo", "--date=2026-11-23"])
        .env("HEROKU_API_URL", nobody)
        .env("HEROKU_API_KEY", "HRKU-of-somebody")
        .env("HEROKU_TEAM_ID", "somebody");
    let exporter = exporter.start().await;
    let arrived = |scrape: &Scrape| TeamCounts::from_scrape(scrape).invoices == 3;
    let scrape = exporter.wait_for_scrape("three teams", arrived).await;
    let teams = scrape.label_values("heroku_invoice_current_total_usd", "team_name");
    assert!(!teams.contains("somebody"), "{teams:?}");
}
