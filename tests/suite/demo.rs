//! The `demo` subcommand: deterministic data for a seed and a date, and the URLs that it prints.

use crate::documents::code_blocks;
use crate::exporter::{Exporter, ExporterBuilder};
use crate::external_parsers;
use crate::scenario::TeamCounts;
use crate::scrape::Scrape;

/// Starts the demo, waits for the data of all three teams, and also returns the text of that
/// scrape.
async fn start_demo(seed: &str, day: &str) -> (Exporter, String) {
    let arguments = ["demo", "--seed", seed, "--date", day];
    let exporter = ExporterBuilder::new(&arguments).start().await;
    let complete = TeamCounts {
        invoices: 3,
        usage: 3,
    };
    let text = exporter
        .wait_for_exposition("three teams", |scrape| {
            TeamCounts::from_scrape(scrape) == complete
        })
        .await;
    (exporter, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn data_depends_only_on_seed_and_date() {
    let (_first, first) = start_demo("7", "2026-11-23").await;
    let (_second, second) = start_demo("7", "2026-11-23").await;
    let (_other_seed, other_seed) = start_demo("8", "2026-11-23").await;
    let (_other_day, other_day) = start_demo("7", "2026-11-24").await;
    let metrics = |text: &str| Scrape::parse(text).billing_metrics();
    assert_eq!(metrics(&first), metrics(&second));
    assert_ne!(metrics(&first), metrics(&other_seed));
    assert_ne!(metrics(&first), metrics(&other_day));
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_accepts_the_exposition() {
    for day in ["2026-11-23", "2026-12-01", "2028-02-29"] {
        let (_exporter, text) = start_demo("1", day).await;
        external_parsers::promtool(day, &text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_urls_to_open() {
    let (exporter, _) = start_demo("1", "2026-11-23").await;
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

#[tokio::test(flavor = "multi_thread")]
async fn ignores_heroku_settings() {
    let unreachable = "http://127.0.0.1:1";
    let exporter = ExporterBuilder::new(&["demo", "--date=2026-11-23"])
        .env("HEROKU_API_URL", unreachable)
        .env("HEROKU_API_KEY", "HRKU-unused")
        .env("HEROKU_TEAM_ID", "somebody");
    let exporter = exporter.start().await;
    let has_invoices = |scrape: &Scrape| TeamCounts::from_scrape(scrape).invoices == 3;
    let scrape = exporter.wait_for_scrape("three teams", has_invoices).await;
    let teams = scrape.label_values("heroku_invoice_current_total_usd", "team_name");
    assert!(!teams.contains("somebody"), "{teams:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn listens_on_loopback_unless_addresses_are_set() {
    for (argument, is_loopback) in [
        ("--port=0", true),
        ("--web.listen-address=:0", false),
        ("--web.listen-address=0.0.0.0:0", false),
    ] {
        let builder = ExporterBuilder::without_listen_address(&["demo", argument]);
        let exporter = builder.start().await;
        let host = exporter.addresses[0].ip();
        assert_eq!(host.is_loopback(), is_loopback, "{argument}: {host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_neither_warnings_nor_errors() {
    for day in ["2026-11-23", "2026-12-01", "2027-01-31"] {
        let arguments = ["demo", "--date", day, "--poll.interval=1s"];
        let exporter = ExporterBuilder::new(&arguments).start().await;
        let is_complete = |scrape: &Scrape| {
            let counts = TeamCounts::from_scrape(scrape);
            (counts.invoices, counts.usage) == (3, 3)
        };
        exporter.wait_for_scrape("three teams", is_complete).await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let log = exporter.log();
        let is_quiet = |line: &str| line.contains("level=info");
        assert!(log.lines().all(is_quiet), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readme_shows_metrics_of_the_demo() {
    let (_exporter, text) = start_demo("1", "2026-11-23").await;
    let (_, sample) = &code_blocks("README.md", "text")[0];
    let lines: Vec<_> = sample.lines().filter(|line| *line != "…").collect();
    assert!(lines.len() > 5, "{sample}");
    for line in lines {
        assert!(text.lines().any(|metric| metric == line), "{line}");
    }
}
