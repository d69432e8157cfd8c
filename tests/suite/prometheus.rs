//! A real Prometheus scrapes the demo, and every sample arrives.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::contract::TWENTY;
use crate::exporter::{self, Start};
use crate::judges::Read;
use crate::own_series::API_REQUESTS;
use crate::scenario::Arrivals;
use crate::scrape::{Scrape, Series};
use crate::tools;

/// How long Prometheus may take to start and to scrape.
const PATIENCE: Duration = Duration::from_secs(90);

/// A Prometheus that runs, until it is dropped.
struct Prometheus {
    child: Child,
    http: reqwest::Client,
    url: String,
    _directory: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one that scrapes `target`, on a port that the system picks and its log tells.
    fn scraping(target: &str) -> Option<Self> {
        let program = tools::prometheus()?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = directory.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: heroku\n  static_configs: [{{targets: ['{target}']}}]\n"
        );
        std::fs::write(&config, text).expect("the directory can be written to");
        let mut child = Command::new(program)
            .env_clear()
            .current_dir(directory.path())
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().join("data").display()
            ))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus starts");
        let log = child.stderr.take().expect("standard error is piped");
        let (said, log_lines) = mpsc::channel();
        // It reads on to the end, so that Prometheus never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        let mut prometheus = Self {
            child,
            http: exporter::http(),
            url: String::new(),
            _directory: directory,
        };
        let mut log = String::new();
        while prometheus.url.is_empty() {
            let line = log_lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("it does not listen:\n{log}"));
            if let Some((_, address)) = line.split_once("msg=\"Listening on\" address=") {
                prometheus.url = format!("http://{address}");
            }
            log.push_str(&line);
            log.push('\n');
        }
        Some(prometheus)
    }

    /// The instant vector that an expression gives; a failure to answer, as while it starts, is an empty one.
    async fn query(&self, expression: &str) -> BTreeMap<Series, f64> {
        let mut url = url::Url::parse(&self.url).expect("a URL");
        url.set_path("/api/v1/query");
        url.query_pairs_mut().append_pair("query", expression);
        let Ok(response) = self.http.get(url).send().await else {
            return BTreeMap::new();
        };
        let body = response.text().await.unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let result = body["data"]["result"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        result.iter().map(sample).collect()
    }

    /// Asks until the expression gives one value and it is this.
    async fn settles_at(&self, expression: &str, value: f64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let result = self.query(expression).await;
            if result.len() == 1 && result.values().all(|found| *found == value) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{expression} is {result:?}, and not {value}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One element of an instant vector, without the labels that Prometheus itself adds. An empty label is no label to it.
fn sample(element: &Value) -> (Series, f64) {
    let labels = element["metric"].as_object().expect("labels");
    let own = labels
        .iter()
        .filter(|(label, _)| !["__name__", "instance", "job"].contains(&label.as_str()));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let series = Series {
        name: labels.get("__name__").map(text).unwrap_or_default(),
        labels: own
            .map(|(label, value)| (label.clone(), text(value)))
            .collect(),
    };
    (series, text(&element["value"][1]).parse().expect("a float"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_of_the_demo_arrives() {
    let exporter = Start::new(&["demo", "--demo.date=2026-11-23"])
        .start()
        .await;
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
