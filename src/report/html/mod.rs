//! The report as an HTML page.
//!
//! The markup is in `templates/`. The template engine escapes all values.

mod apps;
mod chart;
mod format;
mod notices;
mod page_query;
mod panels;
mod table;

use std::cmp::Reverse;
use std::sync::LazyLock;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};

use super::figures::{CategoryFigures, Figures, Report, TeamApp, TeamReport, known_of};
use super::format::{self as report_format, month_name};
use apps::Apps;
use chart::{Bar, max_amount};
use format::{When, name};
use notices::Notice;
pub use page_query::PageQuery;
use panels::{Budget, Invoices, Source, TopIncrease};
use table::{Row, Table};

/// The style sheet, which is part of each page.
const STYLE: &str = include_str!("../../../templates/page.css");

/// The maximum of teams shown, the most expensive first.
const TEAMS: usize = 200;

/// The refresh interval of a page without data, in seconds.
const REFRESH_SECONDS: u32 = 5;

/// The content security policy of the pages. It allows the embedded style sheet and icon and the
/// search form, and no scripts.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
});

/// A page.
#[derive(Debug)]
pub struct Page {
    /// The markup.
    pub html: String,
    /// Whether the team of the query exists, if there is one.
    pub is_found: bool,
}

#[derive(Template)]
#[template(path = "page.html", whitespace = "minimize")]
struct PageTemplate<'a> {
    title: String,
    style: &'static str,
    version: &'static str,
    telemetry_path: &'a str,
    /// Set while there is no data.
    refresh_seconds: Option<u32>,
    /// The team of the query, if it does not exist.
    missing_team: Option<String>,
    /// The name of the team, if there is one only.
    team: Option<String>,
    report: &'a Report,
    /// The teams shown: all or one.
    teams: &'a [TeamReport],
    at: When,
    notices: Vec<Notice>,
    figures: &'a Figures,
    bar: Bar,
    team_table: Option<Table>,
    more_teams: usize,
    categories: Table,
    invoices: Option<Invoices>,
    increases: Vec<TopIncrease>,
    budgets: Vec<Budget>,
    apps: Apps,
    /// The number of apps without a row of their own.
    rolled_up: usize,
    query: &'a PageQuery,
    sources: Vec<Source>,
    more_sources: usize,
}

#[derive(Template)]
#[template(path = "links.html", whitespace = "minimize")]
struct LinksTemplate<'a> {
    style: &'static str,
    version: &'static str,
    telemetry_path: &'a str,
}

impl Page {
    /// Renders the page of `report` for `query`, which selects a team by its ID or its name.
    ///
    /// # Errors
    ///
    /// Returns an error of the template engine; none is known for writing to memory.
    pub fn new(
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
        template.missing_team = query.team.as_deref().filter(|_| !is_found).map(name);
        let html = template.render()?;
        Ok(Self { html, is_found })
    }

    /// Renders a page that only links to the other endpoints.
    ///
    /// # Errors
    ///
    /// As for [`Page::new`].
    pub fn of_links(telemetry_path: &str) -> Result<String, askama::Error> {
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
        let (team, figures, categories) = match teams {
            [team] => (Some(name(&team.name)), &team.figures, &team.categories),
            _ => (None, &report.company, &report.categories),
        };
        let apps: Vec<TeamApp<'_>> = teams.iter().flat_map(TeamReport::apps).collect();
        let has_teams = teams.len() > 1;
        let has_data = figures.is_known() || teams.iter().any(|team| !team.invoices.is_empty());
        let prefix = team.as_ref().map(|team| format!("{team}: "));
        let month = month_name(report.month);
        let (sources, more_sources) = panels::sources(report, teams);
        Self {
            title: format!("{}Heroku costs, {month}", prefix.unwrap_or_default()),
            style: STYLE,
            version: env!("CARGO_PKG_VERSION"),
            telemetry_path,
            refresh_seconds: (!report.is_polled && !has_data).then_some(REFRESH_SECONDS),
            missing_team: None,
            team,
            report,
            teams,
            at: When::new(report.at, report.at),
            notices: notices::all(report, teams),
            figures,
            bar: Bar::new(figures, figures.previous, max_amount([figures])),
            team_table: has_teams.then(|| team_table(teams, figures)),
            more_teams: teams.len().saturating_sub(TEAMS),
            categories: category_table(categories, figures),
            invoices: panels::invoices(teams, report.month),
            increases: panels::top_increases(&apps, has_teams),
            budgets: panels::budgets(has_teams.then_some(figures), teams, &apps),
            apps: Apps::new(&apps, figures, query, has_teams),
            rolled_up: teams.iter().map(|team| team.rolled_up).sum(),
            query,
            sources,
            more_sources,
        }
    }
}

fn team_table(teams: &[TeamReport], whole: &Figures) -> Table {
    let mut sorted: Vec<_> = teams.iter().collect();
    sorted.sort_by_key(|team| Reverse(team.figures.rank()));
    let rows = sorted.into_iter().take(TEAMS).map(|team| Row {
        link: Some(PageQuery::of_team(team.id.as_deref().or(Some(&team.name)))),
        ..Row::new(&team.name, &team.figures)
    });
    let sum = known_of(teams).unwrap_or_else(|| "All teams".to_owned());
    Table::new("Costs by team", "Team", rows, vec![Row::new(&sum, whole)])
}

fn category_table(categories: &[CategoryFigures], whole: &Figures) -> Table {
    let shown = categories.iter().filter(|of| !of.figures.is_zero());
    let rows = shown.map(|of| Row {
        detail: Some(of.category.description().to_owned()),
        ..Row::new(of.category.as_str(), &of.figures)
    });
    let sums = vec![Row::new("Together", whole)];
    Table::new("Costs by kind", "Kind", rows, sums)
}

#[cfg(test)]
mod tests;
