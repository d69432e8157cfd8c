//! The PromQL successors of the legacy metrics, and their table in `docs/COSTS.md`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;

use heroku_cost_exporter::metrics::descriptors;

use crate::documents::assert_part;
use crate::external_tools;
use crate::legacy_metrics::LEGACY_METRICS;

/// Each legacy metric and the expression of its successor.
const SUCCESSORS: [(&str, &str); 20] = [
    (
        "heroku_invoice_current_total_usd",
        r#"heroku_invoice_amount_usd{period="current"}"#,
    ),
    (
        "heroku_invoice_current_charges_total_usd",
        r#"heroku_invoice_charges_usd{period="current"}"#,
    ),
    (
        "heroku_invoice_current_credits_total_usd",
        r#"heroku_invoice_credits_usd{period="current"}"#,
    ),
    (
        "heroku_invoice_current_addons_total_usd",
        r#"heroku_invoice_addons_usd{period="current"}"#,
    ),
    (
        "heroku_invoice_current_database_total_usd",
        r#"heroku_invoice_database_usd{period="current"}"#,
    ),
    (
        "heroku_invoice_current_platform_total_usd",
        r#"heroku_invoice_platform_usd{period="current"}"#,
    ),
    (
        "heroku_invoice_current_dyno_units",
        r#"heroku_invoice_dyno_units{period="current"}"#,
    ),
    (
        "heroku_invoice_current_weighted_dyno_hours",
        r#"heroku_invoice_dyno_seconds{period="current"} / 3600"#,
    ),
    (
        "heroku_invoice_previous_total_usd",
        r#"heroku_invoice_amount_usd{period="previous"}"#,
    ),
    (
        "heroku_invoice_previous_charges_total_usd",
        r#"heroku_invoice_charges_usd{period="previous"}"#,
    ),
    (
        "heroku_invoice_previous_credits_total_usd",
        r#"heroku_invoice_credits_usd{period="previous"}"#,
    ),
    (
        "heroku_invoice_previous_addons_total_usd",
        r#"heroku_invoice_addons_usd{period="previous"}"#,
    ),
    (
        "heroku_invoice_previous_database_total_usd",
        r#"heroku_invoice_database_usd{period="previous"}"#,
    ),
    (
        "heroku_invoice_previous_platform_total_usd",
        r#"heroku_invoice_platform_usd{period="previous"}"#,
    ),
    (
        "heroku_invoice_previous_dyno_units",
        r#"heroku_invoice_dyno_units{period="previous"}"#,
    ),
    (
        "heroku_invoice_previous_weighted_dyno_hours",
        r#"heroku_invoice_dyno_seconds{period="previous"} / 3600"#,
    ),
    (
        "heroku_team_usage_current_usd",
        r#"heroku_app_cost_usd{period="current", category=~"data|partner"}"#,
    ),
    (
        "heroku_team_usage_previous_usd",
        r#"heroku_app_cost_usd{period="previous", category=~"data|partner"}"#,
    ),
    (
        "heroku_team_usage_current_dyno_units",
        r#"heroku_app_dyno_units{period="current"}"#,
    ),
    (
        "heroku_team_usage_previous_dyno_units",
        r#"heroku_app_dyno_units{period="previous"}"#,
    ),
];

/// Series and labels of legacy metrics whose values are in another metric.
const PARTS: [(&str, &str); 6] = [
    (
        r#"heroku_team_usage_…_usd{type="addons"}"#,
        r#"sum by (team_name, app_name) (heroku_app_cost_usd{period="current", category=~"data|partner"})"#,
    ),
    (
        r#"heroku_team_usage_…_usd{app_name="_team_total"}"#,
        r#"heroku_team_cost_usd{period="current", category=~"data|partner"}"#,
    ),
    (
        r#"heroku_team_usage_…_usd{type="connect"}"#,
        r#"heroku_team_connect_rows{period="current"}"#,
    ),
    (
        r#"heroku_team_usage_…_dyno_units{app_name="_team_total"}"#,
        r#"heroku_team_dyno_units{period="current"}"#,
    ),
    (
        "labels `payment_status` and `period_end`",
        "heroku_invoice_amount_usd * on (team_name, period) group_left (payment_status, period_end) heroku_invoice_info",
    ),
    (
        r#"label `state="1"`"#,
        r#"heroku_invoice_state{state="successful"} == 1"#,
    ),
];

fn successors_table() -> String {
    let mut text = "Go program | successor\n---|---\n".to_owned();
    for (legacy, expression) in SUCCESSORS.into_iter().chain(PARTS) {
        let legacy = if legacy.contains('`') {
            legacy.to_owned()
        } else {
            format!("`{legacy}`")
        };
        let expression = expression.replace('|', "\\|");
        let _ = writeln!(text, "{legacy} | `{expression}`");
    }
    text.push_str(
        "\nThe successors of usage metrics are in dollars, so they differ if `price.addon_credit_usd` is set. `_team_total` includes \
         usage of no app, which is `category=\"other\"`.\n",
    );
    text
}

#[test]
fn every_legacy_metric_has_a_successor() {
    let legacy = SUCCESSORS.map(|(legacy, _)| legacy);
    assert_eq!(legacy, LEGACY_METRICS.map(|(name, _)| name));
    let names: BTreeSet<_> = descriptors::all().map(|metric| metric.name).collect();
    for (title, expression) in SUCCESSORS.into_iter().chain(PARTS) {
        let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let mut metrics = words.filter(|word| word.starts_with("heroku_")).peekable();
        assert!(metrics.peek().is_some(), "{title}");
        for metric in metrics {
            assert!(
                names.contains(metric) && !legacy.contains(&metric),
                "{title}: {metric}"
            );
        }
    }
    assert_part("docs/COSTS.md", "successors", &successors_table());
}

#[test]
fn promtool_accepts_every_documented_expression() {
    let Some(promtool) = external_tools::promtool() else {
        return;
    };
    let document = include_str!("../../docs/COSTS.md");
    let blocks = document
        .split("```promql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let lines = blocks
        .flat_map(str::lines)
        .filter(|line| !line.starts_with('#'));
    let expressions: Vec<_> = lines
        .chain(
            SUCCESSORS
                .into_iter()
                .chain(PARTS)
                .map(|(_, expression)| expression),
        )
        .collect();
    assert!(expressions.len() > 30, "{expressions:?}");
    let rules: Vec<_> = expressions
        .iter()
        .enumerate()
        .map(|(number, expression)| serde_json::json!({"record": format!("test:{number}"), "expr": expression}))
        .collect();
    let file = serde_json::json!({"groups": [{"name": "document", "rules": rules}]});
    let directory = tempfile::tempdir().expect("a temporary directory");
    // JSON is valid YAML.
    let path = directory.path().join("rules.yml");
    std::fs::write(&path, file.to_string()).expect("the directory is writable");
    let output = Command::new(promtool)
        .args(["check", "rules"])
        .arg(&path)
        .output();
    let output = output.expect("promtool starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
