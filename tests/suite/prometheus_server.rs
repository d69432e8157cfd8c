//! Runs a real Prometheus server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::exporter;
use crate::external_tools;
use crate::scrape::Series;

/// The timeout for Prometheus to start and to scrape.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(90);

/// A Prometheus server that runs until it is dropped.
pub(crate) struct PrometheusServer {
    child: Child,
    http: reqwest::Client,
    url: String,
    _directory: tempfile::TempDir,
}

impl PrometheusServer {
    /// Starts a server that scrapes `target`. Returns `None` if Prometheus is not installed.
    pub(crate) fn start_scraping(target: &str) -> Option<Self> {
        Self::start_with_rules(&[target], None)
    }

    /// Starts a server that scrapes `targets` and evaluates a rule file every second.
    pub(crate) fn start_with_rules(targets: &[&str], rules: Option<&Path>) -> Option<Self> {
        let jobs: Vec<_> = targets.iter().map(|target| ("heroku", *target)).collect();
        Self::start_with_jobs(&jobs, rules)
    }

    /// Like [`Self::start_with_rules`], for pairs of a job and a target.
    pub(crate) fn start_with_jobs(jobs: &[(&str, &str)], rules: Option<&Path>) -> Option<Self> {
        let targets: Vec<_> = jobs
            .iter()
            .map(|(job, target)| serde_json::json!({ "targets": [target], "labels": { "job": job } }))
            .collect();
        let program = external_tools::prometheus()?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = directory.path().join("prometheus.yml");
        let text = serde_json::json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": Vec::from_iter(rules),
            "scrape_configs": [{ "job_name": "heroku", "static_configs": targets }],
        });
        // JSON is valid YAML.
        let text = text.to_string();
        std::fs::write(&config, text).expect("the directory is writable");
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
        let (sender, log_lines) = mpsc::channel();
        // The log is drained to the end, so that Prometheus never blocks on a write.
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut prometheus = Self {
            child,
            http: exporter::http_client(),
            url: String::new(),
            _directory: directory,
        };
        let mut log = String::new();
        while prometheus.url.is_empty() {
            let line = log_lines
                .recv_timeout(TIMEOUT)
                .unwrap_or_else(|_| panic!("Prometheus does not listen:\n{log}"));
            if let Some((_, address)) = line.split_once("msg=\"Listening on\" address=") {
                prometheus.url = format!("http://{address}");
            }
            log.push_str(&line);
            log.push('\n');
        }
        Some(prometheus)
    }

    /// Evaluates an expression to an instant vector. It is empty if the query fails, as it does
    /// while Prometheus starts.
    pub(crate) async fn query(&self, expression: &str) -> BTreeMap<Series, f64> {
        let response = self.api("/api/v1/query", &[("query", expression)]).await;
        let body = response.unwrap_or_default();
        let result = body["data"]["result"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        result.iter().map(sample).collect()
    }

    /// Sends an API request and returns the body, which may report an error. Returns `None` if
    /// there is no response.
    pub(crate) async fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Option<Value> {
        let mut url = url::Url::parse(&self.url).expect("a URL");
        url.set_path(path);
        url.query_pairs_mut().extend_pairs(parameters);
        let response = self.http.get(url).send().await.ok()?;
        serde_json::from_str(&response.text().await.ok()?).ok()
    }

    /// Returns the Unix time of the Prometheus server.
    pub(crate) async fn now(&self) -> f64 {
        let response = self.api("/api/v1/query", &[("query", "time()")]).await;
        let body = response.unwrap_or_default();
        body["data"]["result"][0].as_f64().unwrap_or_default()
    }

    /// Evaluates an expression until its only value is `value`.
    pub(crate) async fn wait_for_value(&self, expression: &str, value: f64) {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let result = self.query(expression).await;
            if result.len() == 1 && result.values().all(|found| *found == value) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{expression} is {result:?}, expected {value}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for PrometheusServer {
    fn drop(&mut self) {
        // Errors mean that the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Converts an element of an instant vector, without the target labels that Prometheus adds.
fn sample(element: &Value) -> (Series, f64) {
    let labels = element["metric"].as_object().expect("labels");
    let labels_of_series = labels
        .iter()
        .filter(|(label, _)| !["__name__", "instance", "job"].contains(&label.as_str()));
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let series = Series {
        name: labels.get("__name__").map(text).unwrap_or_default(),
        labels: labels_of_series
            .map(|(label, value)| (label.clone(), text(value)))
            .collect(),
    };
    (
        series,
        text(&element["value"][1])
            .parse()
            .expect("the value is a float"),
    )
}
