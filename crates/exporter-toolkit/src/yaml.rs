//! YAML as it is written: texts, lists and keys with their places, and nothing made of a text. An
//! amount of money must not become a float on its way here. <https://yaml.org/spec/1.2.2/>
//!
//! Both configuration files are read by it. What one of them means is not known here.

use std::fmt;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

/// Deeper than any key of a file. What is deeper yet could not be let go of without recursion.
const DEEPEST: usize = 16;

/// As much of a message as bears showing: it may repeat what stands in the file.
const MESSAGE_CHARACTERS: usize = 200;

/// A place in a file, counted from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Unusable {
    pub place: Location,
    pub what: String,
}

impl Unusable {
    fn at(place: Location, what: impl Into<String>) -> Self {
        Self {
            place,
            what: what.into(),
        }
    }
}

/// A value and where it stands.
#[derive(Debug)]
pub struct Node {
    pub place: Location,
    pub value: Value,
}

/// What stands there.
#[derive(Debug)]
pub enum Value {
    /// Nothing, or `null`.
    Null,
    Text(String),
    List(Vec<Node>),
    /// In their order; a key may be there twice.
    Keys(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Debug)]
pub struct Key {
    pub place: Location,
    pub text: String,
}

impl Value {
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Text(_) => "a single value",
            Self::List(_) => "a list",
            Self::Keys(_) => "keys and values",
        }
    }
}

/// A list or keys that have not ended yet.
enum Open {
    List(Location, Vec<Node>),
    Keys(Location, Vec<(Key, Node)>, Option<Key>),
}

/// Reads the one document of a text; `None` where there is nothing in it.
///
/// # Errors
///
/// Where the text is no YAML, or a kind of YAML that a configuration does not need.
pub fn read(text: &str) -> Result<Option<Node>, Unusable> {
    let mut open: Vec<Open> = Vec::new();
    let mut document = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| unusable(&error))?;
        let place = at(span.start);
        let node = match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_properties(place, anchor, tag.is_some())?;
                if let Some(Open::Keys(_, _, key @ None)) = open.last_mut() {
                    *key = Some(Key {
                        place,
                        text: text.into_owned(),
                    });
                    continue;
                }
                let value = if style == ScalarStyle::Plain && is_null(&text) {
                    Value::Null
                } else {
                    Value::Text(text.into_owned())
                };
                Node { place, value }
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_properties(place, anchor, tag.is_some())?;
                begin(&mut open, place, Open::List(place, Vec::new()))?;
                continue;
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_properties(place, anchor, tag.is_some())?;
                begin(&mut open, place, Open::Keys(place, Vec::new(), None))?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(place, nodes)) => Node {
                    place,
                    value: Value::List(nodes),
                },
                Some(Open::Keys(place, entries, _)) => Node {
                    place,
                    value: Value::Keys(entries),
                },
                None => continue,
            },
            Event::Alias(_) | Event::UnresolvedAlias(_) => return Err(repeated(place)),
            Event::DocumentStart(..) if document.is_some() => {
                let what = "a second document; a configuration is one";
                return Err(Unusable::at(place, what));
            }
            _ => continue,
        };
        match open.last_mut() {
            None => document = Some(node),
            Some(Open::List(_, nodes)) => nodes.push(node),
            Some(Open::Keys(_, entries, key)) => {
                if let Some(key) = key.take() {
                    entries.push((key, node));
                }
            }
        }
    }
    Ok(document.filter(|node| !matches!(node.value, Value::Null)))
}

fn begin(open: &mut Vec<Open>, place: Location, what: Open) -> Result<(), Unusable> {
    if let Some(Open::Keys(_, _, None)) = open.last() {
        return Err(Unusable::at(place, "a key that is no text"));
    }
    if open.len() == DEEPEST {
        let what = "deeper than any key of a configuration";
        return Err(Unusable::at(place, what));
    }
    open.push(what);
    Ok(())
}

fn refuse_properties(place: Location, anchor: usize, is_tagged: bool) -> Result<(), Unusable> {
    if is_tagged {
        return Err(Unusable::at(place, "a tag (!); write the value alone"));
    }
    if anchor != 0 {
        return Err(repeated(place));
    }
    Ok(())
}

fn repeated(place: Location) -> Unusable {
    let what = "an anchor or an alias (& or *); write the value out, or quote it if it is a text";
    Unusable::at(place, what)
}

/// How YAML's core schema writes nothing. <https://yaml.org/spec/1.2.2/#103-core-schema>
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn at(marker: Marker) -> Location {
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Location {
        line: number(marker.line()),
        column: number(marker.col()).saturating_add(1),
    }
}

fn unusable(error: &ScanError) -> Unusable {
    let said = error.info();
    let plain = said.chars().map(|c| if is_plain(c) { c } else { ' ' });
    let said: String = plain.take(MESSAGE_CHARACTERS).collect();
    Unusable::at(at(*error.marker()), format!("not YAML: {said}"))
}

/// Whether a character shows as one in a line, and changes nothing around it.
fn is_plain(c: char) -> bool {
    // What would be escaped by its number.
    !c.is_control() && c.escape_debug().len() <= 2
}
