//! What runs now, and what it costs for a whole month.

use std::cmp::Reverse;

use comfy_table::CellAlignment::{Left, Right};
use serde::Serialize;

use super::costs::{Report, TeamReport};
use super::format::{cents, count, sanitize, usd};
use super::grid::{Cell, Column, Grid, GridRow, paragraph};
use super::sections::value_cell;
use super::terminal::{Style, Terminal};
use crate::snapshot::{Snapshot, Team};
use billing::category::{ByCategory, Category};
use billing::cost::TeamCost;
use billing::money::Money;
use billing::rules::AppRules;
use billing::run_rate::RunRate;

/// What the running resources of a team cost for a whole month.
#[derive(Debug, Serialize)]
pub(super) struct TeamRunRate {
    #[serde(flatten)]
    pub(super) rate: Rate,
    /// The apps and the rows that combine apps, most expensive first.
    pub(super) apps: Vec<AppRunRate>,
    /// The resources without a known monthly price.
    pub(super) unpriced: Vec<Unpriced>,
}

/// A monthly cost, in total and by category. Unknown amounts are `None`.
#[derive(Debug, Serialize)]
pub(super) struct Rate {
    #[serde(rename = "monthly_usd", serialize_with = "usd")]
    pub(super) total: Option<Money>,
    #[serde(rename = "dynos_usd", serialize_with = "usd")]
    pub(super) dynos: Option<Money>,
    #[serde(rename = "data_usd", serialize_with = "usd")]
    pub(super) data: Option<Money>,
    #[serde(rename = "partner_usd", serialize_with = "usd")]
    pub(super) partner: Option<Money>,
}

/// What the running resources of an app cost for a whole month.
#[derive(Debug, Serialize)]
pub(super) struct AppRunRate {
    #[serde(rename = "app_name")]
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) rate: Rate,
}

/// A resource without a known monthly price.
#[derive(Debug, Serialize)]
pub(super) struct Unpriced {
    pub(super) app_name: Option<String>,
    /// The process type, the name of the add-on, or `*` for all dynos of the app.
    pub(super) resource: String,
    pub(super) reason: &'static str,
}

impl Rate {
    fn new(cost: &ByCategory) -> Self {
        Self {
            total: cost.total(),
            dynos: cost.get(Category::Dynos),
            data: cost.get(Category::Data),
            partner: cost.get(Category::Partner),
        }
    }
}

impl TeamRunRate {
    /// Returns the run rate of a team with these costs, if its apps are known.
    pub(super) fn new(
        team: &Team,
        snapshot: &Snapshot,
        cost: &TeamCost<'_>,
        rules: &AppRules,
    ) -> Option<Self> {
        let inventory = team.inventory.as_deref()?;
        let rate = RunRate::new(inventory, &snapshot.dyno_prices, cost.dyno_price(), rules)?;
        let apps = rate.rows.iter();
        let mut apps: Vec<_> = apps
            .map(|(name, cost)| AppRunRate {
                name: name.clone().into_owned(),
                rate: Rate::new(cost),
            })
            .collect();
        apps.sort_by_key(|app| Reverse(app.rate.total));
        let unpriced = rate.unpriced.iter();
        let unpriced = unpriced.map(|resource| Unpriced {
            app_name: resource.app.map(str::to_owned),
            resource: resource.resource.to_owned(),
            reason: resource.reason.as_str(),
        });
        Some(Self {
            rate: Rate::new(&rate.team),
            apps,
            unpriced: unpriced.collect(),
        })
    }
}

/// An app's run rate and its team.
type TeamAppRate<'a> = (&'a TeamReport, &'a AppRunRate);

/// Returns the apps of `teams`, most expensive first.
pub(super) fn apps(teams: &[TeamReport]) -> Vec<TeamAppRate<'_>> {
    let apps = teams.iter().flat_map(|team| {
        let rate = team.run_rate.iter();
        rate.flat_map(move |rate| rate.apps.iter().map(move |app| (team, app)))
    });
    let mut apps: Vec<_> = apps.collect();
    apps.sort_by_key(|(_, app)| Reverse(app.rate.total));
    apps
}

/// Describes how many resources of `teams` have no known price. Returns `None` if all have one.
pub(super) fn unpriced(teams: &[TeamReport]) -> Option<String> {
    let rates = teams.iter().filter_map(|team| team.run_rate.as_ref());
    let unpriced: usize = rates.map(|rate| rate.unpriced.len()).sum();
    let resources = count(unpriced, "resource", "resources");
    (unpriced > 0).then(|| format!("{resources} without a known monthly price not included."))
}

/// Lists the `top` apps whose running resources are most expensive, or all if `None`. Returns an empty
/// string if no team's apps are known.
pub(super) fn section(report: &Report, top: Option<usize>, terminal: Terminal) -> String {
    let apps = apps(&report.teams);
    let shown = top.unwrap_or(apps.len()).min(apps.len());
    let several_teams = report.teams.len() > 1;
    let row = |name: &str, team: &str, rate: &Rate, style: Style| {
        let amount = |money: Option<Money>| value_cell(money.map(cents), style);
        GridRow::new(vec![
            Cell::new(sanitize(name), style),
            Cell::new(sanitize(team), Style::Faint),
            amount(rate.dynos),
            amount(rate.data),
            amount(rate.partner),
            amount(rate.total),
        ])
    };
    let rows = apps[..shown].iter().map(|(team, app)| {
        let team = if several_teams { &*team.name } else { "" };
        row(&app.name, team, &app.rate, Style::Plain)
    });
    let teams = report.teams.iter();
    let totals = teams.filter_map(|team| {
        let rate = &team.run_rate.as_ref()?.rate;
        Some(row(&team.name, "", rate, Style::Strong))
    });
    let rows: Vec<_> = rows.chain(totals).collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = vec![
        Column::new("Running now", Left, 0),
        Column::new("team", Left, 17),
        Column::new("dynos", Right, 8),
        Column::new("data", Right, 8),
        Column::new("partner", Right, 18),
        Column::new("a month", Right, 1),
    ];
    let notes = unpriced(&report.teams);
    let notes = notes.map(|note| paragraph(&note, 0, Style::Faint, terminal));
    Grid { columns, rows }.render(terminal) + &notes.unwrap_or_default()
}
