//! Reads the values of a document against its keys, and collects all errors.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;

use super::error::{FileError, FileErrors, Location, Spanned, display};
use super::yaml::{self, Node, Value};

/// The maximum length of a list.
const MAX_ITEMS: usize = 1000;

/// A key that a file may contain: its path, and what its value has to be.
///
/// The path has a dot between levels, `[]` after a list, and `*` for a name of the user's choice,
/// such as `teams[].budgets.*`. The parent precedes its children.
pub type Key = (&'static str, &'static str);

/// A YAML document and the errors found in it.
pub struct Document<'a> {
    keys: &'a [Key],
    is_secret: &'a dyn Fn(&str) -> bool,
    root: Node,
    errors: RefCell<Vec<FileError>>,
}

impl<'a> Document<'a> {
    /// Parses a text. Messages do not repeat what `is_secret` accepts, nor bcrypt hashes.
    ///
    /// # Errors
    ///
    /// Returns one error if the text is not valid YAML or has anchors, aliases, tags or several
    /// documents.
    pub fn parse(
        text: &str,
        keys: &'a [Key],
        is_secret: &'a dyn Fn(&str) -> bool,
    ) -> Result<Self, FileErrors> {
        let empty = Node {
            location: Location { line: 1, column: 1 },
            value: Value::Mapping(Vec::new()),
        };
        Ok(Self {
            keys,
            is_secret,
            root: yaml::parse(text)?.unwrap_or(empty),
            errors: RefCell::default(),
        })
    }

    /// Returns the top-level keys.
    pub fn root(&self) -> Section<'_> {
        let root = Field {
            document: self,
            path: String::new(),
            declared: String::new(),
            node: &self.root,
        };
        root.section()
    }

    /// Returns `value`, which was read from the document, if there were no errors.
    ///
    /// # Errors
    ///
    /// Returns all errors that were found.
    pub fn finish<T>(self, value: T) -> Result<T, FileErrors> {
        let errors = self.errors.into_inner();
        if errors.is_empty() {
            Ok(value)
        } else {
            Err(FileErrors::new(errors))
        }
    }
}

/// A value of a document and the path of its key.
#[derive(Clone)]
pub struct Field<'d> {
    document: &'d Document<'d>,
    /// The path in messages, with the indexes of list items, counted from 0.
    path: String,
    /// The path as it is declared.
    declared: String,
    node: &'d Node,
}

/// A mapping whose keys are declared. Keys without a value are absent.
pub struct Section<'d> {
    field: Field<'d>,
    fields: BTreeMap<&'d str, Field<'d>>,
}

impl<'d> Field<'d> {
    /// Returns the location of the value.
    pub fn location(&self) -> Location {
        self.node.location
    }

    /// Returns the path of the key, such as `teams[0].price`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the path and the value for a message, unless the value is a secret.
    pub fn describe(&self) -> String {
        let text = self.text().unwrap_or_default();
        format!("{}: {}", self.path, display(text, self.document.is_secret))
    }

    /// Returns whether the key has no value.
    pub fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    fn is_blank(&self) -> bool {
        matches!(&self.node.value, Value::Scalar(text) if text.trim().is_empty())
    }

    /// Returns the declared keys of a mapping. Records unknown and duplicate keys.
    pub fn section(&self) -> Section<'d> {
        let prefix = join(&self.declared, "");
        let keys = self.document.keys.iter();
        let known: Vec<&str> = keys
            .filter_map(|(path, _)| path.strip_prefix(prefix.as_str()))
            .filter(|name| !name.contains(['.', '[']))
            .collect();
        let mut fields = BTreeMap::new();
        for (key, node) in self.mapping() {
            let field = self.child(&key.value, &key.value, node);
            if !known.contains(&key.value.as_str()) {
                let why = format!("unknown key, expected {}", known.join(", "));
                field.record(key.location, &why);
            } else if !field.is_null() {
                fields.insert(key.value.as_str(), field);
            }
        }
        let field = self.clone();
        Section { field, fields }
    }

    /// Returns the entries of a mapping whose keys are names of the user's choice.
    pub fn entries(&self) -> Vec<(&'d str, Self)> {
        let entries = self.mapping().into_iter();
        entries
            .map(|(key, node)| (key.value.as_str(), self.child(&key.value, "*", node)))
            .collect()
    }

    /// Returns the items of a list.
    pub fn items(&self) -> Option<Vec<Self>> {
        let Value::Sequence(nodes) = &self.node.value else {
            self.record_kind("a list");
            return None;
        };
        if nodes.len() > MAX_ITEMS {
            self.reject(format_args!(
                "{} items, expected at most {MAX_ITEMS}",
                nodes.len()
            ));
            return None;
        }
        let item = |(index, node)| Self {
            document: self.document,
            path: format!("{}[{index}]", self.path),
            declared: format!("{}[]", self.declared),
            node,
        };
        Some(nodes.iter().enumerate().map(item).collect())
    }

    /// Returns the exact text of a single value.
    pub fn text(&self) -> Option<&'d str> {
        if let Value::Scalar(text) = &self.node.value {
            return Some(text);
        }
        self.record_kind("a single value");
        None
    }

    /// Parses a single value. A recorded error contains the value, unless it is a secret, the reason
    /// that `parse` returns, if any, and what is expected.
    pub fn parse<T, E: Into<Option<String>>>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let parsed = parse(self.text()?);
        let reject = |reason: E| {
            let reason = reason.into().map(|reason| format!(": {reason}"));
            let reason = reason.unwrap_or_default();
            let expected = self.expected("another value");
            let message = format!(
                "{} is invalid{reason}, expected {expected}",
                self.describe()
            );
            self.record_message(self.location(), message);
        };
        parsed.map_err(reject).ok()
    }

    /// Records an error that does not show the value.
    pub fn reject(&self, why: impl Display) {
        self.record(self.location(), &why);
    }

    fn record(&self, location: Location, why: &dyn Display) {
        let message = match self.path.as_str() {
            "" => why.to_string(),
            path => format!("{path}: {why}"),
        };
        self.record_message(location, message);
    }

    fn record_message(&self, location: Location, message: String) {
        let error = FileError::at(location, message);
        self.document.errors.borrow_mut().push(error);
    }

    /// Returns what the value has to be, or `default` if its key is not declared.
    fn expected(&self, default: &'static str) -> &'static str {
        let mut keys = self.document.keys.iter();
        let key = keys.find(|(path, _)| *path == self.declared);
        key.map_or(default, |(_, expected)| *expected)
    }

    /// Records that the value is of another kind.
    fn record_kind(&self, expected: &'static str) {
        let found = match self.node.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "keys and values",
        };
        let expected = self.expected(expected);
        self.reject(format_args!("found {found}, expected {expected}"));
    }

    /// Returns the entries of a mapping, each key once. Records duplicate keys.
    fn mapping(&self) -> Vec<&'d (Spanned<String>, Node)> {
        let Value::Mapping(entries) = &self.node.value else {
            self.record_kind("keys and values");
            return Vec::new();
        };
        let mut seen: BTreeMap<&str, Location> = BTreeMap::new();
        let mut unique = Vec::new();
        for entry in entries {
            let (key, node) = entry;
            if let Some(first) = seen.get(key.value.as_str()) {
                let field = self.child(&key.value, "*", node);
                field.record(
                    key.location,
                    &format_args!("duplicate key, first at {first}"),
                );
                continue;
            }
            seen.insert(&key.value, key.location);
            unique.push(entry);
        }
        unique
    }

    fn child(&self, name: &str, declared: &str, node: &'d Node) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let shown = display(name, self.document.is_secret);
        let is_bare =
            name.chars().all(is_plain) && shown == format!("{name:?}") && !name.is_empty();
        Self {
            document: self.document,
            path: join(&self.path, if is_bare { name } else { &shown }),
            declared: join(&self.declared, declared),
            node,
        }
    }
}

impl<'d> Section<'d> {
    /// Returns whether no key has a value.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns the value of a declared key, if it has one.
    pub fn get(&self, key: &str) -> Option<&Field<'d>> {
        self.fields.get(key)
    }

    /// Returns the declared keys of a mapping.
    pub fn section(&self, key: &str) -> Option<Self> {
        self.get(key).map(Field::section)
    }

    /// Parses the value of a declared key, as [`Field::parse`].
    pub fn parse<T, E: Into<Option<String>>>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.get(key)?.parse(parse)
    }

    /// Returns the value of a declared key, unless it is blank.
    pub fn non_blank(&self, key: &str) -> Option<&Field<'d>> {
        self.get(key).filter(|field| !field.is_blank())
    }

    /// Returns the value of a key. Records an error if it has none.
    pub fn require(&self, key: &str) -> Option<&Field<'d>> {
        let value = self.get(key);
        // A value of another kind has no keys, and is an error already.
        if value.is_none() && matches!(self.field.node.value, Value::Mapping(_)) {
            self.reject(format_args!("{key} is missing"));
        }
        value
    }

    /// Records an error of several keys at the location of the section.
    pub fn reject(&self, why: impl Display) {
        self.field.reject(why);
    }
}

fn join(parent: &str, name: &str) -> String {
    match parent {
        "" => name.to_owned(),
        parent => format!("{parent}.{name}"),
    }
}
