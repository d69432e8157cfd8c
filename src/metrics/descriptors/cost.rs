//! Costs, forecasts and budgets of teams and apps.
//!
//! No label value changes with time. Each family can be summed: its series do not overlap.

use expfmt::Label;

use super::macros::descriptors;

descriptors! {
    TEAM_COST: Gauge {
        name: "heroku_team_cost_usd", labels: PER_TEAM_CATEGORY, source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
        help: "What a team cost in a month, in US dollars before credits and taxes. For a team's cost: sum by (team_name, period) (heroku_team_cost_usd). The categories dynos, data and partner are the sums of heroku_app_cost_usd; other, which can be negative, is what the team's own figures hold beyond its apps' and beyond these categories.",
    }
    TEAM_COST_FORECAST: Gauge {
        name: "heroku_team_cost_forecast_usd", labels: PER_TEAM_FORECAST, source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
        help: "What a team will have cost at the end of the current month if it goes on so, in US dollars; docs/FORECAST.md says how, and how far off it is. For a team's forecast: sum by (team_name) (heroku_team_cost_forecast_usd).",
    }
    TEAM_BUDGET: Gauge {
        name: "heroku_team_budget_usd", labels: PER_TEAM_ALONE, source: "settings",
        help: "What a team may cost in a month by the settings, in US dollars. To be warned: sum by (team_name) (heroku_team_cost_forecast_usd) > on (team_name) heroku_team_budget_usd.",
    }
    APP_COST: Gauge {
        name: "heroku_app_cost_usd", labels: PER_APP_CATEGORY, source: "team-monthly-usage.apps[].{dynos,data,partner}",
        help: "What an app cost in a month, in US dollars before credits and taxes. For an app's cost: sum by (team_name, app_name, period) (heroku_app_cost_usd). With the categories space and other of heroku_team_cost_usd, which belong to no app, the apps add up to the team's cost.",
    }
    APP_COST_FORECAST: Gauge {
        name: "heroku_app_cost_forecast_usd", labels: PER_APP, source: "team-monthly-usage.apps[].{dynos,data,partner}",
        help: "What an app will have cost at the end of the current month if it goes on so, in US dollars; docs/FORECAST.md says how, and how far off it is. With the categories space and other of heroku_team_cost_forecast_usd the apps add up to the team's forecast.",
    }
    APP_BUDGET: Gauge {
        name: "heroku_app_budget_usd", labels: PER_APP, source: "settings",
        help: "What an app may cost in a month by the settings, in US dollars. To be warned: heroku_app_cost_forecast_usd > heroku_app_budget_usd.",
    }
    DYNO_UNIT_PRICE: Gauge {
        name: "heroku_dyno_unit_price_usd", labels: PER_PRICE, source: "team-invoice.{platform_total,dyno_units}",
        help: "What a dyno unit costs for a month, in US dollars: the price by which dyno units become dollars here.",
    }
    TEAM_DYNO_UNITS: Gauge {
        name: "heroku_team_dyno_units", labels: PER_TEAM, source: "team-monthly-usage.dynos",
        help: "Dyno units that a team used, averaged over the whole month, by the team's own figure.",
    }
    APP_DYNO_UNITS: Gauge {
        name: "heroku_app_dyno_units", labels: PER_APP_PERIOD, source: "team-monthly-usage.apps[].dynos",
        help: "Dyno units that an app used, averaged over the whole month: 1 is one standard-1x dyno all month long, 0.5 half a month of one.",
    }
    TEAM_CONNECT_ROWS: Gauge {
        name: "heroku_team_connect_rows", labels: PER_TEAM, source: "team-monthly-usage.connect",
        help: "The most rows that Heroku Connect kept in sync for a team in the month: a count, not money.",
    }
    TEAM_SPACE_CREDITS: Gauge {
        name: "heroku_team_space_credits", labels: PER_TEAM, source: "team-monthly-usage.space",
        help: "Space credits that a team used in the month. They are in heroku_team_cost_usd only where a price is set for them: Heroku publishes none.",
    }
    TEAM_SPACE_KIND_CREDITS: Gauge {
        name: "heroku_team_space_kind_credits", labels: PER_SPACE_KIND, source: "team-monthly-usage.{private_space_credits,shield_space_credits} (undocumented)",
        help: "Space credits that a team used in the month by kind of space, where Heroku gives this undocumented figure. It is in no cost.",
    }
    TEAM_SPACE_KIND_USAGE: Gauge {
        name: "heroku_team_space_kind_usage", labels: PER_SPACE_KIND, source: "team-monthly-usage.{private_space,shield_space} (undocumented)",
        help: "Spaces that a team used in the month by kind of space, where Heroku gives this undocumented figure. It is in no cost.",
    }
    APPS_ROLLED_UP: Gauge {
        name: "heroku_cost_exporter_apps_rolled_up", labels: PER_TEAM_ALONE, source: "settings",
        help: "Apps of the current and the previous month that are added up as the app _other because others are costlier.",
    }
}

const TEAM_NAME: Label = Label::new("team_name", "The team's name.");
const APP_NAME: Label = Label::new(
    "app_name",
    "The app's name, or the row in which it is added up: its group's, `_other` for all but the costliest, `_excluded` for those that are excluded.",
);
const PERIOD: Label = Label::new(
    "period",
    "`current`, which is the UTC month that it is, or `previous`, the one before.",
);
const TEAM_CATEGORY: Label = Label::new(
    "category",
    "`dynos`, `data` (Heroku's data services), `partner` (partners' add-ons), `space` (private spaces, where a price is set) or `other`.",
);

const PER_APP: &[Label] = &[TEAM_NAME, APP_NAME];
const PER_APP_PERIOD: &[Label] = &[TEAM_NAME, APP_NAME, PERIOD];
const PER_APP_CATEGORY: &[Label] = &[
    TEAM_NAME,
    APP_NAME,
    PERIOD,
    Label::new(
        "category",
        "`dynos`, `data` (Heroku's data services) or `partner` (partners' add-ons).",
    ),
];
const PER_TEAM_ALONE: &[Label] = &[TEAM_NAME];
const PER_TEAM: &[Label] = &[TEAM_NAME, PERIOD];
const PER_TEAM_CATEGORY: &[Label] = &[TEAM_NAME, PERIOD, TEAM_CATEGORY];
const PER_TEAM_FORECAST: &[Label] = &[TEAM_NAME, TEAM_CATEGORY];
const PER_PRICE: &[Label] = &[
    TEAM_NAME,
    PERIOD,
    Label::new(
        "source",
        "Who says so: `config` (the settings), `invoice` (`platform_total` ÷ `dyno_units` of the month's invoice, or for the current month of the one before) or `list` (Heroku's list price).",
    ),
];
const PER_SPACE_KIND: &[Label] = &[
    TEAM_NAME,
    PERIOD,
    Label::new("kind", "`private` or `shield`."),
];
