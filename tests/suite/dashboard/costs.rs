//! Panels of costs: month and forecast, teams and categories, apps, and changes.
//!
//! Queries apply `max by` with all labels before they sum costs. Otherwise a team would count twice
//! while two exporters report it, for example during a rolling update.

use super::panel::{Panel, areas, bars, lines, stat, table};

/// Thresholds for a relative change: a decrease, an insignificant change and two levels of
/// increase.
const CHANGE: &[(Option<f64>, &str)] = &[
    (None, "green"),
    (Some(0.02), "text"),
    (Some(0.1), "orange"),
    (Some(0.25), "red"),
];

const USD: &str = "currencyUSD";

pub(crate) fn rows() -> Vec<(&'static str, Vec<Panel>)> {
    vec![
        ("Where the month will end", month()),
        ("By team and kind", teams()),
        ("Top apps", apps()),
        ("What changed", changes()),
    ]
}

fn month() -> Vec<Panel> {
    vec![
        stat("This month so far", USD, "What the teams cost since the month began, before credits and taxes. Heroku renews it about nightly.")
            .instant("so far", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .no_value("no figures yet"),
        stat("Forecast", USD, "What the month will have cost when it ends, if it goes on so. docs/FORECAST.md says how, and how far off it is.")
            .instant("forecast", r#"sum(max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))"#)
            .no_value("none yet"),
        stat("Last month", USD, "What the teams cost in the whole month before this one.")
            .instant("last month", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"}))"#)
            .no_value("unknown"),
        stat("Forecast against last month", "percentunit", "By how much this month's forecast is above the whole last month.")
            .instant("change", r#"sum(max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))
  / sum(max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"})) - 1"#)
            .thresholds(CHANGE)
            .no_value("unknown"),
        stat("So far, against last month by now", "percentunit", "By how much this month so far is above the share of last month that the same number of whole days is. In the first days it says little.")
            .instant("change", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))
  / (
    sum(max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"}))
    * scalar(floor(max(heroku_billing_month_elapsed_ratio) * days_in_month()) / days_in_month())
  ) - 1"#)
            .thresholds(CHANGE)
            .no_value("unknown"),
        stat("Month elapsed", "percentunit", "How much of the UTC month, by which Heroku bills, has passed by the clock.")
            .instant("elapsed", "max(heroku_billing_month_elapsed_ratio)"),
        lines("The month as it grows", USD, "The month so far, and its forecast as it was on each day. Budgets are those of the teams that have one.")
            .range("so far", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .range("forecast", r#"sum(max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))"#)
            .range("last month", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"}))"#)
            .range("budgets", r#"sum(max by (team_name) (heroku_team_budget_usd{team_name=~"$team"}))"#)
            .dashed("forecast")
            .dashed("budgets")
            .with_defaults(serde_json::json!({ "min": 0 }))
            .size(16, 9),
        bars("This month so far, by kind", USD, "Dynos, Heroku's data services, partners' add-ons, spaces where they have a price, and what belongs to no app. docs/COSTS.md explains each.")
            .instant("{{category}}", r#"sum by (category) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .size(8, 9),
    ]
}

fn teams() -> Vec<Panel> {
    vec![
        table("Teams", USD, "Each team's month so far, its forecast, the month before, and by how much the forecast is above that.")
            .rows(r#"sum by (team_name) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .rows(r#"sum by (team_name) (max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))"#)
            .rows(r#"sum by (team_name) (max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"}))"#)
            .rows(r#"sum by (team_name) (max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))
  / sum by (team_name) (max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"})) - 1"#)
            .columns(&[("team_name", "Team"), ("Value #A", "So far"), ("Value #B", "Forecast"), ("Value #C", "Last month"), ("Value #D", "Change")])
            .column_bars("So far")
            .column_unit("Change", "percentunit")
            .column_colors("Change", CHANGE)
            .sort_descending("So far"),
        table("Teams by kind, this month so far", USD, "What each team's month so far is made of.")
            .rows(r#"sum by (team_name, category) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .matrix("team_name", "category"),
        areas("This month so far, by team", USD, "It grows by the night, and begins anew when a month does.")
            .range("{{team_name}}", r#"sum by (team_name) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#),
        areas("Forecast by kind", USD, "What the month will have cost of each kind, as it was forecast on each day.")
            .range("{{category}}", r#"sum by (category) (max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))"#),
    ]
}

fn apps() -> Vec<Panel> {
    vec![
        table("Costliest apps", USD, "The 50 apps, or rows in which apps are added up, that cost most this month so far. What belongs to no app is in none.")
            .rows(r#"topk(50, sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"})))"#)
            .rows(r#"max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})
  and on (team_name, app_name) topk(50, sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"})))"#)
            .rows(r#"sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="previous", team_name=~"$team", app_name=~"$app"}))
  and on (team_name, app_name) topk(50, sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"})))"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value #A", "So far"), ("Value #B", "Forecast"), ("Value #C", "Last month")])
            .column_bars("So far")
            .sort_descending("So far")
            .size(14, 14),
        table("Costliest apps by kind", USD, "What the 50 costliest apps' month so far is made of.")
            .rows(r#"sum by (app_name, category) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"}))
  and on (app_name) topk(50, sum by (app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"})))"#)
            .matrix("app_name", "category")
            .size(10, 14),
        lines("Forecast of the costliest apps", USD, "The forecasts of the ten apps that will have cost most, as they were on each day.")
            .range("{{app_name}} ({{team_name}})", r#"topk(10, max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"}))"#)
            .size(24, 9),
    ]
}

/// The difference of each app's forecast to its cost of last month, which is 0 for a new app if the
/// team's last month is known.
const APP_CHANGE: &str = r#"max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})
    - (
      sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="previous", team_name=~"$team", app_name=~"$app"}))
      or 0 * max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})
        and on (team_name) heroku_team_cost_usd{period="previous", team_name=~"$team"}
    )"#;

fn changes() -> Vec<Panel> {
    let change_table = |title, description, expr: String| {
        table(title, USD, description)
            .rows(&expr)
            .rows(r#"max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})"#)
            .rows(r#"sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="previous", team_name=~"$team", app_name=~"$app"}))"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value #A", "Change"), ("Value #B", "Forecast"), ("Value #C", "Last month")])
    };
    vec![
        change_table(
            "Will cost more than last month",
            "The apps by how much their forecast is above last month's cost, the largest first.",
            format!("(\n  {APP_CHANGE}\n) > 0"),
        )
        .where_not_null("Change")
        .sort_descending("Change"),
        change_table(
            "Will cost less than last month",
            "The apps by how much their forecast is below last month's cost, the largest first.",
            format!("-(\n  {APP_CHANGE}\n) > 0"),
        )
        .where_not_null("Change")
        .sort_descending("Change"),
        table("New this month", USD, "Apps that cost something this month and nothing last month, where the team's last month is known.")
            .rows(r#"sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"})) > 0
  unless on (team_name, app_name) heroku_app_cost_usd{period="previous"} > 0
  and on (team_name) heroku_team_cost_usd{period="previous"}"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value", "So far")])
            .column_bars("So far")
            .sort_descending("So far"),
        table("Gone since last month", USD, "Apps that cost something last month and nothing this month, where the team has figures of this month.")
            .rows(r#"sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="previous", team_name=~"$team", app_name=~"$app"})) > 0
  unless on (team_name, app_name) heroku_app_cost_usd{period="current"} > 0
  and on (team_name) heroku_team_cost_usd{period="current"}"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value", "Last month")])
            .column_bars("Last month")
            .sort_descending("Last month"),
    ]
}
