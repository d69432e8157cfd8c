//! Panels of invoices, dyno units, licences and budgets.

use super::panel::{Panel, areas, bars, columns, lines, stat, table};

const USD: &str = "currencyUSD";

/// Thresholds for the used share of a budget or a licence.
const USED_SHARE: &[(Option<f64>, &str)] =
    &[(None, "green"), (Some(0.8), "orange"), (Some(0.95), "red")];

pub(crate) fn rows() -> Vec<(&'static str, Vec<Panel>)> {
    vec![
        ("Invoices", invoices()),
        ("Dyno units", units()),
        ("Budgets", budgets()),
    ]
}

fn invoices() -> Vec<Panel> {
    vec![
        stat("Invoices of this month", USD, "The open invoices of this month, as far as they have grown, with credits and taxes.")
            .instant("this month", r#"sum(max by (team_name) (heroku_invoice_amount_usd{period="current", team_name=~"$team"}))"#)
            .no_value("none yet")
            .size(5, 4),
        stat("Invoices of last month", USD, "The invoices of the month before. They come some days after it has ended.")
            .instant("last month", r#"sum(max by (team_name) (heroku_invoice_amount_usd{period="previous", team_name=~"$team"}))"#)
            .no_value("none yet")
            .size(5, 4),
        stat("Failed payments", "short", "Invoices of this and last month that Heroku could not collect.")
            .instant("failed", r#"sum(max by (team_name, period) (heroku_invoice_state{state="failed", team_name=~"$team"}))"#)
            .thresholds(&[(None, "green"), (Some(1.0), "red")])
            .no_value("unknown")
            .size(4, 4),
        stat("Next suspension", "dateTimeAsIso", "When Heroku will suspend the first of the teams whose bill is not paid.")
            .instant("suspension", r#"min(heroku_team_suspension_scheduled_timestamp_seconds{team_name=~"$team"}) * 1000"#)
            .thresholds(&[(None, "red")])
            .no_value("none is scheduled")
            .size(5, 4),
        stat("Next deletion", "dateTimeAsIso", "When Heroku will delete the first of the teams whose bill is not paid.")
            .instant("deletion", r#"min(heroku_team_deletion_scheduled_timestamp_seconds{team_name=~"$team"}) * 1000"#)
            .thresholds(&[(None, "red")])
            .no_value("none is scheduled")
            .size(5, 4),
        columns("Costs by month", USD, "The cost of usage of the last twelve closed months. Of months without known usage, the invoice. No stored history is needed for it.")
            .rows(r#"sum by (month, team_name) (max by (month, team_name, category) (heroku_team_month_cost_usd{team_name=~"$team"})) or max by (month, team_name) (heroku_invoice_history_usd{team_name=~"$team"})"#)
            .matrix("month", "team_name")
            .size(12, 10),
        table("Invoices of this and last month", USD, "What the invoice has beyond the cost by usage is unexplained: credits, taxes, discounts, spaces without a price, and what usage does not tell.")
            .rows(r#"max by (team_name, period, number, payment_status, period_end) (
  heroku_invoice_amount_usd{team_name=~"$team"}
  * on (job, instance, team_name, period) group_left (number, payment_status, period_end) heroku_invoice_info
)"#)
            .rows(r#"sum by (team_name, period) (max by (team_name, period, category) (heroku_team_cost_usd{team_name=~"$team"}))"#)
            .rows(r#"max by (team_name, period) (heroku_invoice_unexplained_usd{team_name=~"$team"})"#)
            .columns(&[
                ("team_name", "Team"), ("period", "Month"), ("number", "Number"), ("payment_status", "Payment"), ("period_end", "Ends"),
                ("Value #A", "Invoice"), ("Value #B", "By usage"), ("Value #C", "Unexplained"),
            ])
            .size(12, 10),
        table("What last month's invoices are made of", USD, "The invoice of the month before by Heroku's own headings. Charges and credits combined are the invoice.")
            .rows(r#"max by (team_name) (heroku_invoice_platform_usd{period="previous", team_name=~"$team"})"#)
            .rows(r#"max by (team_name) (heroku_invoice_database_usd{period="previous", team_name=~"$team"})"#)
            .rows(r#"max by (team_name) (heroku_invoice_addons_usd{period="previous", team_name=~"$team"})"#)
            .rows(r#"max by (team_name) (heroku_invoice_charges_usd{period="previous", team_name=~"$team"})"#)
            .rows(r#"max by (team_name) (heroku_invoice_credits_usd{period="previous", team_name=~"$team"})"#)
            .rows(r#"max by (team_name) (heroku_invoice_amount_usd{period="previous", team_name=~"$team"})"#)
            .columns(&[
                ("team_name", "Team"), ("Value #A", "Platform"), ("Value #B", "Database"), ("Value #C", "Add-ons"),
                ("Value #D", "Charges"), ("Value #E", "Credits"), ("Value #F", "Invoice"),
            ])
            .sort_descending("Invoice")
            .size(14, 8),
        lines("Unexplained", USD, "What the month's invoice has beyond the cost by usage. It is below nothing where credits or a discount were larger.")
            .range("{{team_name}}, this month", r#"max by (team_name) (heroku_invoice_unexplained_usd{period="current", team_name=~"$team"})"#)
            .range("{{team_name}}, last month", r#"max by (team_name) (heroku_invoice_unexplained_usd{period="previous", team_name=~"$team"})"#)
            .size(10, 8),
    ]
}

fn units() -> Vec<Panel> {
    vec![
        areas("Dyno units by team", "short", "A unit is one standard-1x dyno for a whole month. The figures are of the month so far, so they grow.")
            .range("{{team_name}}", r#"max by (team_name) (heroku_team_dyno_units{period="current", team_name=~"$team"})"#)
            .size(8, 9),
        table("Apps by dyno units", "short", "The 50 apps with the most dyno units this month so far.")
            .rows(r#"topk(50, max by (team_name, app_name) (heroku_app_dyno_units{period="current", team_name=~"$team", app_name=~"$app"}))"#)
            .rows(r#"max by (team_name, app_name) (heroku_app_dyno_units{period="previous", team_name=~"$team", app_name=~"$app"})
  and on (team_name, app_name) topk(50, max by (team_name, app_name) (heroku_app_dyno_units{period="current", team_name=~"$team", app_name=~"$app"}))"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value #A", "So far"), ("Value #B", "Last month")])
            .column_bars("So far")
            .sort_descending("So far")
            .size(8, 9),
        table("Price of a dyno unit", USD, "The price by which dyno units become dollars, and who says so: the settings, the invoice, or Heroku's list.")
            .rows(r#"max by (team_name, period, source) (heroku_dyno_unit_price_usd{team_name=~"$team"})"#)
            .columns(&[("team_name", "Team"), ("period", "Month"), ("source", "By"), ("Value", "Price")])
            .size(8, 9),
        bars("Licences used", "percentunit", "How much of each licence a team uses. Of a small licence, such as one space, all is used as a rule.")
            .instant("{{license}} ({{team_name}})", r#"max by (team_name, license) (heroku_team_license_consumed{team_name=~"$team"})
  / max by (team_name, license) (heroku_team_license_quantity{team_name=~"$team"})"#)
            .with_defaults(serde_json::json!({ "max": 1 }))
            .thresholds(USED_SHARE)
            .no_value("no licences"),
        lines("Heroku Connect rows", "short", "The most rows that Heroku Connect kept in sync in the month so far: a count, not money.")
            .range("{{team_name}}", r#"max by (team_name) (heroku_team_connect_rows{period="current", team_name=~"$team"})"#)
            .size(8, 8),
        lines("Space credits", "short", "Space credits of the month so far. They are in the costs only where --price.space-credit-usd is set.")
            .range("{{team_name}}", r#"max by (team_name) (heroku_team_space_credits{period="current", team_name=~"$team"})"#)
            .size(8, 8),
    ]
}

fn budgets() -> Vec<Panel> {
    let none = "no budgets are set: docs/CONFIGURATION.md says how";
    let bars = |title, description| {
        bars(title, "percentunit", description)
            .with_defaults(serde_json::json!({ "max": 1 }))
            .no_value(none)
    };
    vec![
        bars("Budgets of teams, used", "How much of its budget each team has used this month.")
            .instant("{{team_name}}", r#"sum by (team_name) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))
  / max by (team_name) (heroku_team_budget_usd{team_name=~"$team"})"#)
            .thresholds(USED_SHARE),
        bars("Budgets of teams, at the month's end", "How much of its budget each team will have used when the month ends.")
            .instant("{{team_name}}", r#"sum by (team_name) (max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))
  / max by (team_name) (heroku_team_budget_usd{team_name=~"$team"})"#)
            .thresholds(&[(None, "green"), (Some(0.95), "orange"), (Some(1.0), "red")]),
        bars("Budgets of apps, at the month's end", "How much of its budget each app will have used when the month ends.")
            .instant("{{app_name}} ({{team_name}})", r#"max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})
  / max by (team_name, app_name) (heroku_app_budget_usd{team_name=~"$team", app_name=~"$app"})"#)
            .thresholds(&[(None, "green"), (Some(0.95), "orange"), (Some(1.0), "red")]),
        table("Budgets of teams", USD, "Each team's budget, and what is left of it now and when the month ends.")
            .rows(r#"max by (team_name) (heroku_team_budget_usd{team_name=~"$team"})"#)
            .rows(r#"max by (team_name) (heroku_team_budget_usd{team_name=~"$team"})
  - sum by (team_name) (max by (team_name, category) (heroku_team_cost_usd{period="current", team_name=~"$team"}))"#)
            .rows(r#"max by (team_name) (heroku_team_budget_usd{team_name=~"$team"})
  - sum by (team_name) (max by (team_name, category) (heroku_team_cost_forecast_usd{team_name=~"$team"}))"#)
            .columns(&[("team_name", "Team"), ("Value #A", "Budget"), ("Value #B", "Left"), ("Value #C", "Left at the end")])
            .column_colors("Left at the end", &[(None, "red"), (Some(0.0), "green")])
            .no_value(none)
            .size(12, 8),
        table("Budgets of apps", USD, "Each app's budget, and what is left of it now and when the month ends.")
            .rows(r#"max by (team_name, app_name) (heroku_app_budget_usd{team_name=~"$team", app_name=~"$app"})"#)
            .rows(r#"max by (team_name, app_name) (heroku_app_budget_usd{team_name=~"$team", app_name=~"$app"})
  - sum by (team_name, app_name) (max by (team_name, app_name, category) (heroku_app_cost_usd{period="current", team_name=~"$team", app_name=~"$app"}))"#)
            .rows(r#"max by (team_name, app_name) (heroku_app_budget_usd{team_name=~"$team", app_name=~"$app"})
  - max by (team_name, app_name) (heroku_app_cost_forecast_usd{team_name=~"$team", app_name=~"$app"})"#)
            .columns(&[("app_name", "App"), ("team_name", "Team"), ("Value #A", "Budget"), ("Value #B", "Left"), ("Value #C", "Left at the end")])
            .column_colors("Left at the end", &[(None, "red"), (Some(0.0), "green")])
            .no_value(none)
            .size(12, 8),
    ]
}
