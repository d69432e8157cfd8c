//! `rules/heroku-cost.rules.yml`: checked by promtool, and evaluated by a real Prometheus server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::external_tools;
use crate::failing_company;
use crate::grafana;
use crate::prometheus_server::{PrometheusServer, TIMEOUT};
use crate::promql::Names;
use crate::scrape::Series;

const RULES: &str = "rules/heroku-cost.rules.yml";
const RULE_TESTS: &str = "rules/tests";
const RUNBOOK: &str = "docs/RUNBOOK.md";

/// Alerts that fire only if the exporter is down or absent.
const ABSENCE_ALERTS: [&str; 2] = ["HerokuCostExporterAbsent", "HerokuCostExporterDown"];

/// Alerts that depend on costs.
const COST_ALERTS: [&str; 4] = [
    "HerokuAppCostJumped",
    "HerokuForecastAboveBudget",
    "HerokuLicenseNearlyUsed",
    "HerokuSpendAheadOfBudget",
];

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn yaml(file: &Path) -> Value {
    let text = std::fs::read_to_string(file);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    let text = value[key].as_str();
    text.unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

fn rules() -> Vec<Value> {
    let groups = yaml(&path(RULES));
    let rules = items(&groups, "groups")
        .iter()
        .flat_map(|group| items(group, "rules"));
    rules.cloned().collect()
}

fn alerts() -> Vec<Value> {
    let is_alert = |rule: &Value| rule["alert"].is_string();
    rules().into_iter().filter(is_alert).collect()
}

fn names(rules: &[Value], key: &str) -> BTreeSet<String> {
    rules
        .iter()
        .map(|rule| text(rule, key).to_owned())
        .collect()
}

/// Returns the files of promtool's rule tests.
fn rule_tests() -> Vec<PathBuf> {
    let files = std::fs::read_dir(path(RULE_TESTS)).expect("the directory exists");
    files.map(|file| file.expect("a file").path()).collect()
}

fn assert_promtool_succeeds(arguments: &[&str], files: &[PathBuf]) {
    let Some(promtool) = external_tools::promtool() else {
        return;
    };
    let output = Command::new(promtool)
        .args(arguments)
        .args(files)
        .env_clear()
        .output();
    let output = output.expect("promtool starts");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
}

#[test]
fn promtool_accepts_rules() {
    assert_promtool_succeeds(&["check", "rules", "--lint-fatal"], &[path(RULES)]);
}

#[test]
fn rule_tests_pass() {
    assert_promtool_succeeds(&["test", "rules"], &rule_tests());
}

#[test]
fn rule_tests_cover_every_alert_firing_and_inactive() {
    let (mut firing, mut inactive) = (BTreeSet::new(), BTreeSet::new());
    for file in rule_tests() {
        for test in items(&yaml(&file), "tests") {
            for expectation in items(test, "alert_rule_test") {
                let alert = text(expectation, "alertname").to_owned();
                let is_inactive = items(expectation, "exp_alerts").is_empty();
                let alerts = if is_inactive {
                    &mut inactive
                } else {
                    &mut firing
                };
                alerts.insert(alert);
            }
        }
    }
    let alerts = names(&alerts(), "alert");
    assert_eq!(firing, alerts);
    assert_eq!(inactive, alerts);
}

/// Returns the recorded metrics with their labels, which are those of the grouping clauses.
fn recorded_metrics() -> BTreeMap<String, BTreeSet<String>> {
    let mut recorded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in rules().iter().filter(|rule| rule["record"].is_string()) {
        let names = Names::parse(text(rule, "expr"));
        recorded.insert(text(rule, "record").to_owned(), names.grouping);
    }
    recorded
}

#[test]
fn rules_use_declared_metrics_and_labels() {
    let recorded = recorded_metrics();
    for rule in rules() {
        let expr = text(&rule, "expr");
        Names::parse(expr).assert_known(expr, &recorded);
    }
}

#[test]
fn recorded_metrics_are_named_level_metric_operation() {
    for record in recorded_metrics().keys() {
        let parts: Vec<_> = record.split(':').collect();
        assert!(matches!(parts[..], ["heroku", _, _]), "{record}");
    }
}

/// Returns the runbook's sections on alerts by their headings.
fn runbook_entries() -> BTreeMap<String, String> {
    let runbook = std::fs::read_to_string(path(RUNBOOK)).expect("the runbook exists");
    let sections = runbook.split("\n## ").skip(1);
    let entries = sections.filter_map(|section| {
        let (heading, rest) = section.split_once('\n')?;
        heading
            .starts_with("Heroku")
            .then(|| (heading.to_owned(), rest.to_owned()))
    });
    entries.collect()
}

#[test]
fn alerts_have_severity_annotations_and_runbook_entry() {
    let entries = runbook_entries();
    let alerts = alerts();
    assert_eq!(
        entries.keys().cloned().collect::<BTreeSet<_>>(),
        names(&alerts, "alert")
    );
    for (alert, entry) in &entries {
        for part in [
            "**Meaning.**",
            "**Impact.**",
            "**Diagnosis.**",
            "**Mitigation.**",
        ] {
            assert!(entry.contains(part), "{alert} has no {part}");
        }
    }
    for alert in &alerts {
        let name = text(alert, "alert");
        let severity = text(&alert["labels"], "severity");
        assert!(
            ["critical", "warning", "info"].contains(&severity),
            "{name}"
        );
        assert!(
            entries[name].contains(&format!("`{severity}`")),
            "{name} is {severity}"
        );
        let annotations = &alert["annotations"];
        for annotation in ["summary", "description"] {
            assert!(
                text(annotations, annotation).ends_with('.'),
                "{name}: {annotation}"
            );
        }
        let url = format!(
            "{}/blob/main/{RUNBOOK}#{}",
            env!("CARGO_PKG_REPOSITORY"),
            name.to_lowercase()
        );
        assert_eq!(text(annotations, "runbook_url"), url);
    }
}

/// Returns the PromQL queries of the runbook.
fn runbook_queries() -> Vec<String> {
    let runbook = std::fs::read_to_string(path(RUNBOOK)).expect("the runbook exists");
    let blocks = runbook.split("```promql\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().expect("a closed block"));
    blocks
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Waits until Prometheus has evaluated all rules and `condition` holds, and returns the rules.
async fn wait_for_rules(
    prometheus: &PrometheusServer,
    what: &str,
    condition: impl Fn(&[Value]) -> bool,
) -> Vec<Value> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let response = prometheus
            .api("/api/v1/rules", &[])
            .await
            .unwrap_or_default();
        let groups = items(&response["data"], "groups");
        let rules: Vec<_> = groups
            .iter()
            .flat_map(|group| items(group, "rules"))
            .cloned()
            .collect();
        for rule in &rules {
            assert_ne!(rule["health"], "err", "{rule}");
        }
        let all_ok = !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok");
        if all_ok && condition(&rules) {
            return rules;
        }
        let states: Vec<_> = rules
            .iter()
            .map(|rule| format!("{} {}", rule["name"], rule["state"]))
            .collect();
        assert!(Instant::now() < deadline, "{what}: {states:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Returns the pending and firing alerts.
fn active_alerts(rules: &[Value]) -> BTreeSet<String> {
    let active = rules
        .iter()
        .filter(|rule| rule["type"] == "alerting" && rule["state"] != "inactive");
    active.map(|rule| text(rule, "name").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_alert_fires_for_the_failing_company() {
    let Some((_heroku, exporter)) = failing_company::start_exporter().await else {
        return;
    };
    let target = exporter.addresses[0].to_string();
    let Some(prometheus) = PrometheusServer::start_with_rules(&[&target], Some(&path(RULES)))
    else {
        return;
    };
    let mut expected = names(&alerts(), "alert");
    for absence in ABSENCE_ALERTS {
        expected.remove(absence);
    }
    let all_active = |rules: &[Value]| active_alerts(rules).is_superset(&expected);
    wait_for_rules(&prometheus, "all but absence alerts", all_active).await;
    // The reason needs two scrapes with different failure counts.
    let rules = wait_for_rules(&prometheus, "the reason", has_failure_reason).await;
    let alerts = rules.iter().flat_map(|rule| items(rule, "alerts"));
    for annotations in alerts.map(|alert| alert["annotations"].to_string()) {
        assert!(!annotations.contains("error expanding"), "{annotations}");
    }
    for query in runbook_queries() {
        let response = prometheus.api("/api/v1/query", &[("query", &query)]).await;
        let response = response.expect("a response");
        assert_eq!(response["status"], "success", "{query}: {response}");
        assert!(
            !items(&response["data"], "result").is_empty(),
            "{query} has no result"
        );
    }
    drop(exporter);
    let down = |rules: &[Value]| active_alerts(rules).contains("HerokuCostExporterDown");
    let rules = wait_for_rules(&prometheus, "down", down).await;
    assert!(!active_alerts(&rules).contains("HerokuCostExporterAbsent"));
}

/// Returns whether the alert of the failing usage endpoint describes the failure reason.
fn has_failure_reason(rules: &[Value]) -> bool {
    let is_failing = |rule: &&Value| rule["name"] == "HerokuCostEndpointFailing";
    let is_usage = |alert: &&Value| alert["labels"]["endpoint"] == "usage";
    let failing = rules.iter().find(is_failing);
    let alert = failing.and_then(|rule| items(rule, "alerts").iter().find(is_usage));
    alert.is_some_and(|alert| {
        text(&alert["annotations"], "description").contains("The reason is `server_error`")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_absent_alert_fires_without_exporter() {
    let Some(prometheus) = PrometheusServer::start_with_rules(&[], Some(&path(RULES))) else {
        return;
    };
    let absent = |rules: &[Value]| !active_alerts(rules).is_empty();
    let rules = wait_for_rules(&prometheus, "absent", absent).await;
    assert_eq!(
        active_alerts(&rules),
        ["HerokuCostExporterAbsent".to_owned()].into()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_rules_have_values_for_the_demo() {
    let (_directory, exporter) = grafana::demo_with_budgets(&["--date=2026-11-23"]).await;
    let target = exporter.addresses[0].to_string();
    let Some(prometheus) = PrometheusServer::start_with_rules(&[&target], Some(&path(RULES)))
    else {
        return;
    };
    wait_for_rules(&prometheus, "evaluated", |_| true).await;
    for (record, labels) in recorded_metrics() {
        let result = wait_for_result(&prometheus, &record).await;
        for (series, value) in result {
            assert!(value.is_finite(), "{series:?} is {value}");
            let actual: BTreeSet<_> = series.labels.into_iter().map(|(label, _)| label).collect();
            assert!(actual.is_subset(&labels), "{record}: {actual:?}");
        }
    }
}

async fn wait_for_result(prometheus: &PrometheusServer, expression: &str) -> BTreeMap<Series, f64> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let result = prometheus.query(expression).await;
        if !result.is_empty() {
            return result;
        }
        assert!(Instant::now() < deadline, "{expression} has no result");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The demo runs on the current day, on which its costs depend.
#[tokio::test(flavor = "multi_thread")]
async fn only_cost_alerts_fire_for_the_demo() {
    let (_directory, exporter) = grafana::demo_with_budgets(&[]).await;
    let target = exporter.addresses[0].to_string();
    let Some(prometheus) = PrometheusServer::start_with_rules(&[&target], Some(&path(RULES)))
    else {
        return;
    };
    prometheus.wait_for_value("min(heroku_up)", 1.0).await;
    let mut alerts = BTreeSet::new();
    // Alerts that are pending at first can become inactive.
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        alerts = active_alerts(&wait_for_rules(&prometheus, "evaluated", |_| true).await);
    }
    alerts.retain(|alert| !COST_ALERTS.contains(&alert.as_str()));
    assert_eq!(alerts, BTreeSet::new());
}
