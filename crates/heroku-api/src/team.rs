//! What is true of a team beside its bill, and rarely changes.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Who a team is (Heroku's schema: `team`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id, a UUID (`id`).
    pub id: String,
    /// Its name (`name`).
    pub name: String,
    /// What kind of team it is: `team` or `enterprise` (`type`).
    pub kind: Option<String>,
    /// The enterprise account that it belongs to (`enterprise_account`).
    pub enterprise_account: Option<Account>,
}

/// An enterprise account (Heroku's schema: `enterprise-account`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id, a UUID (`id`).
    pub id: Option<String>,
    /// Its name (`name`).
    pub name: Option<String>,
}

impl Account {
    /// Whether `id_or_name` is the account's id or its name.
    pub fn is_called(&self, id_or_name: &str) -> bool {
        [&self.id, &self.name]
            .into_iter()
            .flatten()
            .any(|own| own == id_or_name)
    }
}

/// What Heroku has scheduled for a team that does not pay (Heroku's schema: `team-delinquency`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delinquency {
    /// When the team will be suspended (`scheduled_suspension_time`).
    pub suspension: Option<Timestamp>,
    /// When the team will be deleted (`scheduled_deletion_time`).
    pub deletion: Option<Timestamp>,
}

/// A team's licences by their names (Heroku's schema: `team-license`).
pub type Licenses = BTreeMap<String, License>;

/// How much of a licence there is. Rows that share a name are one licence, the sum of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct License {
    /// How much was bought (`qty`).
    pub quantity: Option<i64>,
    /// How much of it is used (`consumed`).
    pub consumed: Option<i64>,
}

impl License {
    /// Two rows of one licence together. A sum that no number can hold is the largest that can be.
    pub fn plus(self, other: Self) -> Self {
        fn sum(a: Option<i64>, b: Option<i64>) -> Option<i64> {
            let both = a.zip(b).map(|(a, b)| a.saturating_add(b));
            both.or(a).or(b)
        }
        Self {
            quantity: sum(self.quantity, other.quantity),
            consumed: sum(self.consumed, other.consumed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_licence_are_added_up_and_unknown_is_not_zero() {
        let row = |quantity, consumed| License { quantity, consumed };
        assert_eq!(
            row(Some(5), None).plus(row(Some(2), None)),
            row(Some(7), None)
        );
        assert_eq!(
            row(None, Some(i64::MAX)).plus(row(Some(1), Some(1))),
            row(Some(1), Some(i64::MAX))
        );
    }
}
