//! Both formats, plain and compressed, have the same data for external parsers in every scenario.

use heroku_cost_exporter::metrics::descriptors;
use reqwest::Method;

use crate::exporter::{Exporter, ExporterBuilder};
use crate::external_parsers::{self, ParsedExposition};
use crate::scenario::{ALL, Scenario};
use crate::scrape::Scrape;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0";

/// Parses the billing metrics. The exporter's own metrics differ between scrapes.
fn billing_metrics(text: &str) -> Scrape {
    Scrape::parse(text).billing_metrics()
}

/// Asserts that both formats and their compressed versions have the same data for every parser.
async fn assert_formats_agree(name: &str, exporter: &Exporter) {
    let get =
        async |headers: &[(&str, &str)]| exporter.request(Method::GET, "/metrics", headers).await;
    let text_format = get(&[]).await.text();
    let openmetrics = get(&[("accept", OPENMETRICS)]).await.text();
    let compressed = get(&[("accept-encoding", "gzip")]).await.gunzip();
    assert_eq!(
        billing_metrics(&compressed),
        billing_metrics(&text_format),
        "{name}"
    );
    let compressed = get(&[("accept", OPENMETRICS), ("accept-encoding", "gzip")]).await;
    assert_eq!(
        billing_metrics(&compressed.gunzip()),
        billing_metrics(&openmetrics),
        "{name}"
    );
    assert_eq!(
        billing_metrics(&openmetrics),
        billing_metrics(&text_format),
        "{name}"
    );

    assert!(
        openmetrics.ends_with("\n# EOF\n") || openmetrics == "# EOF\n",
        "{name}"
    );
    assert!(!text_format.contains("# EOF"), "{name}");
    for (format, text) in [("text", &text_format), ("openmetrics", &openmetrics)] {
        let ours = ParsedExposition::from(Scrape::parse(text));
        let Some(theirs) = external_parsers::prometheus_client(format, text) else {
            return;
        };
        assert_eq!(theirs.samples, ours.samples, "{name}: {format}");
        assert_eq!(theirs.types, ours.types, "{name}: {format}");
        assert_eq!(theirs.help, ours.help, "{name}: {format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_agree_in_every_scenario() {
    for Scenario { name, .. } in ALL {
        let Some((_heroku, exporter)) = Scenario::named(name).start_exporter().await else {
            return;
        };
        assert_formats_agree(name, &exporter).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_agree_in_the_demo() {
    let exporter = ExporterBuilder::new(&["demo", "--date=2026-11-23"])
        .start()
        .await;
    let has_usage = |scrape: &Scrape| {
        scrape
            .label_values("heroku_team_usage_current_usd", "team_name")
            .len()
            == 3
    };
    exporter.wait_for_scrape("usage", has_usage).await;
    let has_invoices =
        |scrape: &Scrape| scrape.series("heroku_invoice_current_total_usd").count() == 3;
    exporter.wait_for_scrape("invoices", has_invoices).await;
    assert_formats_agree("demo", &exporter).await;
}

/// Before the first response the exposition has no billing metrics and is valid.
#[tokio::test(flavor = "multi_thread")]
async fn exposition_without_data_is_valid() {
    let scenario = Scenario::named("one_team");
    let heroku = scenario.start_simulator().await;
    heroku.inject_fault(
        heroku_sim::Endpoint::Any,
        heroku_sim::Fault::Hang,
        heroku_sim::Times::Always,
    );
    let exporter = ExporterBuilder::for_heroku(&heroku, &scenario.team_ids())
        .start()
        .await;
    let text = exporter.metrics().await;
    assert_eq!(billing_metrics(&text), Scrape::default());
    let names = descriptors::exporter::all().map(|metric| metric.name);
    for name in names {
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} is missing at the start"
        );
    }
    assert_formats_agree("no data", &exporter).await;
}
