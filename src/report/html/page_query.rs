//! The query string of the page. Invalid parameters are ignored.

use url::form_urlencoded::{Serializer, parse};

/// The maximum length of a search text in characters.
const MAX_SEARCH: usize = 100;

/// A column by which apps can be sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SortColumn {
    #[default]
    Forecast,
    Current,
    Previous,
    Change,
    App,
    Team,
}

impl SortColumn {
    /// All columns from left to right, each with its value in a URL and its title.
    pub(super) const ALL: [(Self, &str, &str); 6] = [
        (Self::App, "app", "App"),
        (Self::Team, "team", "Team"),
        (Self::Current, "current", "So far"),
        (Self::Forecast, "forecast", "Forecast"),
        (Self::Previous, "previous", "Last month"),
        (Self::Change, "change", "Change"),
    ];

    /// Returns whether the default order is ascending, which is the case for names.
    pub(super) fn is_ascending_by_default(self) -> bool {
        matches!(self, Self::App | Self::Team)
    }
}

/// The query parameters of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// The name or id of a team, or `None` for all teams.
    pub(super) team: Option<String>,
    pub(super) sort: SortColumn,
    /// Whether the order is opposite to the default order of the column.
    pub(super) reversed: bool,
    /// The search text, a part of the names of apps or their teams.
    pub(super) search: String,
    /// The page of the table of apps, from 0.
    pub(super) page: usize,
}

impl PageQuery {
    /// Parses a query string.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut order = None;
        for (key, value) in parse(text.as_bytes()) {
            match &*key {
                "team" if !value.is_empty() => query.team = Some(value.into_owned()),
                "sort" => {
                    let sort = SortColumn::ALL
                        .into_iter()
                        .find(|(_, name, _)| *name == value);
                    query.sort = sort.map(|(sort, ..)| sort).unwrap_or_default();
                }
                "order" => order = Some(value == "asc"),
                "q" => query.search = value.trim().chars().take(MAX_SEARCH).collect(),
                "sheet" => query.page = value.parse::<usize>().unwrap_or(1).saturating_sub(1),
                _ => {}
            }
        }
        query.reversed =
            order.is_some_and(|ascending| ascending != query.sort.is_ascending_by_default());
        query
    }

    /// Returns whether the order is ascending.
    pub(super) fn is_ascending(&self) -> bool {
        self.sort.is_ascending_by_default() != self.reversed
    }

    /// Returns the URL relative to the page.
    pub(super) fn url(&self) -> String {
        let mut query = Serializer::for_suffix("?".to_owned(), 1);
        if let Some(team) = &self.team {
            query.append_pair("team", team);
        }
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        let column = SortColumn::ALL
            .into_iter()
            .find(|(sort, ..)| *sort == self.sort);
        if let Some((_, value, _)) = column
            && (self.sort != SortColumn::default() || self.reversed)
        {
            query.append_pair("sort", value);
        }
        if self.reversed {
            query.append_pair("order", if self.is_ascending() { "asc" } else { "desc" });
        }
        if self.page > 0 {
            query.append_pair("sheet", &(self.page + 1).to_string());
        }
        query.finish()
    }

    /// Returns the URL that sorts by a column, or reverses the order of the current column.
    pub(super) fn sorted_url(&self, sort: SortColumn) -> String {
        let query = Self {
            sort,
            reversed: sort == self.sort && !self.reversed,
            ..self.clone()
        };
        query.page_url(0)
    }

    /// Returns the URL of a page of the table of apps.
    pub(super) fn page_url(&self, page: usize) -> String {
        let query = Self {
            page,
            ..self.clone()
        };
        format!("{}#apps", query.url())
    }

    /// Returns the URL of a team, or of all teams if `None`.
    pub(super) fn team_url(team: Option<&str>) -> String {
        let team = team.map(str::to_owned);
        let query = Self {
            team,
            ..Self::default()
        };
        query.url()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ignores_invalid_parameters() {
        for query in [
            "",
            "?",
            "sort=x&sheet=0&order",
            "sheet=-1&team=",
            "%ff=%&&&=",
        ] {
            assert_eq!(PageQuery::parse(query), PageQuery::default(), "{query}");
        }
        assert_eq!(
            PageQuery::parse(&format!("q={}", "é".repeat(9_999)))
                .search
                .chars()
                .count(),
            100
        );
        assert_eq!(
            PageQuery::parse(&format!("sheet={}", usize::MAX)).page,
            usize::MAX - 1
        );
    }

    #[test]
    fn sorting_again_reverses_the_order() {
        let query = PageQuery::parse("sort=app&q=a%26b");
        assert!(query.is_ascending());
        assert_eq!(
            query.sorted_url(SortColumn::App),
            "?q=a%26b&sort=app&order=desc#apps"
        );
        assert_eq!(query.sorted_url(SortColumn::Forecast), "?q=a%26b#apps");
        assert_eq!(
            PageQuery::parse("order=asc").sorted_url(SortColumn::Forecast),
            "?#apps"
        );
    }

    proptest! {
        #[test]
        fn round_trips_through_url(
            team in proptest::option::of(".+"),
            sort in 0..SortColumn::ALL.len(),
            reversed: bool,
            search in "\\S{0,100}",
            page in 0_usize..9_999,
        ) {
            let query = PageQuery { team, sort: SortColumn::ALL[sort].0, reversed, search, page };
            let url = query.url();
            prop_assert_eq!(PageQuery::parse(&url[1..]), query, "{}", url);
        }
    }
}
