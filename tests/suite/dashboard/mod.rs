//! Generates the Grafana dashboard, `dashboards/heroku-cost.json`. The tests are in `grafana`.
//!
//! `UPDATE_DOCS=1 cargo test --test suite grafana` updates the file.

mod costs;
mod health;
pub(crate) mod interpolation;
mod invoices;
mod panel;

use panel::{Panel, datasource};
use serde_json::{Value, json};

/// The number of columns of Grafana's grid.
pub(crate) const WIDTH: u32 = 24;

/// The path of the dashboard in the repository.
pub(crate) const FILE: &str = "dashboards/heroku-cost.json";

/// Returns the dashboard as Grafana's JSON model.
pub(crate) fn dashboard() -> Value {
    json!({
        "title": "Heroku costs",
        "description": "What Heroku costs, by team, by app and by kind, and where the month will end. Made for heroku-cost-exporter.",
        "uid": "heroku-cost",
        "tags": ["heroku", "cost"],
        "schemaVersion": 41,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "5m",
        "time": { "from": "now-30d", "to": "now" },
        "timezone": "utc",
        "weekStart": "",
        "fiscalYearStartMonth": 0,
        "annotations": { "list": [] },
        "links": [
            link("Metrics", "docs/METRICS.md"),
            link("What each dollar is", "docs/COSTS.md"),
            link("Runbook", "docs/RUNBOOK.md"),
        ],
        "templating": { "list": [
            {
                "name": "datasource", "type": "datasource", "label": "Prometheus", "query": "prometheus",
                "regex": "", "refresh": 1, "hide": 0, "multi": false, "includeAll": false, "current": {}, "options": [],
            },
            variable("team", "Team", r#"label_values({__name__=~"heroku_team_cost_usd|heroku_invoice_history_usd|heroku_invoice_amount_usd"}, team_name)"#),
            variable("app", "App", r#"label_values(heroku_app_cost_usd{team_name=~"$team"}, app_name)"#),
        ] },
        "panels": lay_out(costs::rows().into_iter().chain(invoices::rows()).chain(health::rows())),
    })
}

fn link(title: &str, document: &str) -> Value {
    let repository = env!("CARGO_PKG_REPOSITORY");
    json!({
        "title": title, "type": "link", "url": format!("{repository}/blob/main/{document}"), "icon": "doc",
        "targetBlank": true, "asDropdown": false, "includeVars": false, "keepTime": false, "tags": [], "tooltip": "",
    })
}

/// A variable with the values of a label, of which several or all can be selected.
fn variable(name: &str, label: &str, query: &str) -> Value {
    json!({
        "name": name, "type": "query", "label": label, "datasource": datasource(),
        "query": { "qryType": 1, "query": query, "refId": format!("variable-{name}") },
        "definition": query, "refresh": 2, "sort": 1, "regex": "", "hide": 0, "multi": true,
        "includeAll": true, "allValue": ".*", "current": { "text": ["All"], "value": ["$__all"] }, "options": [],
    })
}

/// Lays out panels from left to right and from top to bottom, with a row panel above each row.
fn lay_out(rows: impl Iterator<Item = (&'static str, Vec<Panel>)>) -> Vec<Value> {
    let mut panels_json = Vec::new();
    let mut id = 0;
    let mut y = 0;
    for (title, panels) in rows {
        id += 1;
        panels_json.push(json!({
            "id": id, "type": "row", "title": title, "collapsed": false, "panels": [],
            "gridPos": { "x": 0, "y": y, "w": WIDTH, "h": 1 },
        }));
        y += 1;
        let (mut x, mut line_height) = (0, 0);
        for panel in panels {
            if x + panel.width > WIDTH {
                (x, y, line_height) = (0, y + line_height, 0);
            }
            id += 1;
            let (width, height) = (panel.width, panel.height);
            panels_json.push(panel.into_json(id, x, y));
            x += width;
            line_height = line_height.max(height);
        }
        y += line_height;
    }
    panels_json
}
