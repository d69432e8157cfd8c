//! The configuration file: settings that are inconvenient as flags, in YAML. It contains no secrets.
//!
//! [`parse`] returns a [`File`], or all errors with their locations. `config::rules` merges the file
//! with flags and environment variables, which take precedence.

pub mod keys;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::resolver::Resolver;
use super::setting::{PATTERN, Setting};
use super::token::looks_like_token;
use super::value;
use billing::money::Money;
use billing::rules::{Budgets, Group, Prices};
use exporter_toolkit::config_file::{self, Document, Field, FileErrors, Key, Location, Section};

/// A parsed configuration file. Keys that are not set are `None` or empty.
#[derive(Debug, Default)]
pub struct File {
    /// The prices of all teams.
    pub prices: Prices,
    /// The number of months before the current one whose invoices are reported.
    pub invoice_history: Option<usize>,
    /// The patterns of apps to include.
    pub include: Option<Vec<Regex>>,
    /// The patterns of apps to exclude.
    pub exclude: Option<Vec<Regex>>,
    /// The groups of apps that share a row.
    pub groups: Option<Vec<Group>>,
    /// Whether the review apps of a pipeline share a row.
    pub group_review_apps: Option<bool>,
    /// The maximum number of app rows per team.
    pub max_apps: Option<usize>,
    /// The prices by team.
    pub team_prices: BTreeMap<String, Prices>,
    /// The monthly budgets of teams and apps.
    pub budgets: Budgets,
}

impl Resolver<'_> {
    /// Reads the file at the path that `setting` contains. Records all errors of the file.
    pub(super) fn read_file<T>(
        &mut self,
        setting: &'static Setting,
        read: impl FnOnce(&Path, &dyn Fn(&str) -> bool) -> Result<T, FileErrors>,
    ) -> Option<(PathBuf, T)> {
        let raw = self.raw(setting)?;
        let path = raw.texts.concat();
        match read(Path::new(&path), &|text| self.looks_like_secret(text)) {
            Ok(file) => Some((path.into(), file)),
            Err(errors) => {
                let quoted = self.quoted(&path);
                // Paths that need no escaping are not quoted.
                let is_plain = !path.is_empty() && quoted == format!("\"{path}\"");
                let path = if is_plain { path } else { quoted };
                let errors = errors.in_file(&path);
                let errors = errors.map(|error| format!("{}: {error}", raw.origin));
                self.errors.extend(errors);
                None
            }
        }
    }
}

/// Reads the file at `path`. Errors omit texts for which `is_secret` returns true.
pub(super) fn read(path: &Path, is_secret: &dyn Fn(&str) -> bool) -> Result<File, FileErrors> {
    parse_with(&config_file::read(path)?, is_secret)
}

/// Parses the text of a configuration file.
///
/// # Errors
///
/// Returns all errors with their locations, or the first one if the text is not valid YAML.
pub fn parse(text: &str) -> Result<File, FileErrors> {
    parse_with(text, &looks_like_token)
}

fn parse_with(text: &str, is_secret: &dyn Fn(&str) -> bool) -> Result<File, FileErrors> {
    let mut schema: Vec<Key> = keys::ALL
        .iter()
        .map(|key| (key.path, key.expected))
        .collect();
    schema.extend([
        ("apps.include[]", PATTERN),
        ("apps.exclude[]", PATTERN),
        ("teams[].app_budget_usd.*", value::BUDGET),
    ]);
    let document = Document::parse(text, &schema, is_secret)?;
    let file = file(&document.root());
    document.finish(file)
}

fn file(root: &Section<'_>) -> File {
    let mut file = File::default();
    if let Some(price) = root.section("price") {
        file.prices = prices(&price);
    }
    if let Some(invoices) = root.section("invoices") {
        file.invoice_history = invoices.parse("history", value::invoice_history);
    }
    if let Some(apps) = root.section("apps") {
        file.include = apps.get("include").map(patterns);
        file.exclude = apps.get("exclude").map(patterns);
        file.groups = apps.get("group").map(groups);
        file.group_review_apps = apps.parse("group_review_apps", value::boolean);
        file.max_apps = apps.parse("max", value::max_apps);
    }
    if let Some(list) = root.get("teams") {
        teams(list, &mut file);
    }
    file
}

fn prices(section: &Section<'_>) -> Prices {
    Prices {
        dyno_unit: section.parse("dyno_unit_usd", value::price),
        addon_credit: section.parse("addon_credit_usd", value::price),
        space_credit: section.parse("space_credit_usd", value::price),
    }
}

fn patterns(list: &Field<'_>) -> Vec<Regex> {
    let items = list.items().into_iter().flatten();
    items
        .filter_map(|item| item.parse(value::pattern))
        .collect()
}

fn groups(list: &Field<'_>) -> Vec<Group> {
    let group = |item: Field<'_>| {
        let group = item.section();
        let (pattern, name) = (group.require("pattern"), group.require("name"));
        let pattern = pattern.and_then(|pattern| pattern.parse(value::pattern));
        let name = name?.text()?;
        let pattern = pattern?;
        group.parse("name", |name| value::group_name(&pattern, name))?;
        Some(Group {
            name: name.to_owned(),
            pattern,
        })
    };
    list.items()
        .into_iter()
        .flatten()
        .filter_map(group)
        .collect()
}

fn teams(list: &Field<'_>, file: &mut File) {
    let mut seen: BTreeMap<String, Location> = BTreeMap::new();
    for item in list.items().into_iter().flatten() {
        let section = item.section();
        let name = section
            .require("team")
            .and_then(|name| name.parse(value::team));
        let prices = section.section("price").map(|price| prices(&price));
        let budget = section.parse("budget_usd", value::budget);
        let app_budgets = section.get("app_budget_usd").map(app_budgets);
        let (Some(name), Some(field)) = (name, section.get("team")) else {
            continue;
        };
        if let Some(first) = seen.insert(name.clone(), field.location()) {
            field.reject(format_args!("duplicate team, first at {first}"));
            continue;
        }
        if let Some(prices) = prices {
            file.team_prices.insert(name.clone(), prices);
        }
        for (app, amount) in app_budgets.into_iter().flatten() {
            file.budgets.apps.insert((name.clone(), app), amount);
        }
        if let Some(budget) = budget {
            file.budgets.teams.insert(name, budget);
        }
    }
}

fn app_budgets(field: &Field<'_>) -> Vec<(String, Money)> {
    let budgets = field
        .entries()
        .into_iter()
        .filter(|(_, field)| !field.is_null());
    budgets
        .filter_map(|(app, field)| Some((app.to_owned(), field.parse(value::budget)?)))
        .collect()
}
