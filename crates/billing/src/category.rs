//! Cost categories.

use super::money::{Money, sum_known};

/// The category of a cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Dynos.
    Dynos,
    /// Add-on credits for Heroku data services.
    Data,
    /// Add-on credits for partner add-ons.
    Partner,
    /// Private spaces, which belong to no app.
    Space,
    /// The part of the team's own amounts that no app and no other category has. It is negative if
    /// the team's amounts are lower.
    Other,
}

impl Category {
    /// All categories.
    pub const ALL: [Self; 5] = [
        Self::Dynos,
        Self::Data,
        Self::Partner,
        Self::Space,
        Self::Other,
    ];

    /// The categories of apps.
    pub const OF_APPS: [Self; 3] = [Self::Dynos, Self::Data, Self::Partner];

    /// Returns the label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dynos => "dynos",
            Self::Data => "data",
            Self::Partner => "partner",
            Self::Space => "space",
            Self::Other => "other",
        }
    }

    /// Returns a short description for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Dynos => "app processes",
            Self::Data => "Heroku data services",
            Self::Partner => "partner add-ons",
            Self::Space => "private spaces, which belong to no app",
            Self::Other => "usage that belongs to no app",
        }
    }
}

/// Money by category. `None` if nothing is known of a category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByCategory([Option<Money>; Category::ALL.len()]);

impl ByCategory {
    /// Returns the money of `category`.
    pub fn get(&self, category: Category) -> Option<Money> {
        self.0[category as usize]
    }

    /// Returns the categories that are known.
    pub fn known(&self) -> impl Iterator<Item = (Category, Money)> {
        let all = Category::ALL.into_iter().zip(self.0);
        all.filter_map(|(category, money)| Some((category, money?)))
    }

    /// Returns the sum of the categories that are known.
    pub fn total(&self) -> Option<Money> {
        sum_known(self.0)
    }

    /// Returns the money of one category.
    pub(super) fn of(category: Category, money: Option<Money>) -> Self {
        let mut of_category = Self::default();
        of_category.set(category, money);
        of_category
    }

    pub(super) fn set(&mut self, category: Category, money: Option<Money>) {
        self.0[category as usize] = money;
    }

    /// Adds `other`, category by category.
    pub(super) fn add(&mut self, other: Self) {
        for (sum, money) in self.0.iter_mut().zip(other.0) {
            *sum = sum_known([*sum, money]);
        }
    }
}
