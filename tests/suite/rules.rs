//! The rules, `rules/heroku-cost.rules.yml`: what promtool says of them and of their cases, and what a real Prometheus makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::grafana;
use crate::promql::Names;
use crate::running_prometheus::{PATIENCE, Prometheus};
use crate::scrape::Series;
use crate::tools;
use crate::troubled;

const RULES: &str = "rules/heroku-cost.rules.yml";
const CASES: &str = "rules/tests";
const RUNBOOK: &str = "docs/RUNBOOK.md";

/// Alerts that an exporter cannot show by what it says.
const OF_ITS_ABSENCE: [&str; 2] = ["HerokuCostExporterAbsent", "HerokuCostExporterDown"];

/// Alerts on what is spent.
const OF_SPENDING: [&str; 5] = [
    "HerokuAppCostJumped",
    "HerokuBudget80PercentUsed",
    "HerokuBudget95PercentUsed",
    "HerokuForecastAboveBudget",
    "HerokuLicenseNearlyUsed",
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

/// The files of cases.
fn cases() -> Vec<PathBuf> {
    let files = std::fs::read_dir(path(CASES)).expect("there are cases");
    files.map(|file| file.expect("a file").path()).collect()
}

fn assert_promtool_agrees(arguments: &[&str], files: &[PathBuf]) {
    let Some(promtool) = tools::promtool() else {
        return;
    };
    let output = Command::new(promtool)
        .args(arguments)
        .args(files)
        .env_clear()
        .output();
    let output = output.expect("promtool starts");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
}

#[test]
fn promtool_finds_no_fault() {
    assert_promtool_agrees(&["check", "rules", "--lint-fatal"], &[path(RULES)]);
}

#[test]
fn every_case_comes_out_as_it_says() {
    assert_promtool_agrees(&["test", "rules"], &cases());
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() {
    let (mut fires, mut does_not) = (BTreeSet::new(), BTreeSet::new());
    for file in cases() {
        for case in items(&yaml(&file), "tests") {
            for expectation in items(case, "alert_rule_test") {
                let alert = text(expectation, "alertname").to_owned();
                let is_quiet = items(expectation, "exp_alerts").is_empty();
                let of_its_kind = if is_quiet { &mut does_not } else { &mut fires };
                of_its_kind.insert(alert);
            }
        }
    }
    let alerts = names(&alerts(), "alert");
    assert_eq!(fires, alerts);
    assert_eq!(does_not, alerts);
}

/// The labels of what rules record: those by which the expression that stands last in the rule groups.
fn recorded() -> BTreeMap<String, BTreeSet<String>> {
    let mut recorded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in rules().iter().filter(|rule| rule["record"].is_string()) {
        let names = Names::of(text(rule, "expr"));
        recorded.insert(text(rule, "record").to_owned(), names.grouping);
    }
    recorded
}

#[test]
fn every_metric_and_label_is_in_the_catalogue() {
    let recorded = recorded();
    for rule in rules() {
        let expr = text(&rule, "expr");
        Names::of(expr).assert_known(expr, &recorded);
    }
}

#[test]
fn records_are_named_by_level_metric_and_operation() {
    for record in recorded().keys() {
        let parts: Vec<_> = record.split(':').collect();
        assert!(matches!(parts[..], ["heroku", _, _]), "{record}");
    }
}

/// The runbook's entries: headings and their texts.
fn entries() -> BTreeMap<String, String> {
    let runbook = std::fs::read_to_string(path(RUNBOOK)).expect("there is a runbook");
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
fn every_alert_says_how_bad_it_is_and_what_to_do() {
    let entries = entries();
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

/// The queries of the runbook are run by Prometheus in [`every_query_of_the_runbook_is_one`].
fn runbook_queries() -> Vec<String> {
    let runbook = std::fs::read_to_string(path(RUNBOOK)).expect("there is a runbook");
    let blocks = runbook.split("```promql\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().expect("a block ends"));
    blocks
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// All rules as Prometheus sees them, once it has evaluated each.
async fn evaluated(
    prometheus: &Prometheus,
    what: &str,
    is_so: impl Fn(&[Value]) -> bool,
) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = prometheus
            .ask("/api/v1/rules", &[])
            .await
            .unwrap_or_default();
        let groups = items(&answer["data"], "groups");
        let rules: Vec<_> = groups
            .iter()
            .flat_map(|group| items(group, "rules"))
            .cloned()
            .collect();
        for rule in &rules {
            assert_ne!(rule["health"], "err", "{rule}");
        }
        let all_ok = !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok");
        if all_ok && is_so(&rules) {
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

/// The alerts that are pending or firing.
fn active(rules: &[Value]) -> BTreeSet<String> {
    let active = rules
        .iter()
        .filter(|rule| rule["type"] == "alerting" && rule["state"] != "inactive");
    active.map(|rule| text(rule, "name").to_owned()).collect()
}

/// Whatever an alert is about, a real exporter that has this trouble sets it off; without an exporter those about its absence.
#[tokio::test(flavor = "multi_thread")]
async fn every_alert_sees_its_trouble_in_what_a_real_exporter_says() {
    let Some((_heroku, exporter)) = troubled::exporter().await else {
        return;
    };
    let target = exporter.addresses[0].to_string();
    let Some(prometheus) = Prometheus::with_rules(&[&target], Some(&path(RULES))) else {
        return;
    };
    let mut expected = names(&alerts(), "alert");
    for absence in OF_ITS_ABSENCE {
        expected.remove(absence);
    }
    let all = |rules: &[Value]| active(rules).is_superset(&expected);
    evaluated(&prometheus, "all but those of its absence", all).await;
    // An increase takes one failure before a scrape and one after it.
    let rules = evaluated(&prometheus, "the reason is told", tells_the_reason).await;
    let alerts = rules.iter().flat_map(|rule| items(rule, "alerts"));
    for annotations in alerts.map(|alert| alert["annotations"].to_string()) {
        assert!(!annotations.contains("error expanding"), "{annotations}");
    }
    for query in runbook_queries() {
        let answer = prometheus.ask("/api/v1/query", &[("query", &query)]).await;
        let answer = answer.expect("Prometheus answers");
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        assert!(
            !items(&answer["data"], "result").is_empty(),
            "{query} gives nothing"
        );
    }
    drop(exporter);
    let down = |rules: &[Value]| active(rules).contains("HerokuCostExporterDown");
    let rules = evaluated(&prometheus, "down", down).await;
    assert!(!active(&rules).contains("HerokuCostExporterAbsent"));
}

/// Whether the alert on the endpoint that gives 503 says so, whatever the team is called.
fn tells_the_reason(rules: &[Value]) -> bool {
    let is_failing = |rule: &&Value| rule["name"] == "HerokuCostEndpointFailing";
    let is_of_usage = |alert: &&Value| alert["labels"]["endpoint"] == "usage";
    let failing = rules.iter().find(is_failing);
    let alert = failing.and_then(|rule| items(rule, "alerts").iter().find(is_of_usage));
    alert.is_some_and(|alert| {
        text(&alert["annotations"], "description").contains("The reason is `server_error`")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_exporter_it_is_said_to_be_absent() {
    let Some(prometheus) = Prometheus::with_rules(&[], Some(&path(RULES))) else {
        return;
    };
    let absent = |rules: &[Value]| !active(rules).is_empty();
    let rules = evaluated(&prometheus, "absent", absent).await;
    assert_eq!(
        active(&rules),
        ["HerokuCostExporterAbsent".to_owned()].into()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_has_a_value_on_the_demo() {
    let (_directory, exporter) = grafana::demo_with_budgets(&["--date=2026-11-23"]).await;
    let target = exporter.addresses[0].to_string();
    let Some(prometheus) = Prometheus::with_rules(&[&target], Some(&path(RULES))) else {
        return;
    };
    evaluated(&prometheus, "evaluated", |_| true).await;
    for (record, labels) in recorded() {
        let found = until_some(&prometheus, &record).await;
        for (series, value) in found {
            assert!(value.is_finite(), "{series:?} is {value}");
            let own: BTreeSet<_> = series.labels.into_iter().map(|(label, _)| label).collect();
            assert!(own.is_subset(&labels), "{record}: {own:?}");
        }
    }
}

async fn until_some(prometheus: &Prometheus, expression: &str) -> BTreeMap<Series, f64> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = prometheus.query(expression).await;
        if !found.is_empty() {
            return found;
        }
        assert!(Instant::now() < deadline, "{expression} has no value");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The demo of today. What it spends depends on the day.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_to_be_wrong_with_the_demo() {
    let (_directory, exporter) = grafana::demo_with_budgets(&[]).await;
    let target = exporter.addresses[0].to_string();
    let Some(prometheus) = Prometheus::with_rules(&[&target], Some(&path(RULES))) else {
        return;
    };
    prometheus.settles_at("min(heroku_up)", 1.0).await;
    let mut said = BTreeSet::new();
    // For a while, because what is pending at first need not stay so.
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        said = active(&evaluated(&prometheus, "evaluated", |_| true).await);
    }
    said.retain(|alert| !OF_SPENDING.contains(&alert.as_str()));
    assert_eq!(said, BTreeSet::new());
}
