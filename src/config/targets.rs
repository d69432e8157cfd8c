//! Whose costs are asked for.

pub use billing::name_filter::NameFilter;

/// Whose costs are asked for: any mix of teams, enterprise accounts and the token's own account.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The teams.
    pub teams: TeamScope,
    /// Enterprise accounts, each by its id or its name; every team in them is asked for.
    pub enterprise_accounts: Vec<String>,
    /// Whether the account that the token belongs to is asked for, with its own invoices.
    pub personal_account: bool,
}

/// Which teams are asked for.
#[derive(Clone, Debug)]
pub enum TeamScope {
    /// These, each by its id or its name, none twice; none at all where there is another scope.
    Named(Vec<String>),
    /// Every team that the token sees and whose name the filter takes.
    Seen(NameFilter),
}

impl Scope {
    /// These teams alone, each by its id or its name.
    pub fn named(teams: Vec<String>) -> Self {
        Self {
            teams: TeamScope::Named(teams),
            enterprise_accounts: Vec::new(),
            personal_account: false,
        }
    }

    /// Whether there can be more than one team, so that invoices have to tell whose they are. The
    /// settings alone decide it: labels that came and went with what Heroku answers would break
    /// every query.
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
