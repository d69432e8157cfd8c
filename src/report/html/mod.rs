//! What Heroku costs, as a page for people: the figures of the report, drawn.
//!
//! A pure function of a report and of what of it somebody wants to see. It must not know HTTP, or
//! where the report comes from. The markup is in `templates/`; the template library escapes whatever
//! is put into it, so that no name is ever markup.

mod apps;
mod bars;
mod beside;
mod notices;
mod table;
mod view;
mod words;

use std::sync::LazyLock;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};

use crate::report::{Figures, Kind, Report, TeamReport};
use apps::{App, Apps};
use bars::{Bar, most};
use beside::{Budget, Invoices, Source, TopIncreases};
use notices::Notice;
use table::{Row, Table};
pub use view::{PageQuery, Sort};
use words::{Costs, When, name};

/// The style of every page. It stands in the page itself, so that nothing else is asked for.
const STYLE: &str = include_str!("../../../templates/page.css");

/// How many teams are listed, the costliest first.
const TEAMS: usize = 200;

/// How often a page that has nothing to show yet asks again, in seconds.
const WAIT: u32 = 5;

/// What a browser is to allow the page: the style that stands in it and the icon that does, a search
/// form that leads back here, and nothing else; no script at all.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
});

/// A page, and whether what was asked for is there.
#[derive(Debug)]
pub struct Page {
    /// The markup.
    pub html: String,
    /// Whether there is a team of that name, where one was asked for.
    pub is_found: bool,
}

/// Of whom the costs are shown: the company, or one of its teams.
struct Scope<'a> {
    report: &'a Report,
    teams: &'a [TeamReport],
    /// Whether one of several teams is shown.
    is_part: bool,
}

#[derive(Template)]
#[template(path = "page.html", whitespace = "minimize")]
struct Whole<'a> {
    title: String,
    style: &'static str,
    version: &'static str,
    telemetry_path: &'a str,
    /// The seconds after which to ask again, where there is nothing to show yet.
    wait: Option<u32>,
    missing_team: Option<String>,
    /// Whose costs they are, where that is one team.
    whose: Option<String>,
    is_part: bool,
    month: String,
    previous_month: String,
    coverage: String,
    at: When,
    notices: Vec<Notice>,
    costs: Costs,
    bar: Bar,
    teams: Option<Table>,
    more_teams: usize,
    kinds: Table,
    invoices: Option<Invoices>,
    risen: Vec<TopIncreases>,
    budgets: Vec<Budget>,
    apps: Apps,
    view: &'a PageQuery,
    sources: Vec<Source>,
    more_sources: usize,
}

#[derive(Template)]
#[template(path = "links.html", whitespace = "minimize")]
struct Links<'a> {
    style: &'static str,
    version: &'static str,
    telemetry_path: &'a str,
}

impl Page {
    /// What `view` wants to see of `report`.
    ///
    /// # Errors
    ///
    /// None that is known: what is written goes to memory.
    pub fn new(
        report: &Report,
        view: &PageQuery,
        telemetry_path: &str,
    ) -> Result<Self, askama::Error> {
        let (scope, is_found) = Scope::new(report, view.team.as_deref());
        let missing = view.team.as_deref().filter(|_| !is_found);
        let mut whole = Whole::of(&scope, view, telemetry_path);
        whole.missing_team = missing.map(name);
        Ok(Self {
            html: whole.render()?,
            is_found,
        })
    }

    /// The page that only links to what else is there.
    ///
    /// # Errors
    ///
    /// As for [`Page::new`].
    pub fn of_links(telemetry_path: &str) -> Result<String, askama::Error> {
        let links = Links {
            style: STYLE,
            version: env!("CARGO_PKG_VERSION"),
            telemetry_path,
        };
        links.render()
    }
}

impl<'a> Scope<'a> {
    /// The scope of a team that is asked for by its id or its name, and whether there is one.
    fn new(report: &'a Report, team: Option<&str>) -> (Self, bool) {
        let all = &report.teams;
        let position = team.and_then(|wanted| {
            let by_id = all.iter().position(|t| t.id.as_deref() == Some(wanted));
            by_id.or_else(|| all.iter().position(|t| t.name == wanted))
        });
        let teams = position.map_or(&all[..], |position| &all[position..=position]);
        let scope = Self {
            report,
            teams,
            is_part: all.len() > 1 && position.is_some(),
        };
        (scope, team.is_none() || position.is_some())
    }

    fn one(&self) -> Option<&'a TeamReport> {
        match self.teams {
            [team] => Some(team),
            _ => None,
        }
    }

    fn figures(&self) -> &'a Figures {
        self.one()
            .map_or(&self.report.company, |team| &team.figures)
    }

    fn kinds(&self) -> &'a [Kind] {
        self.one().map_or(&self.report.kinds, |team| &team.kinds)
    }

    fn apps(&self) -> Vec<App<'a>> {
        let teams = self.teams.iter();
        teams
            .flat_map(|team| team.apps.iter().map(move |app| (team, app)))
            .collect()
    }
}

impl<'a> Whole<'a> {
    fn of(scope: &Scope<'a>, view: &'a PageQuery, telemetry_path: &'a str) -> Self {
        let Scope {
            report,
            teams,
            is_part,
        } = *scope;
        let figures = scope.figures();
        let apps = scope.apps();
        let has_teams = teams.len() > 1;
        let month = report.month;
        let long = |month: billing::month::Month| month.first_day().strftime("%B %Y").to_string();
        let (sources, more_sources) = beside::sources(report, teams);
        let whole_budget = has_teams.then_some(("All teams", figures));
        let budgets = beside::budgets(whole_budget, teams, &apps);
        let anything = figures.is_known() || teams.iter().any(|team| !team.invoices.is_empty());
        let mut app_rows = Apps::new(&apps, figures, view, has_teams);
        app_rows.rolled_up = teams.iter().map(|team| team.rolled_up).sum();
        let whose = scope.one().map(|team| name(&team.name));
        let title = format!("Heroku costs, {}", long(month));
        Self {
            title: match &whose {
                Some(whose) => format!("{whose}: {title}"),
                None => title,
            },
            style: STYLE,
            version: env!("CARGO_PKG_VERSION"),
            telemetry_path,
            wait: (!report.all_asked && !anything).then_some(WAIT),
            missing_team: None,
            whose,
            is_part,
            month: long(month),
            previous_month: long(month.previous()),
            coverage: report.coverage(teams),
            at: When::new(report.at, report.at),
            notices: notices::all(report, teams),
            costs: Costs::of(figures),
            bar: Bar::new(
                figures,
                figures.previous,
                most([figures], |figures| figures.previous),
            ),
            teams: has_teams.then(|| team_table(teams, figures)),
            more_teams: teams.len().saturating_sub(TEAMS),
            kinds: kind_table(scope.kinds(), figures),
            invoices: beside::invoices(teams, month),
            risen: beside::risen(&apps, has_teams),
            budgets,
            apps: app_rows,
            view,
            sources,
            more_sources,
        }
    }
}

/// The teams, the costliest first.
fn team_table(teams: &[TeamReport], whole: &Figures) -> Table {
    let mut sorted: Vec<_> = teams.iter().collect();
    sorted.sort_by_key(|team| std::cmp::Reverse(team.figures.rank()));
    let known = teams.iter().filter(|team| team.figures.is_known()).count();
    let sum = if known < teams.len() {
        format!("{known} of {} teams", teams.len())
    } else {
        "All teams".to_owned()
    };
    let rows = sorted.into_iter().take(TEAMS).map(|team| {
        let address = PageQuery::of_team(Some(team.id.as_deref().unwrap_or(&team.name)));
        let row = Row {
            link: Some(address),
            ..Row::new(&team.name, &team.figures)
        };
        (row, &team.figures)
    });
    Table::new("Costs by team", "Team", rows, vec![Row::new(&sum, whole)])
}

/// The kinds of which something is known but that they cost nothing.
fn kind_table(kinds: &[Kind], whole: &Figures) -> Table {
    let shown = kinds.iter().filter(|kind| !kind.figures.is_nothing());
    let rows = shown.map(|kind| {
        let word = kind.category.as_str();
        let row = Row {
            beside: Some(kind.category.description().to_owned()),
            ..Row::new(word, &kind.figures)
        };
        (row, &kind.figures)
    });
    Table::new(
        "Costs by kind",
        "Kind",
        rows,
        vec![Row::new("Together", whole)],
    )
}

#[cfg(test)]
mod tests;
