//! Teams and enterprise accounts, and facts other than costs.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The identity of a team (Heroku's schema: `team`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The id, a UUID (`id`).
    pub id: String,
    /// The name (`name`).
    pub name: String,
    /// The type: `team` or `enterprise` (`type`).
    pub kind: Option<String>,
    /// The enterprise account that it belongs to (`enterprise_account`).
    pub enterprise_account: Option<Account>,
}

/// An enterprise account (Heroku's schema: `enterprise-account`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The id, a UUID (`id`).
    pub id: Option<String>,
    /// The name (`name`).
    pub name: Option<String>,
}

impl Account {
    /// Returns whether this is the account's id or name.
    pub fn matches(&self, id_or_name: &str) -> bool {
        [&self.id, &self.name]
            .into_iter()
            .flatten()
            .any(|own| own == id_or_name)
    }
}

/// The scheduled suspension and deletion of a delinquent team (Heroku's schema: `team-delinquency`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delinquency {
    /// When the team will be suspended (`scheduled_suspension_time`).
    pub suspension: Option<Timestamp>,
    /// When the team will be deleted (`scheduled_deletion_time`).
    pub deletion: Option<Timestamp>,
}

/// A team's licences by name (Heroku's schema: `team-license`).
pub type Licenses = BTreeMap<String, License>;

/// The quantity of a licence. Rows with the same name are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct License {
    /// The quantity bought (`qty`).
    pub quantity: Option<i64>,
    /// The quantity in use (`consumed`).
    pub consumed: Option<i64>,
}

impl License {
    /// Returns the saturating sum of two rows of one licence. Unknown is not zero.
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
    fn sums_licences_and_keeps_unknown() {
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
