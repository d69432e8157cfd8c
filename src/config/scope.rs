//! Whose costs to ask for.

use std::collections::BTreeSet;

use super::reader::Reader;
use super::setting::{self, Setting};
use super::{read, rules};
use crate::config::targets::{NameFilter, Scope, TeamScope};

/// What stands for every team that the token sees.
const EVERY_TEAM: &str = "*";

impl Reader<'_> {
    pub(super) fn scope(&mut self) -> Option<Scope> {
        let problems = self.problems.len();
        let teams = self.read_optional(&setting::HEROKU_TEAM_ID, teams);
        let accounts = self.read_optional(&setting::HEROKU_ENTERPRISE_ACCOUNT, accounts);
        let personal_account = self.read(&setting::HEROKU_PERSONAL_ACCOUNT, read::boolean);
        if let Some(Teams::Named(names)) = &teams {
            self.refuse_tokens(&setting::HEROKU_TEAM_ID, "a team", names);
        }
        if let Some(names) = &accounts {
            self.refuse_tokens(&setting::HEROKU_ENTERPRISE_ACCOUNT, "an account", names);
        }
        let nothing = teams.is_none() && accounts.is_none() && personal_account == Some(false);
        if nothing && self.problems.len() == problems {
            let (team, enterprise, personal) = (
                &setting::HEROKU_TEAM_ID,
                &setting::HEROKU_ENTERPRISE_ACCOUNT,
                &setting::HEROKU_PERSONAL_ACCOUNT,
            );
            self.problems.push(format!(
                "{} is not set: set it, or --{}, to {}; or set {} to {}; or set {} to true",
                team.variable(),
                team.flag,
                team.right,
                enterprise.variable(),
                enterprise.right,
                personal.variable(),
            ));
        }
        let include = self.team_patterns(&setting::HEROKU_TEAM_INCLUDE, teams.as_ref());
        let exclude = self.team_patterns(&setting::HEROKU_TEAM_EXCLUDE, teams.as_ref());
        Some(Scope {
            teams: match teams {
                Some(Teams::Seen) => TeamScope::Seen(NameFilter::new(include, exclude)),
                Some(Teams::Named(names)) => TeamScope::Named(names),
                None => TeamScope::Named(Vec::new()),
            },
            enterprise_accounts: accounts.unwrap_or_default(),
            personal_account: personal_account?,
        })
    }

    /// Patterns pick from every team that the token sees; beside names they would pick nothing.
    fn team_patterns(
        &mut self,
        setting: &'static Setting,
        teams: Option<&Teams>,
    ) -> Vec<regex::Regex> {
        let patterns = self.read_each(setting, None, rules::pattern);
        if !patterns.is_empty() && !matches!(teams, Some(Teams::Seen)) {
            let team = &setting::HEROKU_TEAM_ID;
            self.problems.push(format!(
                "{} picks from every team that the token sees: set {} to {EVERY_TEAM}, or leave it out",
                setting.variable(),
                team.variable(),
            ));
        }
        patterns
    }

    /// A team or an account is asked for by its name: a token must not get into a URL.
    fn refuse_tokens(&mut self, setting: &'static Setting, what: &str, names: &[String]) {
        if names.iter().any(|name| self.looks_like_secret(name)) {
            self.problems.push(format!(
                "{} names {what} that looks like a token: give {}",
                setting.variable(),
                setting.right
            ));
        }
    }
}

/// The teams as they were typed.
enum Teams {
    Named(Vec<String>),
    Seen,
}

fn teams(values: &[&str]) -> Result<Teams, String> {
    let right = setting::HEROKU_TEAM_ID.right;
    let stars = split(values).filter(|name| *name == EVERY_TEAM).count();
    if stars == 0 {
        return names(values, "a team", right).map(Teams::Named);
    }
    if split(values).count() > stars {
        return Err(format!(
            "{EVERY_TEAM} is every team that the token sees, and takes no names beside it; give {right}"
        ));
    }
    Ok(Teams::Seen)
}

fn accounts(values: &[&str]) -> Result<Vec<String>, String> {
    let right = setting::HEROKU_ENTERPRISE_ACCOUNT.right;
    names(values, "an enterprise account", right)
}

/// Names that are parted by commas, each kept once.
fn names(values: &[&str], what: &str, right: &str) -> Result<Vec<String>, String> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for name in split(values) {
        if !is_name(name) {
            return Err(format!(
                "the id or name of {what} has only letters, digits, dashes, dots and underscores; give {right}"
            ));
        }
        if seen.insert(name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() {
        return Err(format!("it does not name {what}; give {right}"));
    }
    Ok(names)
}

fn split<'a>(values: &'a [&str]) -> impl Iterator<Item = &'a str> {
    values
        .iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

/// Whether a text can be the id or the name of a team: it becomes a part of a URL.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    text.bytes().all(plain) && !text.bytes().all(|b| b == b'.')
}
