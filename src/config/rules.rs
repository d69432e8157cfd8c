//! How figures become costs and rows: the flags and variables, and what the configuration file
//! says where they say nothing.

use std::path::{Path, PathBuf};

use regex::Regex;

use super::file::File;
use super::reader::{Given, Reader};
use super::{file, read, setting};
use billing::money::Money;
use billing::name_filter::{NameFilter, anchored_regex};
use billing::rules::{AppRules, Group, Prices, REVIEW_APP_PATTERN, REVIEW_APP_ROW, Rules};

/// No price of Heroku's comes near it.
const HIGHEST_PRICE: &str = "1000000";

/// No company's budget comes near it.
const HIGHEST_BUDGET: &str = "1000000000";

/// What a budget has to be.
pub(super) const BUDGET: &str =
    "an amount in US dollars such as 500 or 499.99, from 0 to 1000000000 with at most six decimals";

impl Reader<'_> {
    /// The rules, and the file that some of them are from.
    pub(super) fn rules(&mut self) -> (Option<PathBuf>, Option<Rules>) {
        let (path, file) = self.config_file().unzip();
        (path, self.rules_beside(file.unwrap_or_default()))
    }

    fn config_file(&mut self) -> Option<(PathBuf, File)> {
        let Given { place, values } = self.given(&setting::CONFIG_FILE)??;
        let path = values.concat();
        let hide = |value: &str| self.looks_like_secret(value);
        match file::read(Path::new(&path), &hide) {
            Ok(file) => Some((path.into(), file)),
            Err(problems) => {
                let path = self.shown(&path);
                let problems = problems
                    .iter()
                    .map(|why| format!("{place} is {path}: {why}"));
                self.problems.extend(problems);
                None
            }
        }
    }

    fn rules_beside(&mut self, file: File) -> Option<Rules> {
        let prices = Prices {
            dyno_unit: self.read_or(&setting::PRICE_DYNO_UNIT_USD, file.prices.dyno_unit, price),
            addon_credit: self.read_or(
                &setting::PRICE_ADDON_CREDIT_USD,
                file.prices.addon_credit,
                price,
            ),
            space_credit: self.read_or(
                &setting::PRICE_SPACE_CREDIT_USD,
                file.prices.space_credit,
                price,
            ),
        };
        let history = self.read_or(
            &setting::INVOICES_HISTORY,
            file.invoice_history,
            invoice_history,
        );
        let include = self.read_each(&setting::APPS_INCLUDE, file.include, pattern);
        let exclude = self.read_each(&setting::APPS_EXCLUDE, file.exclude, pattern);
        let mut groups = self.read_each(&setting::APPS_GROUP, file.groups, group_of_flag);
        let review_apps = self.read_or(
            &setting::APPS_GROUP_REVIEW_APPS,
            file.group_review_apps,
            read::boolean,
        );
        if review_apps? {
            // The last, so that a company's own groups come first.
            groups.extend(group(REVIEW_APP_PATTERN, REVIEW_APP_ROW));
        }
        Some(Rules {
            prices,
            team_prices: file.team_prices,
            apps: AppRules {
                filter: NameFilter::new(include, exclude),
                groups,
                max: self.read_or(&setting::APPS_MAX, file.max_apps, max_apps),
            },
            budgets: file.budgets,
            invoice_history: history?,
        })
    }
}

pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    let right = setting::APPS_INCLUDE.right;
    if text.is_empty() {
        return Err(format!("it matches no name; give {right}"));
    }
    anchored_regex(text).map_err(|why| format!("not a pattern ({why}); give {right}"))
}

/// Reads `PATTERN=NAME`. The name has no `=`, and the pattern may.
fn group_of_flag(text: &str) -> Result<Group, String> {
    let (pattern, name) = text
        .rsplit_once('=')
        .ok_or_else(|| format!("there is no = in it; give {}", setting::APPS_GROUP.right))?;
    group(pattern, name)
}

fn group(pattern_text: &str, name: &str) -> Result<Group, String> {
    let pattern = pattern(pattern_text)?;
    group_name(&pattern, name)?;
    Ok(Group {
        pattern,
        name: name.to_owned(),
    })
}

/// Judges the name of a group's row: what the program writes itself begins with an underscore, and
/// what refers to the pattern has to find something there.
pub(super) fn group_name(pattern: &Regex, name: &str) -> Result<(), String> {
    let right = "give the name of a row, such as workers or $1-worker";
    if name.trim().is_empty() {
        return Err(format!("the name is empty; {right}"));
    }
    if name.starts_with('_') {
        return Err(format!(
            "the name begins with _, as rows do that the program names, such as _team_total; {right}"
        ));
    }
    let mut rest = name;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let (reference, after) = match after.strip_prefix('{') {
            Some(braced) => braced
                .split_once('}')
                .ok_or_else(|| format!("a ${{ in the name has no }}; {right}"))?,
            None => {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = after.find(|c| !word(c)).unwrap_or(after.len());
                after.split_at(end)
            }
        };
        let exists = match reference.parse::<usize>() {
            Ok(number) => number < pattern.captures_len(),
            Err(_) => pattern.capture_names().flatten().any(|n| n == reference),
        };
        if !exists {
            return Err(format!(
                "the name refers to parentheses that the pattern does not have; {right} (${{1}} where a letter, \
                 a digit or _ follows, $$ for a dollar sign)"
            ));
        }
        rest = after;
    }
    Ok(())
}

pub(super) fn price(values: &[&str]) -> Result<Money, String> {
    usd(values, HIGHEST_PRICE, setting::PRICE_DYNO_UNIT_USD.right)
}

pub(super) fn budget(values: &[&str]) -> Result<Money, String> {
    usd(values, HIGHEST_BUDGET, BUDGET)
}

fn usd(values: &[&str], highest: &str, right: &str) -> Result<Money, String> {
    let amount = Money::parse(values.concat().trim())
        .ok_or_else(|| format!("not an amount; give {right}"))?;
    if Money::parse(highest).is_some_and(|highest| amount > highest) {
        return Err(format!("out of range; give {right}"));
    }
    Ok(amount)
}

pub(super) fn invoice_history(values: &[&str]) -> Result<usize, String> {
    count(values, 0, 120, setting::INVOICES_HISTORY.right)
}

pub(super) fn max_apps(values: &[&str]) -> Result<usize, String> {
    count(values, 1, 100_000, setting::APPS_MAX.right)
}

fn count(values: &[&str], least: usize, most: usize, right: &str) -> Result<usize, String> {
    let text = values.concat();
    let text = text.trim();
    // `parse` alone would take "+1".
    let number: Option<usize> = text
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("not such a number; give {right}"))
}
