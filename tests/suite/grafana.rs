//! The Grafana dashboard: the file is up to date, the layout is valid, and every query returns
//! data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dashboard::interpolation::{Selection, interpolate, label_values};
use crate::dashboard::{FILE, WIDTH, dashboard};
use crate::documents::assert_document;
use crate::documents::code_blocks;
use crate::exporter::{Exporter, ExporterBuilder};
use crate::failing_company;
use crate::prometheus_server::{PrometheusServer, TIMEOUT};
use crate::promql::Names;
use crate::scenario::TeamCounts;
use crate::scrape::Scrape;
use crate::self_series::API_REQUESTS;

/// Panels that have data only if there is a problem.
const PROBLEM_PANELS: [&str; 3] = ["Next deletion", "Next suspension", "Token expires in"];

/// The teams of the demo with its default seed.
const TEAMS: [&str; 3] = ["tidewell-product", "tidewell-data", "tidewell-platform"];

/// Starts the demo with budgets and waits until its data is complete. Also returns the directory of
/// the configuration file.
pub(crate) async fn demo_with_budgets(arguments: &[&str]) -> (tempfile::TempDir, Exporter) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("config.yml");
    let budgets = json!({ "teams": [
        { "team": TEAMS[0], "budget_usd": 6000, "app_budget_usd": { "storefront-web-production": 1500, "checkout-api": 900 } },
        { "team": TEAMS[1], "budget_usd": 2500 },
    ] });
    std::fs::write(&file, budgets.to_string()).expect("the file is writable");
    let builder = ExporterBuilder::new(&["demo", "--poll.interval=1s"]);
    let builder = arguments
        .iter()
        .fold(builder, |builder, argument| builder.arg(argument));
    let builder = builder.env("CONFIG_FILE", file.to_str().expect("the path is UTF-8"));
    let exporter = builder.start().await;
    let complete = TeamCounts {
        invoices: 3,
        usage: 3,
    };
    let license_requests = |scrape: &Scrape| {
        let requests = scrape
            .series(API_REQUESTS)
            .filter(|(series, _)| series.label("endpoint") == Some("licenses"));
        requests
            .filter_map(|(_, value)| value.parse::<f64>().ok())
            .sum::<f64>()
    };
    exporter
        .wait_for_scrape("the complete demo data", |scrape| {
            TeamCounts::from_scrape(scrape) == complete && license_requests(scrape) >= 3.0
        })
        .await;
    (directory, exporter)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    let text = value[key].as_str();
    text.unwrap_or_else(|| panic!("{key} is missing: {value}"))
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    list(dashboard, "panels")
        .iter()
        .filter(|panel| panel["type"] != "row")
}

#[test]
fn dashboard_file_is_up_to_date() {
    let mut text = serde_json::to_string_pretty(&dashboard()).expect("JSON values serialize");
    text.push('\n');
    assert_document(FILE, &text);
}

#[test]
fn every_panel_has_description_unit_and_data_source() {
    let dashboard = dashboard();
    let mut titles = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = text(panel, "title");
        assert!(titles.insert(title), "duplicate title {title}");
        assert!(text(panel, "description").ends_with('.'), "{title}");
        assert!(
            !text(&panel["fieldConfig"]["defaults"], "unit").is_empty(),
            "{title}"
        );
        assert!(!list(panel, "targets").is_empty(), "{title}");
        let datasource = json!({ "type": "prometheus", "uid": "${datasource}" });
        assert_eq!(panel["datasource"], datasource, "{title}");
        let ref_ids: BTreeSet<_> = list(panel, "targets")
            .iter()
            .map(|target| text(target, "refId"))
            .collect();
        assert_eq!(ref_ids.len(), list(panel, "targets").len(), "{title}");
        for target in list(panel, "targets") {
            assert_eq!(target["datasource"], datasource, "{title}");
        }
    }
    assert_eq!(
        text(&dashboard, "uid"),
        "heroku-cost",
        "links contain the uid"
    );
}

/// Returns the position and the size of a panel on the grid.
fn grid_position(panel: &Value) -> [u64; 4] {
    ["x", "y", "w", "h"].map(|part| panel["gridPos"][part].as_u64().expect("a number"))
}

#[test]
fn panels_do_not_overlap() {
    let dashboard = dashboard();
    let mut ids = BTreeSet::new();
    let mut covered = BTreeMap::new();
    for panel in list(&dashboard, "panels") {
        let title = text(panel, "title");
        assert!(
            ids.insert(panel["id"].as_u64().expect("a number")),
            "{title}"
        );
        let [x, y, w, h] = grid_position(panel);
        assert!(w > 0 && h > 0 && x + w <= u64::from(WIDTH), "{title}");
        for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |line| (column, line))) {
            let other = covered.insert(cell, title);
            assert_eq!(other, None, "{title} overlaps another panel");
        }
    }
    let rows = list(&dashboard, "panels")
        .iter()
        .filter(|panel| panel["type"] == "row");
    let rows: Vec<_> = rows.map(|row| text(row, "title")).collect();
    assert_eq!(rows.len(), 8, "{rows:?}");
}

#[test]
fn every_metric_and_label_is_declared() {
    let dashboard = dashboard();
    let none = BTreeMap::new();
    for panel in panels(&dashboard) {
        for target in list(panel, "targets") {
            let expr = text(target, "expr");
            let names = Names::parse(expr);
            names.assert_known(expr, &none);
            let legacy = names.metrics.keys().filter(|metric| {
                crate::legacy_metrics::LEGACY_METRICS
                    .iter()
                    .any(|(name, _)| name == metric)
            });
            assert_eq!(
                legacy.count(),
                0,
                "no data with --metrics.legacy=false: {expr}"
            );
        }
    }
    for variable in list(&dashboard["templating"], "list") {
        if variable["type"] == "query" {
            let (selector, label) = label_values(text(&variable["query"], "query"));
            let mut names = Names::parse(selector);
            names.grouping.insert(label.to_owned());
            names.assert_known(selector, &none);
        }
    }
}

/// Runs the query of a target and returns the labels of its series.
async fn series(
    prometheus: &PrometheusServer,
    target: &Value,
    team: &Selection,
    app: &Selection,
) -> BTreeSet<BTreeMap<String, String>> {
    let expr = interpolate(text(target, "expr"), team, app);
    let now = prometheus.now().await;
    let (start, end) = ((now - 60.0).to_string(), now.to_string());
    let response = if target["instant"] == true {
        prometheus
            .api("/api/v1/query", &[("query", &expr), ("time", &end)])
            .await
    } else {
        let range = [
            ("query", expr.as_str()),
            ("start", &start),
            ("end", &end),
            ("step", "1"),
        ];
        prometheus.api("/api/v1/query_range", &range).await
    };
    let response = response.unwrap_or_default();
    assert_eq!(response["status"], "success", "{expr}: {response}");
    let is_number = |pair: &Value| {
        let number = pair[1]
            .as_str()
            .and_then(|number| number.parse::<f64>().ok());
        number.is_some_and(f64::is_finite)
    };
    let result = list(&response["data"], "result").iter();
    // Grafana draws nothing for series without a finite value.
    let result = result.filter(|series| {
        is_number(&series["value"]) || list(series, "values").iter().any(is_number)
    });
    let labels = result
        .map(|series| serde_json::from_value(series["metric"].clone()).expect("a set of labels"));
    labels.collect()
}

/// Returns the panels and queries without data.
async fn queries_without_data(
    prometheus: &PrometheusServer,
    dashboard: &Value,
) -> BTreeSet<(String, String)> {
    let mut without = BTreeSet::new();
    for panel in panels(dashboard) {
        for target in list(panel, "targets") {
            if series(prometheus, target, &Selection::All, &Selection::All)
                .await
                .is_empty()
            {
                without.insert((
                    text(panel, "title").to_owned(),
                    text(target, "expr").to_owned(),
                ));
            }
        }
    }
    without
}

/// Waits until all panels have data except these.
async fn wait_for_data(prometheus: &PrometheusServer, dashboard: &Value, except: &[&str]) {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let without = queries_without_data(prometheus, dashboard).await;
        let titles: BTreeSet<_> = without.iter().map(|(title, _)| title.as_str()).collect();
        if titles == except.iter().copied().collect() {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "panels without data: {without:#?}"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Queries the values of a dashboard variable like Grafana.
async fn variable_values(
    prometheus: &PrometheusServer,
    dashboard: &Value,
    name: &str,
    team: &Selection,
) -> Vec<String> {
    let variables = list(&dashboard["templating"], "list");
    let variable = variables
        .iter()
        .find(|variable| variable["name"] == name)
        .expect("the variable exists");
    let (selector, label) = label_values(text(&variable["query"], "query"));
    let selector = interpolate(selector, team, &Selection::All);
    let response = prometheus
        .api(
            &format!("/api/v1/label/{label}/values"),
            &[("match[]", &selector)],
        )
        .await;
    let response = response.expect("Prometheus responds");
    assert_eq!(response["status"], "success", "{selector}: {response}");
    serde_json::from_value(response["data"].clone()).expect("a list of values")
}

/// Returns the labels in a legend format.
fn legend_labels(legend: &str) -> BTreeSet<&str> {
    let parts = legend.split("{{").skip(1);
    parts
        .map(|part| part.split_once("}}").expect("the braces are closed").0)
        .collect()
}

/// Asserts that the labels of legends, the columns of tables and the fields of overrides exist in
/// the results.
async fn assert_fields_exist(prometheus: &PrometheusServer, panel: &Value) {
    let title = text(panel, "title");
    let mut labels = BTreeSet::new();
    let mut legends = BTreeSet::new();
    let targets = list(panel, "targets");
    let mut fields = BTreeSet::new();
    for target in targets {
        let legend = text(target, "legendFormat");
        legends.insert(legend.to_owned());
        for series in series(prometheus, target, &Selection::All, &Selection::All).await {
            for label in legend_labels(legend) {
                assert!(
                    series.contains_key(label),
                    "{title}: no {label} in {series:?}"
                );
            }
            labels.extend(series.into_keys());
        }
        let value = if targets.len() == 1 {
            "Value".to_owned()
        } else {
            format!("Value #{}", text(target, "refId"))
        };
        fields.insert(value);
    }
    let mut names = legends;
    for transformation in list(panel, "transformations") {
        let options = &transformation["options"];
        if transformation["id"] == "organize" {
            let renamed = options["renameByName"]
                .as_object()
                .expect("a map of columns");
            let columns: BTreeSet<_> = renamed.keys().cloned().collect();
            let mut expected = fields.clone();
            expected.extend(labels.clone());
            assert_eq!(columns, expected, "{title}");
            names = renamed
                .values()
                .map(|name| name.as_str().expect("a name").to_owned())
                .collect();
        } else if transformation["id"] == "groupingToMatrix" {
            let option = |field| text(options, field).to_owned();
            assert_eq!(
                labels,
                BTreeSet::from([option("rowField"), option("columnField")]),
                "{title}"
            );
            assert_eq!(fields, BTreeSet::from([option("valueField")]), "{title}");
        } else if transformation["id"] == "filterByValue" {
            assert!(
                names.contains(text(&options["filters"][0], "fieldName")),
                "{title}"
            );
        }
    }
    let sorted = list(&panel["options"], "sortBy")
        .iter()
        .map(|by| text(by, "displayName"));
    let overridden = list(&panel["fieldConfig"], "overrides")
        .iter()
        .map(|by| text(&by["matcher"], "options"));
    for name in sorted.chain(overridden) {
        assert!(names.contains(name), "{title} has no {name}: {names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_returns_data_in_the_demo() {
    let (_directory, exporter) = demo_with_budgets(&["--date=2026-11-23"]).await;
    let Some(prometheus) = PrometheusServer::start_scraping(&exporter.addresses[0].to_string())
    else {
        return;
    };
    prometheus.wait_for_value("up", 1.0).await;
    let dashboard = dashboard();
    wait_for_data(&prometheus, &dashboard, &PROBLEM_PANELS).await;
    let teams = variable_values(&prometheus, &dashboard, "team", &Selection::All).await;
    assert_eq!(
        teams.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        TEAMS.into()
    );
    let platform = Selection::Values(vec![TEAMS[2].to_owned()]);
    let apps = variable_values(&prometheus, &dashboard, "app", &Selection::All).await;
    let platform_apps = variable_values(&prometheus, &dashboard, "app", &platform).await;
    assert!(!platform_apps.is_empty() && platform_apps.len() < apps.len());
    let (teams, apps) = (Selection::Values(teams), Selection::Values(apps));
    for panel in panels(&dashboard) {
        assert_fields_exist(&prometheus, panel).await;
        for target in list(panel, "targets") {
            // Selecting every value is equivalent to selecting all.
            let all = series(&prometheus, target, &Selection::All, &Selection::All).await;
            assert_eq!(
                series(&prometheus, target, &teams, &apps).await,
                all,
                "{target}"
            );
            // With one team selected there is no data of other teams.
            if text(target, "expr").contains("$team") {
                let selected = series(&prometheus, target, &platform, &Selection::All).await;
                let others = selected
                    .iter()
                    .filter(|labels| labels.get("team_name").is_some_and(|team| team != TEAMS[2]));
                assert_eq!(others.count(), 0, "{target}");
            }
        }
    }
}

/// Returns the queries in a document, which comments and blank lines separate.
fn queries_in(document: &str) -> Vec<String> {
    let mut queries = vec![String::new()];
    for (_, block) in code_blocks(document, "promql") {
        for line in block.lines().chain([""]) {
            let is_separator = line.is_empty() || line.starts_with('#');
            match queries.last_mut() {
                Some(query) if !is_separator => query.push_str(&format!("{line}\n")),
                _ => queries.push(String::new()),
            }
        }
    }
    queries.retain(|query| !query.is_empty());
    queries
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_returns_data() {
    let (_directory, demo) = demo_with_budgets(&[]).await;
    let Some((_heroku, failing)) = failing_company::start_exporter().await else {
        return;
    };
    let targets = [&demo, &failing].map(|exporter| exporter.addresses[0].to_string());
    let targets = targets.each_ref().map(String::as_str);
    let Some(prometheus) = PrometheusServer::start_with_rules(&targets, None) else {
        return;
    };
    prometheus.wait_for_value("sum(up)", 2.0).await;
    // The other documents with queries have tests of their own.
    let queries = ["README.md", "docs/COSTS.md"].map(queries_in).concat();
    assert!(queries.len() > 10, "{queries:#?}");
    for query in &queries {
        let found = prometheus.query(query).await;
        assert!(!found.is_empty(), "{query}");
        // A new app has no cost of last month.
        if query.contains("period=\"previous\"") {
            let apps = "sum by (team_name, app_name) (heroku_app_cost_forecast_usd)";
            assert_eq!(found.len(), prometheus.query(apps).await.len(), "{query}");
        }
    }
}

/// The query that compares the Go program with this one.
#[tokio::test(flavor = "multi_thread")]
async fn migration_query_finds_differences() {
    let (_directory, new) = demo_with_budgets(&["--date=2026-11-23"]).await;
    let (_directory, old) = demo_with_budgets(&["--date=2026-11-24"]).await;
    let jobs = [("new", &new), ("old", &old)];
    let targets = jobs.map(|(job, exporter)| (job, exporter.addresses[0].to_string()));
    let jobs = targets
        .each_ref()
        .map(|(job, target)| (*job, target.as_str()));
    let Some(prometheus) = PrometheusServer::start_with_jobs(&jobs, None) else {
        return;
    };
    prometheus.wait_for_value("sum(up)", 2.0).await;
    let queries = queries_in("docs/MIGRATION.md");
    assert_eq!(queries.len(), 1, "{queries:#?}");
    assert!(
        !prometheus.query(&queries[0]).await.is_empty(),
        "{queries:?}"
    );
}

/// The problem panels have data, also with a team selected whose name needs escaping.
#[tokio::test(flavor = "multi_thread")]
async fn problem_panels_show_problems() {
    let Some((_heroku, exporter)) = failing_company::start_exporter().await else {
        return;
    };
    let Some(prometheus) = PrometheusServer::start_scraping(&exporter.addresses[0].to_string())
    else {
        return;
    };
    prometheus.wait_for_value("up", 1.0).await;
    let dashboard = dashboard();
    let team = Selection::Values(vec![failing_company::DELINQUENT_TEAM.to_owned()]);
    let teams = variable_values(&prometheus, &dashboard, "team", &Selection::All).await;
    assert!(
        teams.contains(&failing_company::DELINQUENT_TEAM.to_owned()),
        "{teams:?}"
    );
    let apps = variable_values(&prometheus, &dashboard, "app", &team).await;
    assert_eq!(apps, ["api", "shop"]);
    for panel in panels(&dashboard).filter(|panel| PROBLEM_PANELS.contains(&text(panel, "title"))) {
        for target in list(panel, "targets") {
            let found = series(&prometheus, target, &team, &Selection::All).await;
            assert!(!found.is_empty(), "{target}");
        }
    }
}
