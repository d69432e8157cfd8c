//! The configuration file: what flags are clumsy for, in YAML. Text becomes a [`File`] ([`parse`]),
//! or every problem that there is, each with its line and column. It holds no secret.
//!
//! It must not know what flags and variables say: they win, and `config::rules` sees to it.

pub mod keys;

use std::collections::BTreeMap;
use std::path::Path;

use regex::Regex;

use super::errors::ConfigErrors;
use super::setting::PATTERN;
use super::token::looks_like_token;
use super::value;
use billing::money::Money;
use billing::rules::{Budgets, Group, Prices};
use exporter_toolkit::bounded;
use exporter_toolkit::yaml::{self, Location, Node, Value};

/// A file of this size is not a configuration.
const LARGEST_FILE: u64 = 1 << 20;

/// As much of a value as bears showing.
const VALUE_CHARACTERS: usize = 80;

/// As many problems as bear reading; a file with more is mostly another kind of file.
const MOST_PROBLEMS: usize = 50;

/// As long as a list may be: each app is held against each pattern, time and again.
const LONGEST_LIST: usize = 1000;

/// A configuration file, understood; `None` and empty is what it does not set.
#[derive(Debug, Default)]
pub struct File {
    /// What Heroku's units cost every team.
    pub prices: Prices,
    /// How many closed invoices are shown.
    pub invoice_history: Option<usize>,
    /// Which apps are included, as patterns.
    pub include: Option<Vec<Regex>>,
    /// Which apps are excluded, as patterns.
    pub exclude: Option<Vec<Regex>>,
    /// Which apps are added up.
    pub groups: Option<Vec<Group>>,
    /// Whether review apps are added up.
    pub group_review_apps: Option<bool>,
    /// How many rows a team may have.
    pub max_apps: Option<usize>,
    /// What Heroku's units cost single teams.
    pub team_prices: BTreeMap<String, Prices>,
    /// What teams and apps may cost.
    pub budgets: Budgets,
}

/// Reads the file at `path`. A value that `hide` tells of is not repeated in a problem.
///
/// # Errors
///
/// Where the file cannot be read, or as for [`parse`].
pub(super) fn read(path: &Path, hide: &dyn Fn(&str) -> bool) -> Result<File, Vec<String>> {
    let text = bounded::read(path, LARGEST_FILE)
        .map_err(|error| vec![format!("it cannot be read: {error}")])?;
    parse_hiding(&text, hide)
}

/// Reads the text of a configuration file.
///
/// # Errors
///
/// Every problem, with its line and column and the key; where the text is no YAML, the first.
pub fn parse(text: &str) -> Result<File, ConfigErrors> {
    parse_hiding(text, &looks_like_token).map_err(ConfigErrors)
}

fn parse_hiding(text: &str, hide: &dyn Fn(&str) -> bool) -> Result<File, Vec<String>> {
    let Some(root) = yaml::read(text).map_err(|problem| vec![problem.to_string()])? else {
        return Ok(File::default());
    };
    let mut walk = Walk {
        hide,
        problems: Vec::new(),
    };
    let file = walk.file(&root);
    if walk.problems.is_empty() {
        return Ok(file);
    }
    let mut problems = walk.problems;
    problems.sort_by_key(|(place, _)| (place.line, place.column));
    if let Some(more) = problems.len().checked_sub(MOST_PROBLEMS)
        && more > 0
    {
        problems.truncate(MOST_PROBLEMS + 1);
        if let Some((_, what)) = problems.last_mut() {
            *what = format!("the first of {more} more that cannot be used");
        }
    }
    let told = problems.into_iter();
    Err(told
        .map(|(place, what)| format!("{place}: {what}"))
        .collect())
}

/// A value, and the path of its key as messages show it, with the numbers of lists counted from 0.
struct Field<'n> {
    path: String,
    node: &'n Node,
}

impl Field<'_> {
    /// What it has to be, as its key is declared; items of lists have none.
    fn right(&self, of_item: &'static str) -> &'static str {
        let declared = declared(&self.path);
        let key = keys::ALL.iter().find(|key| key.path == declared);
        key.map_or(of_item, |key| key.right)
    }
}

/// The path as it is declared: without the numbers of lists.
fn declared(path: &str) -> String {
    let mut in_brackets = false;
    let keep = |c: &char| {
        in_brackets = *c == '[' || (in_brackets && *c != ']');
        !in_brackets || *c == '['
    };
    path.chars().filter(keep).collect()
}

/// Goes through the file and gathers what is wrong with it.
struct Walk<'a> {
    hide: &'a dyn Fn(&str) -> bool,
    problems: Vec<(Location, String)>,
}

impl Walk<'_> {
    fn file(&mut self, root: &Node) -> File {
        let mut file = File::default();
        let root = Field {
            path: String::new(),
            node: root,
        };
        let top = self.keys(&root);
        if let Some(price) = top.get("price") {
            file.prices = self.prices(price);
        }
        if let Some(invoices) = top.get("invoices") {
            let invoices = self.keys(invoices);
            file.invoice_history = self.value(invoices.get("history"), value::invoice_history);
        }
        if let Some(apps) = top.get("apps") {
            let apps = self.keys(apps);
            file.include = self.patterns(apps.get("include"));
            file.exclude = self.patterns(apps.get("exclude"));
            file.groups = apps.get("group").map(|groups| self.groups(groups));
            file.group_review_apps = self.value(apps.get("group_review_apps"), value::boolean);
            file.max_apps = self.value(apps.get("max"), value::max_apps);
        }
        if let Some(teams) = top.get("teams") {
            self.teams(teams, &mut file);
        }
        file
    }

    fn prices(&mut self, section: &Field<'_>) -> Prices {
        let keys = self.keys(section);
        Prices {
            dyno_unit: self.value(keys.get("dyno_unit_usd"), value::price),
            addon_credit: self.value(keys.get("addon_credit_usd"), value::price),
            space_credit: self.value(keys.get("space_credit_usd"), value::price),
        }
    }

    fn patterns(&mut self, list: Option<&Field<'_>>) -> Option<Vec<Regex>> {
        let mut patterns = Vec::new();
        for item in self.list(list?) {
            patterns.extend(self.value(Some(&item), value::pattern));
        }
        Some(patterns)
    }

    fn groups(&mut self, list: &Field<'_>) -> Vec<Group> {
        let mut groups = Vec::new();
        for item in self.list(list) {
            let keys = self.keys(&item);
            for key in ["pattern", "name"] {
                self.demand(&item, &keys, key);
            }
            let pattern = self.value(keys.get("pattern"), value::pattern);
            let name = self.value(keys.get("name"), |text| Ok(text.to_owned()));
            let (Some(pattern), Some(name)) = (pattern, name) else {
                continue;
            };
            let judge = |_: &str| value::group_name(&pattern, &name);
            if self.value(keys.get("name"), judge).is_some() {
                groups.push(Group { pattern, name });
            }
        }
        groups
    }

    fn teams(&mut self, list: &Field<'_>, file: &mut File) {
        let mut seen: BTreeMap<String, Location> = BTreeMap::new();
        for item in self.list(list) {
            let keys = self.keys(&item);
            self.demand(&item, &keys, "team");
            let prices = keys.get("price").map(|price| self.prices(price));
            let budget = self.value(keys.get("budget_usd"), value::budget);
            let app_budgets = keys.get("app_budget_usd").map(|by_app| self.by_app(by_app));
            let name = self.value(keys.get("team"), value::team);
            let (Some(name), Some(field)) = (name, keys.get("team")) else {
                continue;
            };
            if let Some(first) = seen.insert(name.clone(), field.node.place) {
                let why = format!("it is there already, at {first}");
                self.refuse(field, &name, &why);
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

    fn by_app(&mut self, field: &Field<'_>) -> Vec<(String, Money)> {
        let mut amounts = Vec::new();
        for (app, node) in self.entries(field) {
            let path = format!("{}.{}", field.path, self.shown(app));
            let right = value::BUDGET;
            match &node.value {
                Value::Null => {}
                Value::Text(text) => match value::budget(text) {
                    Ok(amount) => amounts.push((app.to_owned(), amount)),
                    Err(why) => {
                        let why = format!("{why}; give {right}");
                        self.refuse(&Field { path, node }, text, &why);
                    }
                },
                other => self.problem(
                    node.place,
                    format!("{path} is {}: give {right}", other.kind()),
                ),
            }
        }
        amounts
    }

    /// The keys of a section that are set: each has to be declared.
    fn keys<'n>(&mut self, section: &Field<'n>) -> BTreeMap<&'n str, Field<'n>> {
        let parent = declared(&section.path);
        let known: Vec<&str> = keys::ALL
            .iter()
            .filter(|key| key.parent() == parent)
            .map(keys::Key::name)
            .collect();
        let mut fields = BTreeMap::new();
        for (key, node) in self.entries(section) {
            if known.contains(&key) {
                let path = if section.path.is_empty() {
                    key.to_owned()
                } else {
                    format!("{}.{key}", section.path)
                };
                if !matches!(node.value, Value::Null) {
                    fields.insert(key, Field { path, node });
                }
            }
        }
        if let Value::Keys(entries) = &section.node.value {
            for (key, _) in entries {
                if !known.contains(&key.text.as_str()) {
                    let shown = self.shown(&key.text);
                    let (section, known) = (name(section), known.join(", "));
                    self.problem(
                        key.place,
                        format!("{section} has no key {shown}; give {known}"),
                    );
                }
            }
        }
        fields
    }

    /// Keys with their values, each key once.
    fn entries<'n>(&mut self, section: &Field<'n>) -> Vec<(&'n str, &'n Node)> {
        let Value::Keys(all) = &section.node.value else {
            let (name, kind) = (name(section), section.node.value.kind());
            let what = format!(
                "{name} is {kind}: give {}",
                section.right("keys and values")
            );
            self.problem(section.node.place, what);
            return Vec::new();
        };
        let mut first: BTreeMap<&str, Location> = BTreeMap::new();
        let mut entries = Vec::new();
        for (key, node) in all {
            if let Some(place) = first.get(key.text.as_str()) {
                let (shown, section) = (self.shown(&key.text), name(section));
                let what = format!("{section} has the key {shown} already, at {place}");
                self.problem(key.place, what);
                continue;
            }
            first.insert(&key.text, key.place);
            entries.push((key.text.as_str(), node));
        }
        entries
    }

    fn list<'n>(&mut self, field: &Field<'n>) -> Vec<Field<'n>> {
        let Value::List(nodes) = &field.node.value else {
            let (path, kind) = (&field.path, field.node.value.kind());
            let what = format!("{path} is {kind}: give {}", field.right("a list"));
            self.problem(field.node.place, what);
            return Vec::new();
        };
        if nodes.len() > LONGEST_LIST {
            let (path, count) = (&field.path, nodes.len());
            let what = format!("{path} is a list of {count}: give at most {LONGEST_LIST}");
            self.problem(field.node.place, what);
            return Vec::new();
        }
        let item = |(index, node)| Field {
            path: format!("{}[{index}]", field.path),
            node,
        };
        nodes.iter().enumerate().map(item).collect()
    }

    /// Demands that a key is there and set.
    fn demand(&mut self, section: &Field<'_>, keys: &BTreeMap<&str, Field<'_>>, key: &str) {
        if matches!(section.node.value, Value::Keys(_)) && !keys.contains_key(key) {
            let what = format!("{} has no {key}", section.path);
            self.problem(section.node.place, what);
        }
    }

    /// A single value; `None` where it is not set or cannot be used.
    fn value<T>(
        &mut self,
        field: Option<&Field<'_>>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let field = field?;
        let Value::Text(text) = &field.node.value else {
            let (path, kind) = (&field.path, field.node.value.kind());
            let what = format!("{path} is {kind}: give {}", field.right(PATTERN));
            self.problem(field.node.place, what);
            return None;
        };
        match read(text) {
            Ok(value) => Some(value),
            Err(why) => {
                let why = format!("{why}; give {}", field.right(PATTERN));
                self.refuse(field, text, &why);
                None
            }
        }
    }

    fn refuse(&mut self, field: &Field<'_>, text: &str, why: &str) {
        let what = format!("{} is {}: {why}", field.path, self.shown(text));
        self.problem(field.node.place, what);
    }

    fn problem(&mut self, place: Location, what: String) {
        self.problems.push((place, what));
    }

    /// A text of the file as a message may show it.
    fn shown(&self, text: &str) -> String {
        if (self.hide)(text) {
            return "a value that looks like a secret".to_owned();
        }
        let start: String = text.chars().take(VALUE_CHARACTERS).collect();
        let rest = if start.len() < text.len() { "…" } else { "" };
        format!("{start:?}{rest}")
    }
}

/// How messages call a section.
fn name<'f>(section: &'f Field<'_>) -> &'f str {
    if section.path.is_empty() {
        "the file"
    } else {
        &section.path
    }
}
