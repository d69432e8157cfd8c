//! What money was for.

use super::money::Money;

/// What a month's money was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Dynos.
    Dynos,
    /// Heroku's own data services.
    Data,
    /// Partners' add-ons.
    Partner,
    /// Private spaces, which belong to no app.
    Space,
    /// What the team's own figures hold beyond the others; less than nothing where they hold less.
    Other,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Dynos,
        Self::Data,
        Self::Partner,
        Self::Space,
        Self::Other,
    ];

    /// Those that an app can have.
    pub const OF_APPS: [Self; 3] = [Self::Dynos, Self::Data, Self::Partner];

    /// The word for it in labels and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dynos => "dynos",
            Self::Data => "data",
            Self::Partner => "partner",
            Self::Space => "space",
            Self::Other => "other",
        }
    }

    /// What it is, for a person.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Dynos => "the processes of apps",
            Self::Data => "Heroku's own data services",
            Self::Partner => "partners' add-ons",
            Self::Space => "private spaces, which belong to no app",
            Self::Other => "what the team's figures hold beyond these",
        }
    }
}

/// Money by category; `None` where nothing is known of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByCategory([Option<Money>; Category::ALL.len()]);

impl ByCategory {
    /// The money of `category`.
    pub fn get(&self, category: Category) -> Option<Money> {
        self.0[category as usize]
    }

    /// The categories that are known.
    pub fn known(&self) -> impl Iterator<Item = (Category, Money)> {
        let known = Category::ALL.into_iter().zip(self.0);
        known.filter_map(|(category, money)| Some((category, money?)))
    }

    /// The sum of those that are known; `None` where none is.
    pub fn total(&self) -> Option<Money> {
        self.0.into_iter().flatten().reduce(|a, b| a + b)
    }

    /// Says what is known of `category`.
    pub(super) fn set(&mut self, category: Category, money: Option<Money>) {
        self.0[category as usize] = money;
    }

    /// Adds what is known of each category.
    pub(super) fn add(&mut self, other: Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum = sum.zip(more).map(|(a, b)| a + b).or(*sum).or(more);
        }
    }
}
