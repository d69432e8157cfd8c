//! Whose costs are asked for.

pub use super::pattern::NameFilter;

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
