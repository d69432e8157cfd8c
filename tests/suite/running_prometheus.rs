//! A real Prometheus, run for a test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::exporter;
use crate::scrape::Series;
use crate::tools;

/// How long Prometheus may take to start and to scrape.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A Prometheus that runs, until it is dropped.
pub(crate) struct Prometheus {
    child: Child,
    http: reqwest::Client,
    url: String,
    _directory: tempfile::TempDir,
}

impl Prometheus {
    /// Starts one that scrapes `target`, on a port that the system picks and its log tells.
    pub(crate) fn scraping(target: &str) -> Option<Self> {
        Self::with_rules(&[target], None)
    }

    /// The same for several targets or none, and with a file of rules, both each second.
    pub(crate) fn with_rules(targets: &[&str], rules: Option<&Path>) -> Option<Self> {
        let program = tools::prometheus()?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = directory.path().join("prometheus.yml");
        let text = serde_json::json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": Vec::from_iter(rules),
            "scrape_configs": [{ "job_name": "heroku", "static_configs": [{ "targets": targets }] }],
        });
        // JSON is YAML.
        let text = text.to_string();
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
    pub(crate) async fn query(&self, expression: &str) -> BTreeMap<Series, f64> {
        let answer = self.ask("/api/v1/query", &[("query", expression)]).await;
        let body = answer.unwrap_or_default();
        let result = body["data"]["result"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        result.iter().map(sample).collect()
    }

    /// What the API answers, or `None` while it does not: an error is an answer.
    pub(crate) async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Option<Value> {
        let mut url = url::Url::parse(&self.url).expect("a URL");
        url.set_path(path);
        url.query_pairs_mut().extend_pairs(parameters);
        let response = self.http.get(url).send().await.ok()?;
        serde_json::from_str(&response.text().await.ok()?).ok()
    }

    /// The time by its clock, in Unix time.
    pub(crate) async fn now(&self) -> f64 {
        let answer = self.ask("/api/v1/query", &[("query", "time()")]).await;
        let answer = answer.unwrap_or_default();
        answer["data"]["result"][0].as_f64().unwrap_or_default()
    }

    /// Asks until the expression gives one value and it is this.
    pub(crate) async fn settles_at(&self, expression: &str, value: f64) {
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
