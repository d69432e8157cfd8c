//! The report as an HTML page.
//!
//! The markup is in `templates/`, where all values are escaped by default.

mod apps;
mod chart;
mod notices;
mod page_query;
mod panels;
mod table;
mod text;

use std::cmp::Reverse;
use std::sync::LazyLock;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};

use super::costs::{CategoryCosts, CostSummary, Report, TeamApp, TeamReport, known_teams};
use super::format::{self, month_name};
use super::running_now;
use apps::AppTable;
use billing::money::Money;
use chart::{Bar, max_amount};
use notices::Notice;
pub use page_query::PageQuery;
use panels::{BudgetUse, FreshnessRow, InvoicePanel, RunningApp, TopIncrease};
use table::{CostRow, CostTable};
use text::{FormattedTime, display_name};

/// The style sheet, embedded in each page.
const STYLE: &str = include_str!("../../../templates/page.css");

/// The maximum number of teams. The most expensive are listed first.
const MAX_TEAMS: usize = 200;

/// The refresh interval of a page without data, in seconds.
const REFRESH_SECONDS: u32 = 5;

/// The content security policy of the pages. It allows the embedded style sheet, the embedded icon
/// and the search form, but no scripts.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
});

/// A rendered page.
#[derive(Debug)]
pub struct Page {
    /// The markup.
    pub html: String,
    /// Whether the queried team exists. True if the query has no team.
    pub is_found: bool,
}

#[derive(Template)]
#[template(path = "page.html", whitespace = "minimize")]
struct PageTemplate<'a> {
    title: String,
    style: &'static str,
    version: &'static str,
    telemetry_path: &'a str,
    /// The refresh interval while there is no data.
    refresh_seconds: Option<u32>,
    /// The queried team, if it does not exist.
    missing_team: Option<String>,
    /// The name of the team, if there is only one.
    team: Option<String>,
    report: &'a Report,
    /// All teams, or the queried one.
    teams: &'a [TeamReport],
    at: FormattedTime,
    notices: Vec<Notice>,
    costs: &'a CostSummary,
    bar: Bar,
    team_table: Option<CostTable>,
    more_teams: usize,
    categories: CostTable,
    invoices: Option<InvoicePanel>,
    increases: Vec<TopIncrease>,
    budgets: Vec<BudgetUse>,
    /// The apps whose running resources are most expensive.
    running: Vec<RunningApp>,
    more_running: usize,
    /// The monthly cost of all running resources.
    running_total: Option<Money>,
    /// How many of them have no known price.
    unpriced: Option<String>,
    apps: AppTable,
    /// The number of apps without a row of their own.
    rolled_up: usize,
    query: &'a PageQuery,
    freshness: Vec<FreshnessRow>,
    /// The number of endpoints that are not in `freshness`.
    more_endpoints: usize,
}

#[derive(Template)]
#[template(path = "links.html", whitespace = "minimize")]
struct LinksTemplate<'a> {
    style: &'static str,
    version: &'static str,
    telemetry_path: &'a str,
}

impl Page {
    /// Renders the page of `report` for `query`, which can select a team by id or name.
    ///
    /// # Errors
    ///
    /// Returns an error if the template engine fails. No report is known to cause this.
    pub fn render(
        report: &Report,
        query: &PageQuery,
        telemetry_path: &str,
    ) -> Result<Self, askama::Error> {
        let mut teams = &report.teams[..];
        let mut is_found = true;
        if let Some(key) = query.team.as_deref() {
            let by_id = teams
                .iter()
                .position(|team| team.id.as_deref() == Some(key));
            let position = by_id.or_else(|| teams.iter().position(|team| team.name == key));
            is_found = position.is_some();
            teams = position.map_or(teams, |position| &teams[position..=position]);
        }
        let mut template = PageTemplate::new(report, teams, query, telemetry_path);
        template.missing_team = query
            .team
            .as_deref()
            .filter(|_| !is_found)
            .map(display_name);
        let html = template.render()?;
        Ok(Self { html, is_found })
    }

    /// Renders a page that only links to the other paths.
    ///
    /// # Errors
    ///
    /// Same as [`Page::render`].
    pub fn render_links(telemetry_path: &str) -> Result<String, askama::Error> {
        let template = LinksTemplate {
            style: STYLE,
            version: env!("CARGO_PKG_VERSION"),
            telemetry_path,
        };
        template.render()
    }
}

impl<'a> PageTemplate<'a> {
    fn new(
        report: &'a Report,
        teams: &'a [TeamReport],
        query: &'a PageQuery,
        telemetry_path: &'a str,
    ) -> Self {
        let (team, costs, categories) = match teams {
            [team] => (
                Some(display_name(&team.name)),
                &team.costs,
                &team.categories,
            ),
            _ => (None, &report.company, &report.categories),
        };
        let apps: Vec<TeamApp<'_>> = teams.iter().flat_map(TeamReport::apps).collect();
        let several_teams = teams.len() > 1;
        let has_data = costs.is_known() || teams.iter().any(|team| !team.invoices.is_empty());
        let prefix = team.as_ref().map(|team| format!("{team}: "));
        let month = month_name(report.month);
        let (freshness, more_endpoints) = panels::freshness(report, teams);
        let (running, more_running) = panels::running_apps(teams);
        Self {
            title: format!("{}Heroku costs, {month}", prefix.unwrap_or_default()),
            style: STYLE,
            version: env!("CARGO_PKG_VERSION"),
            telemetry_path,
            refresh_seconds: (!report.all_attempted && !has_data).then_some(REFRESH_SECONDS),
            missing_team: None,
            team,
            report,
            teams,
            at: FormattedTime::new(report.at, report.at),
            notices: notices::all(report, teams),
            costs,
            bar: Bar::new(costs, costs.previous, max_amount([costs])),
            team_table: several_teams.then(|| team_table(teams, costs)),
            more_teams: teams.len().saturating_sub(MAX_TEAMS),
            categories: category_table(categories, costs),
            invoices: panels::invoices(teams, report.month),
            increases: panels::top_increases(&apps, several_teams),
            budgets: panels::budgets(several_teams.then_some(costs), teams, &apps),
            running,
            more_running,
            running_total: panels::running_total(teams),
            unpriced: running_now::unpriced(teams),
            apps: AppTable::new(&apps, costs, query, several_teams),
            rolled_up: teams.iter().map(|team| team.rolled_up).sum(),
            query,
            freshness,
            more_endpoints,
        }
    }
}

fn team_table(teams: &[TeamReport], total: &CostSummary) -> CostTable {
    let mut sorted: Vec<_> = teams.iter().collect();
    sorted.sort_by_key(|team| Reverse(team.costs.rank()));
    let rows = sorted.into_iter().take(MAX_TEAMS).map(|team| CostRow {
        link: Some(PageQuery::team_url(team.id.as_deref().or(Some(&team.name)))),
        ..CostRow::new(&team.name, &team.costs)
    });
    let name = known_teams(teams).unwrap_or_else(|| "All teams".to_owned());
    CostTable::new(
        "Costs by team",
        "Team",
        rows,
        vec![CostRow::new(&name, total)],
    )
}

fn category_table(categories: &[CategoryCosts], total: &CostSummary) -> CostTable {
    let shown = categories.iter().filter(|of| !of.costs.is_zero());
    let rows = shown.map(|of| CostRow {
        detail: Some(of.category.description().to_owned()),
        ..CostRow::new(of.category.as_str(), &of.costs)
    });
    let footer = vec![CostRow::new("Total", total)];
    CostTable::new("Costs by resource type", "Resource type", rows, footer)
}

#[cfg(test)]
mod tests;
