//! The YAML as it is written: texts, lists and keys with their places, and nothing made of a text.
//! An amount of money must not become a float on its way here.

use serde_saphyr::granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use crate::web_config::Place;

/// Deeper than any key of the file. What is deeper yet could not be let go of without recursion.
const DEEPEST: usize = 16;

/// As much of a message as bears showing: it may repeat what stands in the file.
const MESSAGE_CHARACTERS: usize = 200;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What stands there.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing, or `null`.
    Null,
    Text(String),
    List(Vec<Node>),
    /// In their order; a key may be there twice.
    Keys(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) place: Place,
    pub(super) text: String,
}

impl Value {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
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
    List(Place, Vec<Node>),
    Keys(Place, Vec<(Key, Node)>, Option<Key>),
}

/// Reads the one document of a text; `None` where there is nothing in it.
///
/// # Errors
///
/// Where the text is no YAML, or a kind of YAML that a configuration does not need.
pub(super) fn read(text: &str) -> Result<Option<Node>, String> {
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
                return Err(format!(
                    "{place}: a second document; a configuration is one"
                ));
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

fn begin(open: &mut Vec<Open>, place: Place, what: Open) -> Result<(), String> {
    if let Some(Open::Keys(_, _, None)) = open.last() {
        return Err(format!("{place}: a key that is no text"));
    }
    if open.len() == DEEPEST {
        return Err(format!("{place}: deeper than any key of a configuration"));
    }
    open.push(what);
    Ok(())
}

fn refuse_properties(place: Place, anchor: usize, is_tagged: bool) -> Result<(), String> {
    if is_tagged {
        return Err(format!("{place}: a tag (!); write the value alone"));
    }
    if anchor != 0 {
        return Err(repeated(place));
    }
    Ok(())
}

fn repeated(place: Place) -> String {
    format!(
        "{place}: an anchor or an alias (& or *); write the value out, or quote it if it is a text"
    )
}

/// How YAML's core schema writes nothing. <https://yaml.org/spec/1.2.2/#103-core-schema>
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn at(marker: Marker) -> Place {
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Place {
        line: number(marker.line()),
        column: number(marker.col()).saturating_add(1),
    }
}

fn unusable(error: &ScanError) -> String {
    let said = error.info();
    let plain = said.chars().map(|c| if c.is_control() { ' ' } else { c });
    let said: String = plain.take(MESSAGE_CHARACTERS).collect();
    format!("{}: not YAML: {said}", at(*error.marker()))
}
