//! What of the page somebody wants to see: the query of its address, read and written.
//!
//! What cannot be understood counts as not said, because an address is typed by people too.

use url::form_urlencoded::{Serializer, parse};

/// The most characters of a search; more are cut off.
const LONGEST_SEARCH: usize = 100;

/// By what apps are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What the month will have cost at its end.
    #[default]
    Forecast,
    /// The month so far.
    Current,
    /// The month before.
    Previous,
    /// How much more the month will have cost than the one before.
    Change,
    /// The app's name.
    App,
    /// The team's name.
    Team,
}

impl Sort {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Self; 6] = [
        Self::App,
        Self::Team,
        Self::Current,
        Self::Forecast,
        Self::Previous,
        Self::Change,
    ];

    /// The word for it in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forecast => "forecast",
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Change => "change",
            Self::App => "app",
            Self::Team => "team",
        }
    }

    /// The words for it on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Forecast => "Forecast",
            Self::Current => "So far",
            Self::Previous => "Last month",
            Self::Change => "Change",
            Self::App => "App",
            Self::Team => "Team",
        }
    }

    /// Whether it begins with the least where nothing else is said: names do, money does not.
    pub fn ascends(self) -> bool {
        matches!(self, Self::App | Self::Team)
    }
}

/// What of the page somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// One team, by its id or its name; else the company.
    pub team: Option<String>,
    /// By what apps are sorted.
    pub sort: Sort,
    /// Whether they are sorted the other way round than that begins.
    pub reversed: bool,
    /// What the apps' or their teams' names have to hold.
    pub search: String,
    /// Which sheet of the apps, from 0.
    pub sheet: usize,
}

impl PageQuery {
    /// Reads the query of an address.
    pub fn read(query: &str) -> Self {
        let mut view = Self::default();
        let mut order = None;
        for (key, value) in parse(query.as_bytes()) {
            match &*key {
                "team" if !value.is_empty() => view.team = Some(value.into_owned()),
                "sort" => {
                    let sort = Sort::ALL.into_iter().find(|sort| sort.as_str() == value);
                    view.sort = sort.unwrap_or_default();
                }
                "order" => order = Some(value == "asc"),
                "q" => view.search = value.trim().chars().take(LONGEST_SEARCH).collect(),
                "sheet" => view.sheet = value.parse::<usize>().unwrap_or(1).saturating_sub(1),
                _ => {}
            }
        }
        view.reversed = order.is_some_and(|ascends| ascends != view.sort.ascends());
        view
    }

    /// Whether the least comes first.
    pub fn ascends(&self) -> bool {
        self.sort.ascends() != self.reversed
    }

    /// The view's address, relative to the page.
    pub fn address(&self) -> String {
        let mut query = Serializer::for_suffix("?".to_owned(), 1);
        if let Some(team) = &self.team {
            query.append_pair("team", team);
        }
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        if self.sort != Sort::default() || self.reversed {
            query.append_pair("sort", self.sort.as_str());
        }
        if self.reversed {
            query.append_pair("order", if self.ascends() { "asc" } else { "desc" });
        }
        if self.sheet > 0 {
            query.append_pair("sheet", &(self.sheet + 1).to_string());
        }
        query.finish()
    }

    /// The address of the same sorted by `sort`, or the other way round where it is already.
    pub fn sorted(&self, sort: Sort) -> String {
        let sorted = Self {
            sort,
            reversed: sort == self.sort && !self.reversed,
            sheet: 0,
            ..self.clone()
        };
        format!("{}#apps", sorted.address())
    }

    /// The address of another sheet of the same.
    pub fn on_sheet(&self, sheet: usize) -> String {
        let other = Self {
            sheet,
            ..self.clone()
        };
        format!("{}#apps", other.address())
    }

    /// The address of a team's page, or of the company's.
    pub fn of_team(team: Option<&str>) -> String {
        let view = Self {
            team: team.map(str::to_owned),
            ..Self::default()
        };
        view.address()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_understood_is_not_said() {
        for query in [
            "",
            "?",
            "sort=x&sheet=0&order",
            "sheet=-1&team=",
            "%ff=%&&&=",
        ] {
            assert_eq!(PageQuery::read(query), PageQuery::default(), "{query}");
        }
        assert_eq!(
            PageQuery::read(&format!("q={}", "é".repeat(9_999)))
                .search
                .chars()
                .count(),
            100
        );
        assert_eq!(
            PageQuery::read(&format!("sheet={}", usize::MAX)).sheet,
            usize::MAX - 1
        );
    }

    #[test]
    fn a_column_that_is_sorted_by_is_turned_round() {
        let view = PageQuery::read("sort=app&q=a%26b");
        assert!(view.ascends());
        assert_eq!(view.sorted(Sort::App), "?q=a%26b&sort=app&order=desc#apps");
        assert_eq!(view.sorted(Sort::Forecast), "?q=a%26b#apps");
        assert_eq!(
            PageQuery::read("order=asc").sorted(Sort::Forecast),
            "?#apps"
        );
    }

    proptest! {
        #[test]
        fn an_address_is_read_as_it_was_written(
            team in proptest::option::of(".+"),
            sort in 0..Sort::ALL.len(),
            reversed: bool,
            search in "\\S{0,100}",
            sheet in 0_usize..9_999,
        ) {
            let view = PageQuery { team, sort: Sort::ALL[sort], reversed, search, sheet };
            let address = view.address();
            prop_assert_eq!(PageQuery::read(&address[1..]), view, "{}", address);
        }
    }
}
