//! The apps: found, sorted, and a sheet of them at a time, so that no number of apps makes a page
//! that nobody can load.

use std::cmp::Ordering;

use super::bars::most;
use super::table::Row;
use super::view::{PageQuery, Sort};
use super::words::{count, name};
use crate::report::{AppReport, Figures, Report, TeamReport};
use billing::money::Money;

/// How many apps stand on a sheet.
pub(super) const SHEET: usize = 50;

/// An app and whose it is.
pub(super) type App<'a> = (&'a TeamReport, &'a AppReport);

/// The apps as they are shown.
#[derive(Debug)]
pub(super) struct Apps {
    pub(super) rows: Vec<Row>,
    /// What is below the line: the sum of all that were found, and what belongs to no app.
    pub(super) sums: Vec<Row>,
    /// The heads of the columns, which sort.
    pub(super) heads: Vec<Head>,
    /// How many there are, and how many of them are shown.
    pub(super) summary: String,
    /// Which sheets come before and after this one.
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
    /// Whether there is any app, found or not.
    pub(super) any: bool,
    /// How many rows are sums of apps that others are costlier than.
    pub(super) rolled_up: usize,
}

/// The head of a column.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) title: &'static str,
    /// The word for it in an address.
    pub(super) word: &'static str,
    pub(super) link: String,
    /// How the column is sorted, in ARIA's words.
    pub(super) sorted: Option<&'static str>,
    pub(super) is_text: bool,
}

impl Apps {
    /// What `view` wants to see of all `apps` of which the costs are `whole`.
    pub(super) fn new(
        apps: &[App<'_>],
        whole: &Figures,
        view: &PageQuery,
        has_teams: bool,
    ) -> Self {
        let mut found: Vec<_> = apps
            .iter()
            .copied()
            .filter(|app| holds(app, &view.search))
            .collect();
        found.sort_by(|a, b| order(view, a, b));
        let sheets = found.len().div_ceil(SHEET).max(1);
        let sheet = view.sheet.min(sheets - 1);
        let most = most(found.iter().map(|(_, app)| &app.figures), |f| f.previous);
        let shown = found.iter().skip(sheet * SHEET).take(SHEET);
        let rows: Vec<_> = shown.map(|app| row(app, most, has_teams)).collect();
        let first = sheet * SHEET + 1;
        let last = first + rows.len().saturating_sub(1);
        let summary = summary(apps.len(), found.len(), first..=last, &view.search);
        let heads = Sort::ALL
            .into_iter()
            .filter(|sort| has_teams || *sort != Sort::Team);
        Self {
            sums: sums(apps, &found, whole),
            rows,
            heads: heads.map(|sort| Head::new(sort, view)).collect(),
            summary,
            earlier: (sheet > 0).then(|| view.on_sheet(sheet - 1)),
            later: (sheet + 1 < sheets).then(|| view.on_sheet(sheet + 1)),
            any: !apps.is_empty(),
            rolled_up: 0,
        }
    }
}

impl Head {
    fn new(sort: Sort, view: &PageQuery) -> Self {
        let direction = if view.ascends() {
            "ascending"
        } else {
            "descending"
        };
        Self {
            title: sort.title(),
            word: sort.as_str(),
            link: view.sorted(sort),
            sorted: (view.sort == sort).then_some(direction),
            is_text: sort.ascends(),
        }
    }
}

/// How much more an app will have cost than last month; all of it, where it is new.
pub(super) fn rise((team, app): &App<'_>) -> Option<Money> {
    let new = || app.figures.forecast.filter(|_| team.is_new(app));
    app.figures.change().or_else(new)
}

fn row(app: &App<'_>, most: Money, has_teams: bool) -> Row {
    let (team, app) = app;
    Row {
        beside: has_teams.then(|| name(&team.name)),
        is_new: team.is_new(app),
        ..Row::new(&app.name, &app.figures).with_bar(&app.figures, most)
    }
}

fn holds((team, app): &App<'_>, search: &str) -> bool {
    let search = search.to_lowercase();
    let holds = |name: &str| name.to_lowercase().contains(&search);
    search.is_empty() || holds(&app.name) || holds(&team.name)
}

/// What is not known comes last, whichever way it is sorted; of equals the costlier comes first.
fn order(view: &PageQuery, a: &App<'_>, b: &App<'_>) -> Ordering {
    let ((team_a, app_a), (team_b, app_b)) = (a, b);
    let directed = |order: Ordering| {
        if view.ascends() {
            order
        } else {
            order.reverse()
        }
    };
    let amounts = |a: Option<Money>, b: Option<Money>| match (a, b) {
        (Some(a), Some(b)) => directed(a.cmp(&b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    let figures = (&app_a.figures, &app_b.figures);
    let wanted = match view.sort {
        Sort::Forecast => amounts(figures.0.forecast, figures.1.forecast),
        Sort::Current => amounts(figures.0.current, figures.1.current),
        Sort::Previous => amounts(figures.0.previous, figures.1.previous),
        Sort::Change => amounts(rise(a), rise(b)),
        Sort::App => directed(app_a.name.cmp(&app_b.name)),
        Sort::Team => directed(team_a.name.cmp(&team_b.name)),
    };
    let names = || (&app_a.name, &team_a.name).cmp(&(&app_b.name, &team_b.name));
    wanted
        .then_with(|| figures.1.rank().cmp(&figures.0.rank()))
        .then_with(names)
}

fn summary(
    all: usize,
    found: usize,
    shown: std::ops::RangeInclusive<usize>,
    search: &str,
) -> String {
    let apps = count(all, "app", "apps");
    let which = if search.is_empty() {
        apps
    } else {
        format!("{found} of {apps}")
    };
    if found > SHEET {
        format!(
            "{which}, of which these are {} to {}",
            shown.start(),
            shown.end()
        )
    } else {
        which
    }
}

/// The apps that were found; where that is all of them, with what belongs to no app, and the whole.
fn sums(apps: &[App<'_>], found: &[App<'_>], whole: &Figures) -> Vec<Row> {
    if found.is_empty() {
        return Vec::new();
    }
    let figures = found.iter().map(|(_, app)| app.figures).sum();
    let words = |apps| count(apps, "app", "apps");
    if found.len() < apps.len() {
        return vec![Row::new(&format!("{} found", words(found.len())), &figures)];
    }
    let beside = Report::in_no_app(whole, apps);
    let mut sums = vec![Row::new(&words(apps.len()), &figures)];
    if !beside.is_nothing() {
        sums.push(Row::new("In no app", &beside));
        sums.push(Row::new("Together", whole));
    }
    sums
}
