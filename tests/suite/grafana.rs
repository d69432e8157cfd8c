//! The Grafana dashboard: it is what `dashboard` makes, it can be laid out, and each of its queries gives data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dashboard::interpolation::{Picked, interpolated, label_values};
use crate::dashboard::{FILE, WIDTH, dashboard};
use crate::documents::assert_document;
use crate::exporter::{Exporter, ExporterBuilder};
use crate::failing_company;
use crate::prometheus_server::{PrometheusServer, TIMEOUT};
use crate::promql::Names;
use crate::scenario::TeamCounts;
use crate::scrape::Scrape;
use crate::self_series::API_REQUESTS;

/// Panels that have something to show only where something is wrong or will be.
const OF_TROUBLE: [&str; 3] = ["Next deletion", "Next suspension", "Token expires in"];

/// The demo's company, of the seed that it has by itself.
const TEAMS: [&str; 3] = ["tidewell-product", "tidewell-data", "tidewell-platform"];

/// The demo with budgets, once all that it will say has come, and where its configuration file is.
pub(crate) async fn demo_with_budgets(arguments: &[&str]) -> (tempfile::TempDir, Exporter) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.yml");
    let budgets = json!({ "teams": [
        { "team": TEAMS[0], "budget_usd": 6000, "app_budget_usd": { "storefront-web-production": 1500, "checkout-api": 900 } },
        { "team": TEAMS[1], "budget_usd": 2500 },
    ] });
    std::fs::write(&file, budgets.to_string()).expect("it can be written");
    let builder = ExporterBuilder::new(&["demo", "--poll.interval=1s"]);
    let builder = arguments
        .iter()
        .fold(builder, |builder, argument| builder.arg(argument));
    let builder = builder.env("CONFIG_FILE", file.to_str().expect("a path that is text"));
    let exporter = builder.start().await;
    let all = TeamCounts {
        invoices: 3,
        usage: 3,
    };
    let licenses = |scrape: &Scrape| {
        let of_licenses = scrape
            .series(API_REQUESTS)
            .filter(|(series, _)| series.label("endpoint") == Some("licenses"));
        of_licenses
            .filter_map(|(_, number)| number.parse::<f64>().ok())
            .sum::<f64>()
    };
    exporter
        .wait_for_scrape("the demo", |scrape| {
            TeamCounts::from_scrape(scrape) == all && licenses(scrape) >= 3.0
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
fn the_file_is_what_is_made_here() {
    let mut text = serde_json::to_string_pretty(&dashboard()).expect("JSON");
    text.push('\n');
    assert_document(FILE, &text);
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    let dashboard = dashboard();
    let mut titles = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = text(panel, "title");
        assert!(titles.insert(title), "{title} stands twice");
        assert!(text(panel, "description").ends_with('.'), "{title}");
        assert!(
            !text(&panel["fieldConfig"]["defaults"], "unit").is_empty(),
            "{title}"
        );
        assert!(!list(panel, "targets").is_empty(), "{title}");
        let of_reader = json!({ "type": "prometheus", "uid": "${datasource}" });
        assert_eq!(panel["datasource"], of_reader, "{title}");
        let letters: BTreeSet<_> = list(panel, "targets")
            .iter()
            .map(|target| text(target, "refId"))
            .collect();
        assert_eq!(letters.len(), list(panel, "targets").len(), "{title}");
        for target in list(panel, "targets") {
            assert_eq!(target["datasource"], of_reader, "{title}");
        }
    }
    assert_eq!(
        text(&dashboard, "uid"),
        "heroku-cost",
        "links to it would break"
    );
}

/// Where a panel stands: the columns and lines that it covers.
fn place(panel: &Value) -> [u64; 4] {
    ["x", "y", "w", "h"].map(|part| panel["gridPos"][part].as_u64().expect("a number"))
}

#[test]
fn no_panel_covers_another() {
    let dashboard = dashboard();
    let mut ids = BTreeSet::new();
    let mut covered = BTreeMap::new();
    for panel in list(&dashboard, "panels") {
        let title = text(panel, "title");
        assert!(
            ids.insert(panel["id"].as_u64().expect("a number")),
            "{title}"
        );
        let [x, y, w, h] = place(panel);
        assert!(w > 0 && h > 0 && x + w <= u64::from(WIDTH), "{title}");
        for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |line| (column, line))) {
            let other = covered.insert(cell, title);
            assert_eq!(other, None, "{title} covers another");
        }
    }
    // No cell is left over but at the right of a line: rows of panels are closed.
    let rows = list(&dashboard, "panels")
        .iter()
        .filter(|panel| panel["type"] == "row");
    let rows: Vec<_> = rows.map(|row| text(row, "title")).collect();
    assert_eq!(rows.len(), 8, "{rows:?}");
}

#[test]
fn every_metric_and_label_is_in_the_catalogue() {
    let dashboard = dashboard();
    let none = BTreeMap::new();
    for panel in panels(&dashboard) {
        for target in list(panel, "targets") {
            let expr = text(target, "expr");
            let names = Names::parse(expr);
            names.assert_known(expr, &none);
            let seeds = names.metrics.keys().filter(|metric| {
                crate::legacy_metrics::LEGACY_METRICS
                    .iter()
                    .any(|(seed, _)| seed == metric)
            });
            assert_eq!(
                seeds.count(),
                0,
                "--metrics.legacy=false would empty it: {expr}"
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

/// The series that a target gives: their labels.
async fn series(
    prometheus: &PrometheusServer,
    target: &Value,
    team: &Picked,
    app: &Picked,
) -> BTreeSet<BTreeMap<String, String>> {
    let expr = interpolated(text(target, "expr"), team, app);
    let now = prometheus.now().await;
    let (start, end) = ((now - 60.0).to_string(), now.to_string());
    let answer = if target["instant"] == true {
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
    let answer = answer.unwrap_or_default();
    assert_eq!(answer["status"], "success", "{expr}: {answer}");
    let is_number = |pair: &Value| {
        let number = pair[1]
            .as_str()
            .and_then(|number| number.parse::<f64>().ok());
        number.is_some_and(f64::is_finite)
    };
    let result = list(&answer["data"], "result").iter();
    // What is no number anywhere draws nothing.
    let result = result.filter(|series| {
        is_number(&series["value"]) || list(series, "values").iter().any(is_number)
    });
    let labels =
        result.map(|series| serde_json::from_value(series["metric"].clone()).expect("labels"));
    labels.collect()
}

/// The targets of each panel that give nothing.
async fn without_data(
    prometheus: &PrometheusServer,
    dashboard: &Value,
) -> BTreeSet<(String, String)> {
    let mut without = BTreeSet::new();
    for panel in panels(dashboard) {
        for target in list(panel, "targets") {
            if series(prometheus, target, &Picked::All, &Picked::All)
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

/// Waits until only the panels of trouble give nothing, or not even these.
async fn all_have_data(prometheus: &PrometheusServer, dashboard: &Value, but: &[&str]) {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let without = without_data(prometheus, dashboard).await;
        let titles: BTreeSet<_> = without.iter().map(|(title, _)| title.as_str()).collect();
        if titles == but.iter().copied().collect() {
            return;
        }
        assert!(Instant::now() < deadline, "without data: {without:#?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The values that a variable offers, asked for as Grafana does.
async fn offered(
    prometheus: &PrometheusServer,
    dashboard: &Value,
    name: &str,
    team: &Picked,
) -> Vec<String> {
    let variables = list(&dashboard["templating"], "list");
    let variable = variables
        .iter()
        .find(|variable| variable["name"] == name)
        .expect("a variable");
    let (selector, label) = label_values(text(&variable["query"], "query"));
    let selector = interpolated(selector, team, &Picked::All);
    let answer = prometheus
        .api(
            &format!("/api/v1/label/{label}/values"),
            &[("match[]", &selector)],
        )
        .await;
    let answer = answer.expect("Prometheus answers");
    assert_eq!(answer["status"], "success", "{selector}: {answer}");
    serde_json::from_value(answer["data"].clone()).expect("values")
}

/// The labels that a legend shows.
fn shown(legend: &str) -> BTreeSet<&str> {
    let parts = legend.split("{{").skip(1);
    parts
        .map(|part| part.split_once("}}").expect("it is closed").0)
        .collect()
}

/// Asserts that what a panel shows of its answers is there: labels of legends, columns of tables, and
/// what overrides are for.
async fn assert_shows(prometheus: &PrometheusServer, panel: &Value) {
    let title = text(panel, "title");
    let mut labels = BTreeSet::new();
    let mut legends = BTreeSet::new();
    let targets = list(panel, "targets");
    let mut fields = BTreeSet::new();
    for target in targets {
        let legend = text(target, "legendFormat");
        legends.insert(legend.to_owned());
        for series in series(prometheus, target, &Picked::All, &Picked::All).await {
            for label in shown(legend) {
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
            let renamed = options["renameByName"].as_object().expect("columns");
            let columns: BTreeSet<_> = renamed.keys().cloned().collect();
            let mut expected = fields.clone();
            expected.extend(labels.clone());
            assert_eq!(columns, expected, "{title}");
            names = renamed
                .values()
                .map(|name| name.as_str().expect("a name").to_owned())
                .collect();
        } else if transformation["id"] == "groupingToMatrix" {
            let of = |field| text(options, field).to_owned();
            assert_eq!(
                labels,
                BTreeSet::from([of("rowField"), of("columnField")]),
                "{title}"
            );
            assert_eq!(fields, BTreeSet::from([of("valueField")]), "{title}");
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
async fn every_query_gives_data_on_the_demo() {
    let (_directory, exporter) = demo_with_budgets(&["--date=2026-11-23"]).await;
    let Some(prometheus) = PrometheusServer::start_scraping(&exporter.addresses[0].to_string())
    else {
        return;
    };
    prometheus.wait_for_value("up", 1.0).await;
    let dashboard = dashboard();
    all_have_data(&prometheus, &dashboard, &OF_TROUBLE).await;
    let teams = offered(&prometheus, &dashboard, "team", &Picked::All).await;
    assert_eq!(
        teams.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        TEAMS.into()
    );
    let platform = Picked::Values(vec![TEAMS[2].to_owned()]);
    let apps = offered(&prometheus, &dashboard, "app", &Picked::All).await;
    let of_platform = offered(&prometheus, &dashboard, "app", &platform).await;
    assert!(!of_platform.is_empty() && of_platform.len() < apps.len());
    let (teams, apps) = (Picked::Values(teams), Picked::Values(apps));
    for panel in panels(&dashboard) {
        assert_shows(&prometheus, panel).await;
        for target in list(panel, "targets") {
            // All picked one by one are all.
            let all = series(&prometheus, target, &Picked::All, &Picked::All).await;
            assert_eq!(
                series(&prometheus, target, &teams, &apps).await,
                all,
                "{target}"
            );
            // What has a team is of the team picked.
            if text(target, "expr").contains("$team") {
                let of_one = series(&prometheus, target, &platform, &Picked::All).await;
                let others = of_one
                    .iter()
                    .filter(|labels| labels.get("team_name").is_some_and(|team| team != TEAMS[2]));
                assert_eq!(others.count(), 0, "{target}");
            }
        }
    }
}

/// Where something is wrong the panels of trouble show it, and a team whose name is hard to quote can be picked.
#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_shown() {
    let Some((_heroku, exporter)) = failing_company::start_exporter().await else {
        return;
    };
    let Some(prometheus) = PrometheusServer::start_scraping(&exporter.addresses[0].to_string())
    else {
        return;
    };
    prometheus.wait_for_value("up", 1.0).await;
    let dashboard = dashboard();
    let late = Picked::Values(vec![failing_company::DELINQUENT_TEAM.to_owned()]);
    let teams = offered(&prometheus, &dashboard, "team", &Picked::All).await;
    assert!(
        teams.contains(&failing_company::DELINQUENT_TEAM.to_owned()),
        "{teams:?}"
    );
    let apps = offered(&prometheus, &dashboard, "app", &late).await;
    assert_eq!(apps, ["api", "shop"]);
    for panel in panels(&dashboard).filter(|panel| OF_TROUBLE.contains(&text(panel, "title"))) {
        for target in list(panel, "targets") {
            let found = series(&prometheus, target, &late, &Picked::All).await;
            assert!(!found.is_empty(), "{target}");
        }
    }
}
