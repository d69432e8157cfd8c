//! A real Prometheus scrapes the demo, and every sample arrives.

use crate::exporter::ExporterBuilder;
use crate::external_parsers::ParsedExposition;
use crate::legacy_metrics::LEGACY_METRICS;
use crate::prometheus_server::PrometheusServer;
use crate::scenario::TeamCounts;
use crate::scrape::Scrape;
use crate::self_series::API_REQUESTS;

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_of_the_demo_arrives() {
    let exporter = ExporterBuilder::new(&["demo", "--date=2026-11-23"])
        .start()
        .await;
    let all = TeamCounts {
        invoices: 3,
        usage: 3,
    };
    let scrape = exporter
        .wait_for_scrape("three teams", |scrape| {
            TeamCounts::from_scrape(scrape) == all && all_asked_beside(scrape, 3)
        })
        .await;
    let samples = scrape.samples.len();
    assert_arrives(
        &exporter.addresses[0].to_string(),
        ParsedExposition::from(of_heroku(&scrape)),
        samples,
    )
    .await;
}

/// The names that break encoders arrive as Heroku wrote them.
#[tokio::test(flavor = "multi_thread")]
async fn every_sample_of_the_hostile_names_arrives() {
    let scenario = crate::scenario::Scenario::named("hostile_names");
    let Some((_heroku, exporter)) = scenario.start_exporter().await else {
        return;
    };
    let scrape = exporter
        .wait_for_scrape("everything", |scrape| all_asked_beside(scrape, 1))
        .await;
    let samples = scrape.samples.len();
    assert_arrives(
        &exporter.addresses[0].to_string(),
        ParsedExposition::from(of_heroku(&scrape)),
        samples,
    )
    .await;
}

/// Whether all that is asked beside the figures of so many teams was answered, so that no series comes any more.
fn all_asked_beside(scrape: &Scrape, teams: usize) -> bool {
    let answers = |endpoint: &str| -> f64 {
        let of_endpoint = scrape
            .series(API_REQUESTS)
            .filter(|(series, _)| series.label("endpoint") == Some(endpoint));
        of_endpoint.filter_map(|(_, n)| n.parse::<f64>().ok()).sum()
    };
    let asked = ["delinquency", "licenses"].map(|endpoint| answers(endpoint) >= teams as f64);
    scrape.series("heroku_team_info").count() == teams
        && asked == [true, true]
        && answers("authorizations") >= 1.0
}

/// All that is Heroku's, which is what the query in [`assert_arrives`] asks for.
fn of_heroku(scrape: &Scrape) -> Scrape {
    scrape.filter(|name| {
        let beginnings = [
            "heroku_app_",
            "heroku_dyno_",
            "heroku_invoice_",
            "heroku_team_",
        ];
        beginnings
            .iter()
            .any(|beginning| name.starts_with(beginning))
    })
}

async fn assert_arrives(target: &str, exposition: ParsedExposition, samples: usize) {
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
    let arrived = prometheus
        .query(r#"{__name__=~"heroku_(app|dyno|invoice|team)_.*"}"#)
        .await;
    assert_eq!(arrived, expected);
    for (name, _) in LEGACY_METRICS {
        let count = expected.keys().filter(|series| series.name == name).count();
        assert!(count > 0, "{name}");
        prometheus
            .wait_for_value(&format!("count({name})"), count as f64)
            .await;
    }
}
