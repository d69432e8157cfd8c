//! The table of apps: searched, sorted and split into pages.

use std::cmp::Ordering;

use super::chart::max_amount;
use super::format::name;
use super::page_query::{PageQuery, Sort};
use super::table::Row;
use crate::report::figures::{Figures, Report, TeamApp};
use crate::report::format::count;
use billing::money::Money;

/// The number of apps on a page.
const PAGE_SIZE: usize = 50;

/// A page of the apps.
#[derive(Debug)]
pub(super) struct Apps {
    pub(super) rows: Vec<Row>,
    /// The sum of the apps found, the costs of no app, and the total.
    pub(super) sums: Vec<Row>,
    pub(super) heads: Vec<Head>,
    /// The number of apps found and shown.
    pub(super) summary: String,
    /// The URLs of the previous and the next page.
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
    /// Whether there are any apps, found or not.
    pub(super) any: bool,
}

/// The head of a column, with a link that sorts by it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) title: &'static str,
    /// The value of the column in a URL.
    pub(super) value: &'static str,
    pub(super) link: String,
    /// The value of `aria-sort`.
    pub(super) sorted: Option<&'static str>,
    pub(super) is_text: bool,
}

impl Apps {
    /// Selects the apps for `query`. `whole` are the costs that include all `apps`.
    pub(super) fn new(
        apps: &[TeamApp<'_>],
        whole: &Figures,
        query: &PageQuery,
        has_teams: bool,
    ) -> Self {
        let matching = apps.iter().filter(|app| matches(app, &query.search));
        let mut found: Vec<_> = matching.copied().collect();
        found.sort_by(|a, b| compare(query, a, b));
        let last_page = found.len().saturating_sub(1) / PAGE_SIZE;
        let page = query.page.min(last_page);
        let max = max_amount(found.iter().map(|(_, app)| &app.figures));
        let shown = found.iter().skip(page * PAGE_SIZE).take(PAGE_SIZE);
        let rows: Vec<_> = shown.map(|app| row(app, max, has_teams)).collect();
        let mut summary = count(apps.len(), "app", "apps");
        if !query.search.is_empty() {
            summary = format!("{} of {summary}", found.len());
        }
        if found.len() > PAGE_SIZE {
            let first = page * PAGE_SIZE + 1;
            let last = page * PAGE_SIZE + rows.len();
            summary = format!("{summary}, of which these are {first} to {last}");
        }
        let order = if query.ascends() {
            "ascending"
        } else {
            "descending"
        };
        let head = |(sort, value, title): (Sort, _, _)| Head {
            title,
            value,
            link: query.sorted(sort),
            sorted: (query.sort == sort).then_some(order),
            is_text: sort.ascends(),
        };
        let columns = Sort::ALL.into_iter();
        let columns = columns.filter(|(sort, ..)| has_teams || *sort != Sort::Team);
        Self {
            rows,
            sums: sums(apps, &found, whole),
            heads: columns.map(head).collect(),
            summary,
            earlier: (page > 0).then(|| query.on_page(page - 1)),
            later: (page < last_page).then(|| query.on_page(page + 1)),
            any: !apps.is_empty(),
        }
    }
}

/// Returns the change of an app's cost. That of a new app is its whole forecast.
pub(super) fn increase((team, app): &TeamApp<'_>) -> Option<Money> {
    let of_new = || app.figures.forecast.filter(|_| team.is_new(app));
    app.figures.change().or_else(of_new)
}

fn row((team, app): &TeamApp<'_>, max: Money, has_teams: bool) -> Row {
    Row {
        detail: has_teams.then(|| name(&team.name)),
        is_new: team.is_new(app),
        ..Row::new(&app.name, &app.figures).with_bar(max)
    }
}

fn matches((team, app): &TeamApp<'_>, search: &str) -> bool {
    let search = search.to_lowercase();
    [&app.name, &team.name]
        .iter()
        .any(|name| name.to_lowercase().contains(&search))
}

/// Unknown amounts come last in both orders. Equal apps are sorted by cost, then by name.
fn compare(query: &PageQuery, a: &TeamApp<'_>, b: &TeamApp<'_>) -> Ordering {
    let ((team_a, app_a), (team_b, app_b)) = (a, b);
    let directed = |ascending: Ordering| {
        if query.ascends() {
            ascending
        } else {
            ascending.reverse()
        }
    };
    let by_amount = |amount: fn(&TeamApp<'_>) -> Option<Money>| match (amount(a), amount(b)) {
        (Some(a), Some(b)) => directed(a.cmp(&b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    let by_column = match query.sort {
        Sort::Forecast => by_amount(|(_, app)| app.figures.forecast),
        Sort::Current => by_amount(|(_, app)| app.figures.current),
        Sort::Previous => by_amount(|(_, app)| app.figures.previous),
        Sort::Change => by_amount(increase),
        Sort::App => directed(app_a.name.cmp(&app_b.name)),
        Sort::Team => directed(team_a.name.cmp(&team_b.name)),
    };
    by_column
        .then_with(|| app_b.figures.rank().cmp(&app_a.figures.rank()))
        .then_with(|| (&app_a.name, &team_a.name).cmp(&(&app_b.name, &team_b.name)))
}

/// Returns the sum of the apps found; if these are all apps, with the costs of no app and the total.
fn sums(apps: &[TeamApp<'_>], found: &[TeamApp<'_>], whole: &Figures) -> Vec<Row> {
    if found.is_empty() {
        return Vec::new();
    }
    let figures = found.iter().map(|(_, app)| app.figures).sum();
    let number = count(found.len(), "app", "apps");
    if found.len() < apps.len() {
        return vec![Row::new(&format!("{number} found"), &figures)];
    }
    let in_no_app = Report::in_no_app(whole, apps);
    let mut sums = vec![Row::new(&number, &figures)];
    if !in_no_app.is_zero() {
        sums.push(Row::new("In no app", &in_no_app));
        sums.push(Row::new("Together", whole));
    }
    sums
}
