//! The query string of the page. Invalid values are ignored.

use url::form_urlencoded::{Serializer, parse};

/// The maximum of characters of a search.
const MAX_SEARCH: usize = 100;

/// The column by which apps are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    #[default]
    Forecast,
    Current,
    Previous,
    Change,
    App,
    Team,
}

impl Sort {
    /// All columns from left to right, with their values in a URL and their titles.
    pub(super) const ALL: [(Self, &str, &str); 6] = [
        (Self::App, "app", "App"),
        (Self::Team, "team", "Team"),
        (Self::Current, "current", "So far"),
        (Self::Forecast, "forecast", "Forecast"),
        (Self::Previous, "previous", "Last month"),
        (Self::Change, "change", "Change"),
    ];

    /// Returns whether the default order is ascending, as it is for names.
    pub(super) fn ascends(self) -> bool {
        matches!(self, Self::App | Self::Team)
    }
}

/// The parameters of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// The name or ID of a team; all teams otherwise.
    pub(super) team: Option<String>,
    pub(super) sort: Sort,
    /// Whether the order is the opposite of the column's default order.
    pub(super) reversed: bool,
    /// A part of the names of apps or their teams.
    pub(super) search: String,
    /// The page of the apps, from 0.
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
                    let sort = Sort::ALL.into_iter().find(|(_, name, _)| *name == value);
                    query.sort = sort.map(|(sort, ..)| sort).unwrap_or_default();
                }
                "order" => order = Some(value == "asc"),
                "q" => query.search = value.trim().chars().take(MAX_SEARCH).collect(),
                "sheet" => query.page = value.parse::<usize>().unwrap_or(1).saturating_sub(1),
                _ => {}
            }
        }
        query.reversed = order.is_some_and(|ascends| ascends != query.sort.ascends());
        query
    }

    /// Returns whether the order is ascending.
    pub(super) fn ascends(&self) -> bool {
        self.sort.ascends() != self.reversed
    }

    /// Returns the URL, relative to the page.
    pub(super) fn url(&self) -> String {
        let mut query = Serializer::for_suffix("?".to_owned(), 1);
        if let Some(team) = &self.team {
            query.append_pair("team", team);
        }
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        let column = Sort::ALL.into_iter().find(|(sort, ..)| *sort == self.sort);
        if let Some((_, value, _)) = column
            && (self.sort != Sort::default() || self.reversed)
        {
            query.append_pair("sort", value);
        }
        if self.reversed {
            query.append_pair("order", if self.ascends() { "asc" } else { "desc" });
        }
        if self.page > 0 {
            query.append_pair("sheet", &(self.page + 1).to_string());
        }
        query.finish()
    }

    /// Returns the URL for another column, or for the other order of the same column.
    pub(super) fn sorted(&self, sort: Sort) -> String {
        let sorted = Self {
            sort,
            reversed: sort == self.sort && !self.reversed,
            ..self.clone()
        };
        sorted.on_page(0)
    }

    /// Returns the URL for another page of apps.
    pub(super) fn on_page(&self, page: usize) -> String {
        let query = Self {
            page,
            ..self.clone()
        };
        format!("{}#apps", query.url())
    }

    /// Returns the URL for a team, or for all teams.
    pub(super) fn of_team(team: Option<&str>) -> String {
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
        assert!(query.ascends());
        assert_eq!(query.sorted(Sort::App), "?q=a%26b&sort=app&order=desc#apps");
        assert_eq!(query.sorted(Sort::Forecast), "?q=a%26b#apps");
        assert_eq!(
            PageQuery::parse("order=asc").sorted(Sort::Forecast),
            "?#apps"
        );
    }

    proptest! {
        #[test]
        fn round_trips_through_url(
            team in proptest::option::of(".+"),
            sort in 0..Sort::ALL.len(),
            reversed: bool,
            search in "\\S{0,100}",
            sheet in 0_usize..9_999,
        ) {
            let query = PageQuery { team, sort: Sort::ALL[sort].0, reversed, search, page: sheet };
            let address = query.url();
            prop_assert_eq!(PageQuery::parse(&address[1..]), query, "{}", address);
        }
    }
}
