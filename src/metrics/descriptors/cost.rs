//! Costs, forecasts, budgets and usage of teams and apps.
//!
//! Label values do not change from month to month, and the series of a family can be summed because
//! they do not overlap.

use expfmt::Label;

use super::labels::{APP_NAME, CATEGORY, KIND, MONTH, PERIOD, SOURCE, TEAM_NAME};
use super::macros::descriptors;

descriptors! {
    TEAM_COST: Gauge {
        name: "heroku_team_cost_usd", labels: &[TEAM_NAME, PERIOD, CATEGORY], source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
        help: "Cost of the team's usage by category, in USD before credits and taxes.",
    }
    TEAM_COST_FORECAST: Gauge {
        name: "heroku_team_cost_forecast_usd", labels: &[TEAM_NAME, CATEGORY], source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
        help: "Forecast cost of the team for the full current month by category, in USD before credits and taxes.",
    }
    TEAM_COST_FORECAST_LOW: Gauge {
        name: "heroku_team_cost_forecast_low_usd", labels: &[TEAM_NAME], source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
        help: "Cost of the team for the full current month that is exceeded with a probability of 90 percent, in USD before credits and taxes.",
    }
    TEAM_COST_FORECAST_HIGH: Gauge {
        name: "heroku_team_cost_forecast_high_usd", labels: &[TEAM_NAME], source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
        help: "Cost of the team for the full current month that is exceeded with a probability of 10 percent, in USD before credits and taxes.",
    }
    TEAM_MONTH_COST: Gauge {
        name: "heroku_team_month_cost_usd", labels: &[TEAM_NAME, MONTH, CATEGORY], source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
        help: "Cost of the team's usage in one of the last twelve closed months by category, in USD before credits and taxes.",
    }
    TEAM_BUDGET: Gauge {
        name: "heroku_team_budget_usd", labels: &[TEAM_NAME], source: "configuration",
        help: "Configured monthly budget of the team in USD.",
    }
    APP_COST: Gauge {
        name: "heroku_app_cost_usd", labels: &[TEAM_NAME, APP_NAME, PERIOD, CATEGORY], source: "team-monthly-usage.apps[].{dynos,data,partner}",
        help: "Cost of the app's usage by category, in USD before credits and taxes.",
    }
    APP_COST_FORECAST: Gauge {
        name: "heroku_app_cost_forecast_usd", labels: &[TEAM_NAME, APP_NAME], source: "team-monthly-usage.apps[].{dynos,data,partner}",
        help: "Forecast cost of the app for the full current month, in USD before credits and taxes.",
    }
    APP_BUDGET: Gauge {
        name: "heroku_app_budget_usd", labels: &[TEAM_NAME, APP_NAME], source: "configuration",
        help: "Configured monthly budget of the app in USD.",
    }
    DYNO_UNIT_PRICE: Gauge {
        name: "heroku_dyno_unit_price_usd", labels: &[TEAM_NAME, PERIOD, SOURCE], source: "team-invoice.{platform_total,dyno_units}",
        help: "Price of one dyno unit for a full month, in USD.",
    }
    TEAM_DYNO_UNITS: Gauge {
        name: "heroku_team_dyno_units", labels: PER_PERIOD, source: "team-monthly-usage.dynos",
        help: "Dyno units used by the team, averaged over the month.",
    }
    APP_DYNO_UNITS: Gauge {
        name: "heroku_app_dyno_units", labels: &[TEAM_NAME, APP_NAME, PERIOD], source: "team-monthly-usage.apps[].dynos",
        help: "Dyno units used by the app, averaged over the month.",
    }
    TEAM_CONNECT_ROWS: Gauge {
        name: "heroku_team_connect_rows", labels: PER_PERIOD, source: "team-monthly-usage.connect",
        help: "Maximum number of rows synced by the team with Heroku Connect in the month.",
    }
    TEAM_SPACE_CREDITS: Gauge {
        name: "heroku_team_space_credits", labels: PER_PERIOD, source: "team-monthly-usage.space",
        help: "Space credits used by the team in the month.",
    }
    TEAM_SPACE_KIND_CREDITS: Gauge {
        name: "heroku_team_space_kind_credits", labels: PER_SPACE_KIND, source: "team-monthly-usage.{private_space_credits,shield_space_credits}",
        help: "Space credits used by the team in the month by kind of space.",
    }
    TEAM_SPACE_KIND_USAGE: Gauge {
        name: "heroku_team_space_kind_usage", labels: PER_SPACE_KIND, source: "team-monthly-usage.{private_space,shield_space}",
        help: "Space usage of the team in the month by kind of space, in an undocumented unit.",
    }
    APPS_ROLLED_UP: Gauge {
        name: "heroku_cost_exporter_apps_rolled_up", labels: &[TEAM_NAME], source: "configuration",
        help: "Number of apps of the current and previous month that are included in the app _other.",
    }
}

const PER_PERIOD: &[Label] = &[TEAM_NAME, PERIOD];
const PER_SPACE_KIND: &[Label] = &[TEAM_NAME, PERIOD, KIND];
