//! The teams and accounts to report on.

pub use billing::name_filter::NameFilter;

/// The teams and accounts to report on, in any combination.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The teams.
    pub teams: TeamScope,
    /// The ids or names of enterprise accounts, which are reported with all their teams.
    pub enterprise_accounts: Vec<String>,
    /// Whether to report on the invoices of the token's own account.
    pub personal_account: bool,
}

/// The teams to report on.
#[derive(Clone, Debug)]
pub enum TeamScope {
    /// The ids or names of teams, without duplicates. Empty if only accounts are set.
    Named(Vec<String>),
    /// All teams that the token can access and whose names the filter allows.
    All(NameFilter),
}

impl Scope {
    /// Creates a scope of teams, given by their ids or names, without accounts.
    pub fn named(teams: Vec<String>) -> Self {
        Self {
            teams: TeamScope::Named(teams),
            enterprise_accounts: Vec::new(),
            personal_account: false,
        }
    }

    /// Returns whether there can be more than one team, so that legacy invoice metrics need a team
    /// label. This depends only on the settings, because labels that changed with Heroku's responses
    /// would break queries.
    pub fn several_teams(&self) -> bool {
        let named = match &self.teams {
            TeamScope::Named(teams) => teams.len(),
            TeamScope::All(_) => return true,
        };
        !self.enterprise_accounts.is_empty() || named + usize::from(self.personal_account) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detects_scopes_with_several_teams() {
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
        let all = Scope {
            teams: TeamScope::All(NameFilter::default()),
            ..scope(&[], &[], false)
        };
        assert!(all.several_teams());
    }
}
