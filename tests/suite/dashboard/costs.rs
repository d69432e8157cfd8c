//! What the company costs: where the month will end, by team and kind, by app, and what changed.
//!
//! Costs are taken with `max by` all of their labels before they are added up, so that a team counts
//! once where two exporters report it, as two pods do while one replaces the other.

use super::panel::{Panel, areas, bars, lines, stat, table};

/// A change that is welcome, one that is within what months differ by, and one that is worth a look.
const CHANGE: &[(Option<f64>, &str)] = &[
    (None, "green"),
    (Some(0.02), "text"),
    (Some(0.1), "orange"),
    (Some(0.25), "red"),
];

const USD: &str = "currencyUSD";

/// Rows of panels that the dashboard begins with.
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
            .now("so far", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .or_says("no figures yet"),
        stat("Forecast", USD, "What the month will have cost when it ends, if it goes on so. docs/FORECAST.md says how, and how far off it is.")
            .now("forecast", r#"sum(max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))"#)
            .or_says("none yet"),
        stat("Last month", USD, "What the teams cost in the whole month before this one.")
            .now("last month", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"}))"#)
            .or_says("unknown"),
        stat("Forecast against last month", "percentunit", "By how much this month's forecast is above the whole last month.")
            .now("change", r#"sum(max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))
  / sum(max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"})) - 1"#)
            .colored(CHANGE)
            .or_says("unknown"),
        stat("So far, against last month by now", "percentunit", "By how much this month so far is above the share of last month that the same number of whole days is. In the first days it says little.")
            .now("change", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))
  / (
    sum(max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"}))
    * scalar(floor(max(heroku_billing_month_elapsed_ratio) * days_in_month()) / days_in_month())
  ) - 1"#)
            .colored(CHANGE)
            .or_says("unknown"),
        stat("Month elapsed", "percentunit", "How much of the UTC month, by which Heroku bills, has passed by the clock.")
            .now("elapsed", "max(heroku_billing_month_elapsed_ratio)"),
        lines("The month as it grows", USD, "The month so far, and its forecast as it was on each day. Budgets are those of the teams that have one.")
            .over_time("so far", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .over_time("forecast", r#"sum(max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))"#)
            .over_time("last month", r#"sum(max by (team_name, category) (heroku_team_cost_usd{period="previous", team_name=~"$team"}))"#)
            .over_time("budgets", r#"sum(max by (team_name) (heroku_team_budget_usd{team_name=~"$team"}))"#)
            .dashed("forecast")
            .dashed("budgets")
            .with_defaults(serde_json::json!({ "min": 0 }))
            .sized(16, 9),
        bars("This month so far, by kind", USD, "Dynos, Heroku's data services, partners' add-ons, spaces where they have a price, and what belongs to no app. docs/COSTS.md explains each.")
            .now("{{category}}", r#"sum by (category) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .sized(8, 9),
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
            .with_bars("So far")
            .in_unit("Change", "percentunit")
            .colored_column("Change", CHANGE)
            .largest_first("So far"),
        table("Teams by kind, this month so far", USD, "What each team's month so far is made of.")
            .rows(r#"sum by (team_name, category) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .matrix("team_name", "category"),
        areas("This month so far, by team", USD, "It grows by the night, and begins anew when a month does.")
            .over_time("{{team_name}}", r#"sum by (team_name) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#),
        areas("Forecast by kind", USD, "What the month will have cost of each kind, as it was forecast on each day.")
            .over_time("{{category}}", r#"sum by (category) (max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))"#),
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
            .with_bars("So far")
            .largest_first("So far")
            .sized(14, 14),
        table("Costliest apps by kind", USD, "What the 50 costliest apps' month so far is made of.")
            .rows(r#"sum by (app_name, category) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"}))
  and on (app_name) topk(50, sum by (app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"})))"#)
            .matrix("app_name", "category")
            .sized(10, 14),
        lines("Forecast of the costliest apps", USD, "The forecasts of the ten apps that will have cost most, as they were on each day.")
            .over_time("{{app_name}} ({{team_name}})", r#"topk(10, max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"}))"#)
            .sized(24, 9),
    ]
}

/// What each app will cost more than last month. An app that is new cost nothing then, where the
/// team's last month is known.
const APP_CHANGE: &str = r#"max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})
    - (
      sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="previous", team_name=~"$team", app_name=~"$app"}))
      or 0 * max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})
        and on (team_name) heroku_team_cost_usd{period="previous", team_name=~"$team"}
    )"#;

fn changes() -> Vec<Panel> {
    let changed = |title, description, expr: String| {
        table(title, USD, description)
            .rows(&expr)
            .rows(r#"max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})"#)
            .rows(r#"sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="previous", team_name=~"$team", app_name=~"$app"}))"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value #A", "Change"), ("Value #B", "Forecast"), ("Value #C", "Last month")])
    };
    vec![
        changed(
            "Will cost more than last month",
            "The apps by how much their forecast is above last month's cost, the largest first.",
            format!("(\n  {APP_CHANGE}\n) > 0"),
        )
        .only_with("Change")
        .largest_first("Change"),
        changed(
            "Will cost less than last month",
            "The apps by how much their forecast is below last month's cost, the largest first.",
            format!("-(\n  {APP_CHANGE}\n) > 0"),
        )
        .only_with("Change")
        .largest_first("Change"),
        table("New this month", USD, "Apps that cost something this month and nothing last month, where the team's last month is known.")
            .rows(r#"sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"})) > 0
  unless on (team_name, app_name) heroku_app_cost_usd{period="previous"} > 0
  and on (team_name) heroku_team_cost_usd{period="previous"}"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value", "So far")])
            .with_bars("So far")
            .largest_first("So far"),
        table("Gone since last month", USD, "Apps that cost something last month and nothing this month, where the team has figures of this month.")
            .rows(r#"sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="previous", team_name=~"$team", app_name=~"$app"})) > 0
  unless on (team_name, app_name) heroku_app_cost_usd{period="current"} > 0
  and on (team_name) heroku_team_cost_usd{period="current"}"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value", "Last month")])
            .with_bars("Last month")
            .largest_first("Last month"),
    ]
}
