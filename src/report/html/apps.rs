//! The table of apps with search, sort order and pagination.

use std::cmp::Ordering;

use super::chart::max_amount;
use super::page_query::{PageQuery, SortColumn};
use super::table::CostRow;
use super::text::display_name;
use crate::report::costs::{CostSummary, Report, TeamApp};
use crate::report::format::count;
use billing::money::Money;

/// The number of apps on a page.
const PAGE_SIZE: usize = 50;

/// A page of the table of apps.
#[derive(Debug)]
pub(super) struct AppTable {
    pub(super) rows: Vec<CostRow>,
    /// The sum of the matching apps, the unallocated costs and the total.
    pub(super) footer: Vec<CostRow>,
    pub(super) headers: Vec<ColumnHeader>,
    /// The number of matching apps, and of those on this page.
    pub(super) summary: String,
    /// The URLs of the previous and the next page.
    pub(super) previous_page: Option<String>,
    pub(super) next_page: Option<String>,
    /// Whether there are any apps, matching or not.
    pub(super) has_apps: bool,
}

/// The header of a column, with a link that sorts by it.
#[derive(Debug)]
pub(super) struct ColumnHeader {
    pub(super) title: &'static str,
    /// The value of the column in a URL.
    pub(super) value: &'static str,
    pub(super) link: String,
    /// The value of `aria-sort`.
    pub(super) aria_sort: Option<&'static str>,
    pub(super) is_text: bool,
}

impl AppTable {
    /// Selects the apps for `query`. `total` is the cost that includes all `apps`.
    pub(super) fn new(
        apps: &[TeamApp<'_>],
        total: &CostSummary,
        query: &PageQuery,
        several_teams: bool,
    ) -> Self {
        let matching = apps.iter().filter(|app| matches(app, &query.search));
        let mut matching: Vec<_> = matching.copied().collect();
        matching.sort_by(|a, b| compare(query, a, b));
        let last_page = matching.len().saturating_sub(1) / PAGE_SIZE;
        let page = query.page.min(last_page);
        let max = max_amount(matching.iter().map(|(_, app)| &app.costs));
        let shown = matching.iter().skip(page * PAGE_SIZE).take(PAGE_SIZE);
        let rows: Vec<_> = shown.map(|app| row(app, max, several_teams)).collect();
        let mut summary = count(apps.len(), "app", "apps");
        if !query.search.is_empty() {
            summary = format!("{} of {summary}", matching.len());
        }
        if matching.len() > PAGE_SIZE {
            let first = page * PAGE_SIZE + 1;
            let last = page * PAGE_SIZE + rows.len();
            summary = format!("{summary}, of which these are {first} to {last}");
        }
        let order = if query.is_ascending() {
            "ascending"
        } else {
            "descending"
        };
        let header = |(sort, value, title): (SortColumn, _, _)| ColumnHeader {
            title,
            value,
            link: query.sorted_url(sort),
            aria_sort: (query.sort == sort).then_some(order),
            is_text: sort.is_ascending_by_default(),
        };
        let columns = SortColumn::ALL.into_iter();
        let columns = columns.filter(|(sort, ..)| several_teams || *sort != SortColumn::Team);
        Self {
            rows,
            footer: footer(apps, &matching, total),
            headers: columns.map(header).collect(),
            summary,
            previous_page: (page > 0).then(|| query.page_url(page - 1)),
            next_page: (page < last_page).then(|| query.page_url(page + 1)),
            has_apps: !apps.is_empty(),
        }
    }
}

/// Returns the forecast change of an app's cost. For a new app this is its forecast.
pub(super) fn cost_change((team, app): &TeamApp<'_>) -> Option<Money> {
    let forecast_if_new = || app.costs.forecast.filter(|_| team.is_new(app));
    app.costs.change().or_else(forecast_if_new)
}

fn row((team, app): &TeamApp<'_>, max: Money, several_teams: bool) -> CostRow {
    CostRow {
        detail: several_teams.then(|| display_name(&team.name)),
        is_new: team.is_new(app),
        ..CostRow::new(&app.name, &app.costs).with_bar(max)
    }
}

fn matches((team, app): &TeamApp<'_>, search: &str) -> bool {
    let search = search.to_lowercase();
    [&app.name, &team.name]
        .iter()
        .any(|name| name.to_lowercase().contains(&search))
}

/// Compares apps by the column of the query, then by cost and name. Unknown amounts come last in
/// both orders.
fn compare(query: &PageQuery, a: &TeamApp<'_>, b: &TeamApp<'_>) -> Ordering {
    let ((team_a, app_a), (team_b, app_b)) = (a, b);
    let directed = |ascending: Ordering| {
        if query.is_ascending() {
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
        SortColumn::Forecast => by_amount(|(_, app)| app.costs.forecast),
        SortColumn::Current => by_amount(|(_, app)| app.costs.current),
        SortColumn::Previous => by_amount(|(_, app)| app.costs.previous),
        SortColumn::Change => by_amount(cost_change),
        SortColumn::App => directed(app_a.name.cmp(&app_b.name)),
        SortColumn::Team => directed(team_a.name.cmp(&team_b.name)),
    };
    by_column
        .then_with(|| app_b.costs.rank().cmp(&app_a.costs.rank()))
        .then_with(|| (&app_a.name, &team_a.name).cmp(&(&app_b.name, &team_b.name)))
}

/// Returns the sum of the matching apps. If all apps match, the unallocated costs and the total
/// follow.
fn footer(apps: &[TeamApp<'_>], matching: &[TeamApp<'_>], total: &CostSummary) -> Vec<CostRow> {
    if matching.is_empty() {
        return Vec::new();
    }
    let costs = matching.iter().map(|(_, app)| app.costs).sum();
    let number = count(matching.len(), "app", "apps");
    if matching.len() < apps.len() {
        return vec![CostRow::new(&format!("{number} found"), &costs)];
    }
    let unallocated = Report::unallocated(total, apps);
    let mut footer = vec![CostRow::new(&number, &costs)];
    if !unallocated.is_zero() {
        footer.push(CostRow::new("Not in an app", &unallocated));
        footer.push(CostRow::new("Total", total));
    }
    footer
}
