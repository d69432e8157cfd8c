//! What teams and apps cost, what they will have cost, and what they may cost.
//!
//! No label of these changes with time, and each family can be added up: no series of one holds
//! what another series of it holds too.

use expfmt::descriptor::{Label, Metric, MetricType};

use super::label;

/// `heroku_app_cost_usd`.
pub static APP_COST: Metric = Metric {
    name: "heroku_app_cost_usd",
    kind: MetricType::Gauge,
    labels: PER_APP_CATEGORY,
    help: "What an app cost in a month, in US dollars before credits and taxes. For an app's cost: sum by (team_name, app_name, period) (heroku_app_cost_usd). With the categories space and other of heroku_team_cost_usd, which belong to no app, the apps add up to the team's cost.",
    source: "team-monthly-usage.apps[].{dynos,data,partner}",
};

/// `heroku_team_cost_usd`.
pub static TEAM_COST: Metric = Metric {
    name: "heroku_team_cost_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM_CATEGORY,
    help: "What a team cost in a month, in US dollars before credits and taxes. For a team's cost: sum by (team_name, period) (heroku_team_cost_usd). The categories dynos, data and partner are the sums of heroku_app_cost_usd; other, which can be negative, is what the team's own figures hold beyond its apps' and beyond these categories.",
    source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
};

/// `heroku_app_cost_forecast_usd`.
pub static APP_COST_FORECAST: Metric = Metric {
    name: "heroku_app_cost_forecast_usd",
    kind: MetricType::Gauge,
    labels: PER_APP,
    help: "What an app will have cost at the end of the current month if it goes on so, in US dollars; docs/FORECAST.md says how, and how far off it is. With the categories space and other of heroku_team_cost_forecast_usd the apps add up to the team's forecast.",
    source: "team-monthly-usage.apps[].{dynos,data,partner}",
};

/// `heroku_team_cost_forecast_usd`.
pub static TEAM_COST_FORECAST: Metric = Metric {
    name: "heroku_team_cost_forecast_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM_FORECAST,
    help: "What a team will have cost at the end of the current month if it goes on so, in US dollars; docs/FORECAST.md says how, and how far off it is. For a team's forecast: sum by (team_name) (heroku_team_cost_forecast_usd).",
    source: "team-monthly-usage.{dynos,data,partner,addons,space,apps}",
};

/// `heroku_dyno_unit_price_usd`.
pub static DYNO_UNIT_PRICE: Metric = Metric {
    name: "heroku_dyno_unit_price_usd",
    kind: MetricType::Gauge,
    labels: PER_PRICE,
    help: "What a dyno unit costs for a month, in US dollars: the price by which dyno units become dollars here.",
    source: "team-invoice.{platform_total,dyno_units}",
};

/// `heroku_app_dyno_units`.
pub static APP_DYNO_UNITS: Metric = Metric {
    name: "heroku_app_dyno_units",
    kind: MetricType::Gauge,
    labels: PER_APP_PERIOD,
    help: "Dyno units that an app used, averaged over the whole month: 1 is one standard-1x dyno all month long, 0.5 half a month of one.",
    source: "team-monthly-usage.apps[].dynos",
};

/// `heroku_team_dyno_units`.
pub static TEAM_DYNO_UNITS: Metric = Metric {
    name: "heroku_team_dyno_units",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Dyno units that a team used, averaged over the whole month, by the team's own figure.",
    source: "team-monthly-usage.dynos",
};

/// `heroku_team_connect_rows`.
pub static TEAM_CONNECT_ROWS: Metric = Metric {
    name: "heroku_team_connect_rows",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "The most rows that Heroku Connect kept in sync for a team in the month: a count, not money.",
    source: "team-monthly-usage.connect",
};

/// `heroku_team_space_credits`.
pub static TEAM_SPACE_CREDITS: Metric = Metric {
    name: "heroku_team_space_credits",
    kind: MetricType::Gauge,
    labels: PER_TEAM,
    help: "Space credits that a team used in the month. They are in heroku_team_cost_usd only where a price is set for them: Heroku publishes none.",
    source: "team-monthly-usage.space",
};

/// `heroku_team_space_kind_credits`.
pub static TEAM_SPACE_KIND_CREDITS: Metric = Metric {
    name: "heroku_team_space_kind_credits",
    kind: MetricType::Gauge,
    labels: PER_SPACE_KIND,
    help: "Space credits that a team used in the month by kind of space, where Heroku gives this undocumented figure. It is in no cost.",
    source: "team-monthly-usage.{private_space_credits,shield_space_credits} (undocumented)",
};

/// `heroku_team_space_kind_usage`.
pub static TEAM_SPACE_KIND_USAGE: Metric = Metric {
    name: "heroku_team_space_kind_usage",
    kind: MetricType::Gauge,
    labels: PER_SPACE_KIND,
    help: "Spaces that a team used in the month by kind of space, where Heroku gives this undocumented figure. It is in no cost.",
    source: "team-monthly-usage.{private_space,shield_space} (undocumented)",
};

/// `heroku_team_budget_usd`.
pub static TEAM_BUDGET: Metric = Metric {
    name: "heroku_team_budget_usd",
    kind: MetricType::Gauge,
    labels: PER_TEAM_ALONE,
    help: "What a team may cost in a month by the settings, in US dollars. To be warned: sum by (team_name) (heroku_team_cost_forecast_usd) > on (team_name) heroku_team_budget_usd.",
    source: "settings",
};

/// `heroku_app_budget_usd`.
pub static APP_BUDGET: Metric = Metric {
    name: "heroku_app_budget_usd",
    kind: MetricType::Gauge,
    labels: PER_APP,
    help: "What an app may cost in a month by the settings, in US dollars. To be warned: heroku_app_cost_forecast_usd > heroku_app_budget_usd.",
    source: "settings",
};

/// `heroku_cost_exporter_apps_rolled_up`.
pub static APPS_ROLLED_UP: Metric = Metric {
    name: "heroku_cost_exporter_apps_rolled_up",
    kind: MetricType::Gauge,
    labels: PER_TEAM_ALONE,
    help: "Apps of the current and the previous month that are added up as the app _other because others are costlier.",
    source: "settings",
};

const TEAM_NAME: Label = label("team_name", "The team's name.");
const APP_NAME: Label = label(
    "app_name",
    "The app's name, or the row in which it is added up: its group's, `_other` for all but the costliest, `_excluded` for those that are excluded.",
);
const PERIOD: Label = label(
    "period",
    "`current`, which is the UTC month that it is, or `previous`, the one before.",
);
const TEAM_CATEGORY: Label = label(
    "category",
    "`dynos`, `data` (Heroku's data services), `partner` (partners' add-ons), `space` (private spaces, where a price is set) or `other`.",
);

const PER_APP: &[Label] = &[TEAM_NAME, APP_NAME];
const PER_APP_PERIOD: &[Label] = &[TEAM_NAME, APP_NAME, PERIOD];
const PER_APP_CATEGORY: &[Label] = &[
    TEAM_NAME,
    APP_NAME,
    PERIOD,
    label(
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
    label(
        "source",
        "Who says so: `config` (the settings), `invoice` (`platform_total` ÷ `dyno_units` of the month's invoice, or for the current month of the one before) or `list` (Heroku's list price).",
    ),
];
const PER_SPACE_KIND: &[Label] = &[TEAM_NAME, PERIOD, label("kind", "`private` or `shield`.")];

/// All of them, in the order in which they are exposed.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    [
        &TEAM_COST,
        &TEAM_COST_FORECAST,
        &TEAM_BUDGET,
        &APP_COST,
        &APP_COST_FORECAST,
        &APP_BUDGET,
        &DYNO_UNIT_PRICE,
        &TEAM_DYNO_UNITS,
        &APP_DYNO_UNITS,
        &TEAM_CONNECT_ROWS,
        &TEAM_SPACE_CREDITS,
        &TEAM_SPACE_KIND_CREDITS,
        &TEAM_SPACE_KIND_USAGE,
        &APPS_ROLLED_UP,
    ]
    .into_iter()
}
