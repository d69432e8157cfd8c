//! A real Prometheus server ingests every sample.

use crate::exporter::ExporterBuilder;
use crate::external_parsers::ParsedExposition;
use crate::legacy_metrics::LEGACY_METRICS;
use crate::prometheus_server::PrometheusServer;
use crate::scenario::TeamCounts;
use crate::scrape::Scrape;
use crate::self_series::API_REQUESTS;

#[tokio::test(flavor = "multi_thread")]
async fn ingests_every_sample_of_the_demo() {
    let exporter = ExporterBuilder::new(&["demo", "--date=2026-11-23"])
        .start()
        .await;
    let three_teams = TeamCounts {
        invoices: 3,
        usage: 3,
    };
    let scrape = exporter
        .wait_for_scrape("three teams", |scrape| {
            TeamCounts::from_scrape(scrape) == three_teams && has_metadata(scrape, 3)
        })
        .await;
    let samples = scrape.samples.len();
    assert_ingested(
        &exporter.addresses[0].to_string(),
        ParsedExposition::from(queried_metrics(&scrape)),
        samples,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ingests_every_sample_with_hostile_names() {
    let scenario = crate::scenario::Scenario::named("hostile_names");
    let Some((_heroku, exporter)) = scenario.start_exporter().await else {
        return;
    };
    let scrape = exporter
        .wait_for_scrape("the metadata", |scrape| has_metadata(scrape, 1))
        .await;
    let samples = scrape.samples.len();
    assert_ingested(
        &exporter.addresses[0].to_string(),
        ParsedExposition::from(queried_metrics(&scrape)),
        samples,
    )
    .await;
}

/// Returns whether the metadata of all teams was fetched, so that no more series will appear.
fn has_metadata(scrape: &Scrape, teams: usize) -> bool {
    let responses = |endpoint: &str| -> f64 {
        let series = scrape
            .series(API_REQUESTS)
            .filter(|(series, _)| series.label("endpoint") == Some(endpoint));
        series.filter_map(|(_, n)| n.parse::<f64>().ok()).sum()
    };
    let fetched = ["delinquency", "licenses"].map(|endpoint| responses(endpoint) >= teams as f64);
    scrape.series("heroku_team_info").count() == teams
        && fetched == [true, true]
        && responses("authorizations") >= 1.0
}

/// Returns the metrics that [`assert_ingested`] queries.
fn queried_metrics(scrape: &Scrape) -> Scrape {
    scrape.filter(|name| {
        let prefixes = [
            "heroku_app_",
            "heroku_dyno_",
            "heroku_invoice_",
            "heroku_team_",
        ];
        prefixes.iter().any(|prefix| name.starts_with(prefix))
    })
}

async fn assert_ingested(target: &str, exposition: ParsedExposition, samples: usize) {
    let Some(prometheus) = PrometheusServer::start_scraping(target) else {
        return;
    };
    prometheus.wait_for_value("up", 1.0).await;
    prometheus
        .wait_for_value("scrape_samples_scraped", samples as f64)
        .await;
    prometheus
        .wait_for_value("scrape_samples_post_metric_relabeling", samples as f64)
        .await;

    let mut expected = exposition.samples;
    expected = expected
        .into_iter()
        .map(|(mut series, value)| {
            series.labels.retain(|(_, value)| !value.is_empty());
            (series, value)
        })
        .collect();
    let ingested = prometheus
        .query(r#"{__name__=~"heroku_(app|dyno|invoice|team)_.*"}"#)
        .await;
    assert_eq!(ingested, expected);
    for (name, _) in LEGACY_METRICS {
        let count = expected.keys().filter(|series| series.name == name).count();
        assert!(count > 0, "{name}");
        prometheus
            .wait_for_value(&format!("count({name})"), count as f64)
            .await;
    }
}
