//! The teams and accounts to report on.

pub use billing::name_filter::NameFilter;

/// The teams and accounts to report on, in any mix.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The teams.
    pub teams: TeamScope,
    /// Enterprise accounts with all their teams, each by its id or its name.
    pub enterprise_accounts: Vec<String>,
    /// Whether to report on the account that the token belongs to, with its own invoices.
    pub personal_account: bool,
}

/// The teams to report on.
#[derive(Clone, Debug)]
pub enum TeamScope {
    /// Named teams, each by its id or its name, without duplicates. Empty if only accounts are set.
    Named(Vec<String>),
    /// Every team that the token sees and whose name passes the filter.
    Seen(NameFilter),
}

impl Scope {
    /// Returns the scope of these teams alone, each by its id or its name.
    pub fn named(teams: Vec<String>) -> Self {
        Self {
            teams: TeamScope::Named(teams),
            enterprise_accounts: Vec::new(),
            personal_account: false,
        }
    }

    /// Returns whether there can be more than one team, so that invoices need a team label. It depends
    /// on the settings alone: labels that changed with Heroku's answers would break queries.
    pub fn several_teams(&self) -> bool {
        let named = match &self.teams {
            TeamScope::Named(teams) => teams.len(),
            TeamScope::Seen(_) => return true,
        };
        !self.enterprise_accounts.is_empty() || named + usize::from(self.personal_account) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_named_team_or_the_personal_account_is_alone() {
        let scope = |teams: &[&str], account: &[&str], personal_account| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            Scope {
                teams: TeamScope::Named(owned(teams)),
                enterprise_accounts: owned(account),
                personal_account,
            }
        };
        assert!(!scope(&["ops"], &[], false).several_teams());
        assert!(!scope(&[], &[], true).several_teams());
        assert!(scope(&["ops"], &[], true).several_teams());
        assert!(scope(&["ops", "web"], &[], false).several_teams());
        assert!(scope(&[], &["acme"], false).several_teams());
        let seen = Scope {
            teams: TeamScope::Seen(NameFilter::default()),
            ..scope(&[], &[], false)
        };
        assert!(seen.several_teams());
    }
}
