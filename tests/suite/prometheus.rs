//! A real Prometheus scrapes the demo, and every sample arrives.

use crate::contract::TWENTY;
use crate::exporter::Start;
use crate::judges::Read;
use crate::own_series::API_REQUESTS;
use crate::running_prometheus::Prometheus;
use crate::scenario::Arrivals;
use crate::scrape::Scrape;

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_of_the_demo_arrives() {
    let exporter = Start::new(&["demo", "--date=2026-11-23"]).start().await;
    let all = Arrivals {
        invoices: 3,
        usage: 3,
    };
    let scrape = exporter
        .scrape_once("three teams", |scrape| {
            Arrivals::of(scrape) == all && all_asked_beside(scrape, 3)
        })
        .await;
    let samples = scrape.samples.len();
    assert_arrives(
        &exporter.addresses[0].to_string(),
        Read::from(of_heroku(&scrape)),
        samples,
    )
    .await;
}

/// The names that break encoders arrive as Heroku wrote them.
#[tokio::test(flavor = "multi_thread")]
async fn every_sample_of_the_hostile_names_arrives() {
    let scenario = crate::scenario::Scenario::named("hostile_names");
    let Some((_heroku, exporter)) = scenario.played().await else {
        return;
    };
    let scrape = exporter
        .scrape_once("everything", |scrape| all_asked_beside(scrape, 1))
        .await;
    let samples = scrape.samples.len();
    assert_arrives(
        &exporter.addresses[0].to_string(),
        Read::from(of_heroku(&scrape)),
        samples,
    )
    .await;
}

/// Whether all that is asked beside the figures of so many teams was answered, so that no series comes any more.
fn all_asked_beside(scrape: &Scrape, teams: usize) -> bool {
    let answers = |endpoint: &str| -> f64 {
        let of_endpoint = scrape
            .of(API_REQUESTS)
            .filter(|(series, _)| series.label("endpoint") == Some(endpoint));
        of_endpoint.filter_map(|(_, n)| n.parse::<f64>().ok()).sum()
    };
    let asked = ["delinquency", "licenses"].map(|endpoint| answers(endpoint) >= teams as f64);
    scrape.of("heroku_team_info").count() == teams
        && asked == [true, true]
        && answers("authorizations") >= 1.0
}

/// All that is Heroku's, which is what the query in [`assert_arrives`] asks for.
fn of_heroku(scrape: &Scrape) -> Scrape {
    scrape.only(|name| {
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

async fn assert_arrives(target: &str, exposition: Read, samples: usize) {
    let Some(prometheus) = Prometheus::scraping(target) else {
        return;
    };
    prometheus.settles_at("up", 1.0).await;
    prometheus
        .settles_at("scrape_samples_scraped", samples as f64)
        .await;
    prometheus
        .settles_at("scrape_samples_post_metric_relabeling", samples as f64)
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
    for (name, _) in TWENTY {
        let count = expected.keys().filter(|series| series.name == name).count();
        assert!(count > 0, "{name}");
        prometheus
            .settles_at(&format!("count({name})"), count as f64)
            .await;
    }
}
