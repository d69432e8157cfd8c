//! The two dialects, and compressed answers, hold the same figures: as a foreign reader understands them, over every scenario.

use heroku_cost_exporter::metrics::descriptors;
use reqwest::Method;

use crate::exporter::{Exporter, Start};
use crate::judges::{self, Read};
use crate::scenario::{ALL, Scenario};
use crate::scrape::Scrape;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0";

/// Heroku's figures: what the program tells of itself differs from scrape to scrape.
fn figures(text: &str) -> Scrape {
    Scrape::read(text).figures()
}

/// Asserts that classic, OpenMetrics, plain and gzip agree, for every reader.
async fn assert_agreement(name: &str, exporter: &Exporter) {
    let get = async |headers: &[(&str, &str)]| exporter.ask(Method::GET, "/metrics", headers).await;
    let classic = get(&[]).await.text();
    let open = get(&[("accept", OPENMETRICS)]).await.text();
    let zipped = get(&[("accept-encoding", "gzip")]).await.unzipped();
    assert_eq!(figures(&zipped), figures(&classic), "{name}");
    let zipped = get(&[("accept", OPENMETRICS), ("accept-encoding", "gzip")]).await;
    assert_eq!(figures(&zipped.unzipped()), figures(&open), "{name}");
    assert_eq!(figures(&open), figures(&classic), "{name}");

    assert!(open.ends_with("\n# EOF\n") || open == "# EOF\n", "{name}");
    assert!(!classic.contains("# EOF"), "{name}");
    for (dialect, text) in [("text", &classic), ("openmetrics", &open)] {
        let ours = Read::from(Scrape::read(text));
        let Some(theirs) = judges::prometheus_client(dialect, text) else {
            return;
        };
        assert_eq!(theirs.samples, ours.samples, "{name}: {dialect}");
        assert_eq!(theirs.kind, ours.kind, "{name}: {dialect}");
        assert_eq!(theirs.help, ours.help, "{name}: {dialect}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_reads_the_same_in_both_dialects_and_compressed() {
    for Scenario { name, .. } in ALL {
        let Some((_heroku, exporter)) = Scenario::named(name).played().await else {
            return;
        };
        assert_agreement(name, &exporter).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_reads_the_same_in_both_dialects_and_compressed() {
    let exporter = Start::new(&["demo", "--date=2026-11-23"]).start().await;
    let arrived = |scrape: &Scrape| {
        scrape
            .label_values("heroku_team_usage_current_usd", "team_name")
            .len()
            == 3
    };
    exporter.scrape_once("usage", arrived).await;
    let arrived = |scrape: &Scrape| scrape.of("heroku_invoice_current_total_usd").count() == 3;
    exporter.scrape_once("invoices", arrived).await;
    assert_agreement("demo", &exporter).await;
}

/// Before the first answer there is nothing to tell, and that too is a valid exposition.
#[tokio::test(flavor = "multi_thread")]
async fn an_exposition_of_nothing_is_valid() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.heroku().await;
    heroku.inject_fault(
        heroku_sim::Endpoint::Any,
        heroku_sim::Fault::Hang,
        heroku_sim::Times::Always,
    );
    let exporter = Start::against(&heroku, &scenario.team_ids()).start().await;
    let text = exporter.metrics().await;
    assert_eq!(figures(&text), Scrape::default());
    let own = descriptors::exporter::all().map(|metric| metric.name);
    for name in own {
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} is not there from the start"
        );
    }
    assert_agreement("nothing", &exporter).await;
}
